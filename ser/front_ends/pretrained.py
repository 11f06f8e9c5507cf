"""Front end `pretrained`: what each layer of a pretrained audio encoder makes of a recording, averaged over time."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ser.errors import InputError
from ser.params import FeatureParams, PretrainedParams
from ser.published import WHISPER_PREFIXES, read_tensors, weight_files

FIXED_LENGTH = False
"""A signal is not padded to the duration: silence would drown the mean over time."""

_SHORTEST = 0.1
"""Seconds; shorter signals are padded, because the encoders' convolutions need some."""

_MISFITS = (OSError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RuntimeError, ImportError)
"""What Python raises where `transformers` builds what a folder's settings say, and these make no sense."""


def shapes(params: FeatureParams, settings: PretrainedParams) -> dict[str, tuple[int, ...]]:  # noqa: ARG001 (others ask)
    """Of what `analyse` gives: one row for the encoder's input, one for each of its layers."""
    return {"encoder": settings.shape}


def analyse(signal: np.ndarray, params: FeatureParams, settings: PretrainedParams) -> dict[str, np.ndarray]:
    """The array ``encoder``: the mean over time of every layer's output: what a network weighs and classifies.

    Args:
        signal: mono waveform in [-1, 1], shape (n_samples,), at ``params.sampling_rate`` hertz.
        params: says the sampling rate.
        settings: ``encoder`` is the name of an audio encoder on the Hugging Face hub, or a local folder in its format:
            wav2vec 2.0, HuBERT, WavLM, Whisper (whose decoder is not used) or another that `transformers` knows.

    Returns:
        float32, shape ``settings.shape``: 1 + number of layers, width.

    Raises:
        InputError: the encoder cannot be had, or has another shape or sampling rate.

    Source:
        Layers weighted and averaged over time as in Yang et al., "SUPERB", Interspeech 2021.
    """
    import torch  # noqa: PLC0415 (a second, and other front ends do without)

    extractor, encoder = _kept(settings.encoder, params.sampling_rate)
    padded = np.pad(signal, (0, max(0, round(_SHORTEST * params.sampling_rate) - len(signal))))
    inputs = extractor(padded, sampling_rate=params.sampling_rate, return_tensors="pt", padding=False)
    if encoder.config.model_type == "whisper":
        inputs = _unpadded(encoder, inputs)
    with torch.inference_mode():
        states = encoder(**inputs, output_hidden_states=True).hidden_states
    means: np.ndarray = torch.stack(states)[:, 0].mean(dim=1).numpy()  # of (layers, frames, width)
    if means.shape != settings.shape:
        raise InputError(
            f"encoder {settings.encoder}: expected features.front_ends.pretrained.shape: {[*means.shape]},"
            f" got {[*settings.shape]}"
        )
    return {"encoder": means}


def _unpadded(encoder: Any, inputs: Any) -> Any:
    """Let a Whisper hear the clip alone, where it would insist on 30 s: ten times as long for a clip of three."""
    n_steps = inputs["input_features"].shape[2] // 2  # 20 ms each
    encoder.config.max_source_positions = encoder.embed_positions.num_embeddings = n_steps
    return {"input_features": inputs["input_features"][:, :, : 2 * n_steps]}


def load_encoder(name: str, sampling_rate: int) -> tuple[Any, Any]:
    """Load what prepares an encoder's input, and the encoder in float32 and evaluation mode, without its decoder.

    No code that comes with them is run, and of weights nothing but safetensors is opened.

    Args:
        name: on the Hugging Face hub, or a local folder in its format.
        sampling_rate: hertz, of what it will be given.

    Raises:
        InputError: it cannot be had, or hears another sampling rate.
    """
    import torch  # noqa: PLC0415 (as above)
    from huggingface_hub.errors import HFValidationError, StrictDataclassError  # noqa: PLC0415
    from safetensors import SafetensorError  # noqa: PLC0415
    from transformers import AutoConfig, AutoFeatureExtractor, AutoModel  # noqa: PLC0415
    from transformers.models.whisper.modeling_whisper import WhisperEncoder  # noqa: PLC0415
    from transformers.utils import logging  # noqa: PLC0415

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        config = AutoConfig.from_pretrained(name, trust_remote_code=False)
        _check_weights(Path(name), config)
        extractor = AutoFeatureExtractor.from_pretrained(name, trust_remote_code=False)
        # Encoders are published in float16, too, which not every operation on a processor has.
        if config.model_type == "whisper":
            model = WhisperEncoder(config)
            weights = read_tensors(name, model.state_dict(), WHISPER_PREFIXES)
            model.load_state_dict({key: tensor.float() for key, tensor in weights.items()})
        else:
            model = AutoModel.from_pretrained(
                name, config=config, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
            )
    except (*_MISFITS, InputError, HFValidationError, StrictDataclassError, SafetensorError) as error:
        raise InputError(
            f"features.front_ends.pretrained.encoder: {name}: no encoder that can be loaded: {error}"
        ) from None
    if extractor.sampling_rate != sampling_rate:
        raise InputError(
            f"encoder {name} hears {extractor.sampling_rate} Hz:"
            f" expected features.sampling_rate: {extractor.sampling_rate}, got {sampling_rate}"
        )
    return extractor, model.eval()


def _check_weights(folder: Path, config: Any) -> None:
    """See that a folder's weights are where nothing but safetensors is looked for.

    Its other files can name weights, too: an index of parts, an adapter's settings and ``transformers_weights`` of
    ``config.json``; what they name is opened even if it is a pickle.

    Raises:
        ValueError: they are elsewhere.
        InputError: there are none, or they are in a pickle.
    """
    if getattr(config, "transformers_weights", None) is not None:
        raise ValueError("its config.json names another file of weights than model.safetensors")
    if folder.is_dir():
        weight_files(folder)
        if (folder / "adapter_config.json").exists():
            raise ValueError("expected its weights in model.safetensors, without adapters")


_kept = lru_cache(maxsize=1)(load_encoder)
