"""Fine-tuning of a pretrained audio encoder: what comes out is an encoder again, for the front end `pretrained`."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from torch import nn

from ser.dataset.metadata import order_emotions
from ser.errors import InputError
from ser.features.examples import Examples
from ser.features.extraction import load_signals
from ser.features.subsets import class_indices
from ser.front_ends.pretrained import load_encoder
from ser.params import FeatureParams, LayerWeightedParams, TrainParams
from ser.storage import replacing_folder
from ser.training.checkpoints import remove_checkpoints
from ser.training.lightning import fit_network


class _Tuned(nn.Module):
    """An encoder that is learnt with; a weighted mean of its layers, averaged over time; a linear layer.

    Args:
        encoder: of the Hugging Face hub, one that hears waveforms.
        n_classes: number of emotions.
        settings: ``dropout``: share of values dropped before the linear layer.
    """

    def __init__(self, encoder: Any, n_classes: int, settings: LayerWeightedParams) -> None:
        super().__init__()
        # Both draw from generators that a resumed run does not set back.
        encoder.config.apply_spec_augment = False
        encoder.config.layerdrop = 0.0
        encoder.freeze_feature_encoder()  # the convolutions, as is usual: they would be the first to be spoilt
        self.encoder = encoder.train()
        self.layer_logits = nn.Parameter(torch.zeros(1 + encoder.config.num_hidden_layers))
        self.dropout = nn.Dropout(settings.dropout)
        self.linear = nn.Linear(encoder.config.hidden_size, n_classes)

    def forward(self, arrays: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Map ``waveform``, (batch, n_samples), zeros behind their ends, to logits (batch, n_classes)."""
        waveforms = arrays["waveform"]
        numbers = torch.arange(1, waveforms.shape[1] + 1, device=waveforms.device)
        lengths = (numbers * (waveforms != 0)).amax(dim=1)
        # Encoders whose convolutions normalise over time were trained without a mask, and expect none.
        masked = self.encoder.config.feat_extract_norm == "layer"
        mask = (numbers <= lengths[:, None]).long() if masked else None
        states = self.encoder(waveforms, attention_mask=mask, output_hidden_states=True).hidden_states
        layers = torch.einsum("l,lbtw->btw", self.layer_logits.softmax(dim=0), torch.stack(states))
        frames = self.encoder._get_feat_extract_output_lengths(lengths).clamp(min=1)
        heard = torch.arange(layers.shape[1], device=waveforms.device) < frames[:, None]
        mean = (layers * heard[:, :, None]).sum(dim=1) / frames[:, None]
        logits: torch.Tensor = self.linear(self.dropout(mean))
        return logits


def tune_encoder(
    utterances: pd.DataFrame,
    features: FeatureParams,
    params: TrainParams,
    encoder: str,
    folder: Path,
    report: Callable[[str], None],
) -> tuple[Path, tuple[int, int]]:
    """Train an encoder on the train subset, keep the epoch that validates best, and write it in the hub's format.

    Interrupted, it goes on from its last whole epoch when called again.

    Args:
        utterances: the table of `ser.dataset.metadata`, and subset; test is not looked at.
        features: ``sampling_rate``, ``duration`` and ``trim_db`` count.
        params: optimisation, seed, device; ``network`` is `layer_weighted`, which the encoder is trained under.
        encoder: a name on the hub, or a folder in its format.
        folder: where the encoder gets a folder of its own, named by all that it depends on.
        report: called with one line per epoch.

    Returns:
        The encoder's folder, and its shape: layers and their width.

    Raises:
        InputError: the encoder cannot be had, hears no waveforms, or hears another sampling rate; a recording is not
            usable; the folder cannot be written.
    """
    head = params.network.layer_weighted
    if head is None:
        raise ValueError(f"an encoder is tuned under network layer_weighted, got {params.network.architecture}")
    extractor, model = load_encoder(encoder, features.sampling_rate)
    if model.main_input_name != "input_values" or not hasattr(model, "freeze_feature_encoder"):
        raise InputError(
            f"{encoder}: only encoders of waveforms are fine-tuned: wav2vec 2.0, HuBERT, WavLM and the like;"
            " Whisper is tuned by train.network: whisper"
        )
    shape = 1 + model.config.num_hidden_layers, model.config.hidden_size
    target = folder / f"{Path(encoder).name}-{_digest(utterances, features, params, encoder)}"
    if (target / "config.json").exists():
        report(f"{target} is there already")
        return target, shape
    classes = order_emotions(set(utterances.loc[utterances["subset"] == "train", "emotion"]))
    train, validation = (
        _examples(utterances[utterances["subset"] == subset], classes, features, extractor)
        for subset in ("train", "validation")
    )

    def new(_: Examples) -> _Tuned:
        _, fresh = load_encoder(encoder, features.sampling_rate)
        return _Tuned(fresh, len(classes), head)

    scratch = folder / f".{target.name}"
    tuned, _ = fit_network(new, train, validation, params, scratch, report)
    try:
        with replacing_folder(target) as sibling:
            tuned.encoder.save_pretrained(sibling)
            extractor.save_pretrained(sibling)
    except SafetensorError as error:  # of the disk
        raise InputError(f"{target}: cannot be written: {error}") from None
    remove_checkpoints(scratch)
    return target, shape


def _examples(utterances: pd.DataFrame, classes: list[str], params: FeatureParams, extractor: Any) -> Examples:
    signals = np.zeros((len(utterances), params.n_samples), np.float32)
    for row, signal in enumerate(load_signals(utterances, params)):
        prepared = extractor(signal, sampling_rate=params.sampling_rate, return_tensors="np")["input_values"][0]
        signals[row, : len(prepared)] = prepared
    return Examples({"waveform": (signals,)}, np.arange(len(signals)), class_indices(utterances["emotion"], classes))


def _digest(utterances: pd.DataFrame, features: FeatureParams, params: TrainParams, encoder: str) -> str:
    digest = hashlib.blake2b(encoder.encode(), digest_size=4)
    digest.update(features.model_dump_json().encode() + params.model_dump_json().encode())
    digest.update(utterances[["utterance_id", "audio_hash", "emotion", "subset"]].to_csv(index=False).encode())
    return digest.hexdigest()
