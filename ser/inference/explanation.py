"""Which regions of a recording's spectrogram speak for an emotion, in the eyes of a model."""

from dataclasses import dataclass

import numpy as np
import torch
from captum.attr import FeatureAblation

from ser.acoustics.mel import rows_of
from ser.errors import InputError
from ser.features.front_end import batch_of, front_end
from ser.front_ends.log_mel import spectrogram
from ser.inference.spectrogram import spectrogram_settings
from ser.model_files.safetensors_file import Model
from ser.params import LogMelParams

# A region is about as long as a syllable's core, and an eighth of the mel bands high.
_REGION_SECONDS = 0.15
_N_BANDS = 8
_WINDOW_SECONDS = 0.032


@dataclass(frozen=True)
class Explanation:
    """What was heard, and what it did for one emotion.

    Attributes:
        emotion: the one that is explained.
        probability: the model's, of this emotion.
        spectrogram: of what is heard, as front end `log_mel` has it, shape (n_mels, n_frames).
        relevance: by how much the logarithm of the probability falls (nats) when a region of the sound is levelled: no
            louder, at any frequency, than the recording is there on average; shape (n_bands, n_regions): an equal share
            of the mel bands, and of the time, each. Below zero: the region speaks against the emotion.
        settings: of the spectrogram.
        sampling_rate: of what is heard, hertz.
    """

    emotion: str
    probability: float
    spectrogram: np.ndarray
    relevance: np.ndarray
    settings: LogMelParams
    sampling_rate: int


def explain(model: Model, signal: np.ndarray, emotion: str | None = None) -> Explanation:
    """Level regions of the sound, one after the other, and watch what becomes of an emotion's probability.

    The sound itself is changed, and the model hears it anew: whatever its front end computes of it is explained.
    A region is levelled by cutting off what stands out of the recording's mean at each frequency: this voice, without
    what it did there. Nothing gets louder, silence stays silence.

    Args:
        model: the trained model.
        signal: prepared by `ser.features.front_end.prepare_signal`: shape (n_samples,), at the model's sampling rate.
        emotion: one of the model's; None: the most probable.

    Raises:
        InputError: the model knows no such emotion, or hears through a pretrained encoder.

    Source:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, here on the short-time
        Fourier transform; `captum.attr.FeatureAblation`.
    """
    description = model.description
    if description.front_end.encoder:
        raise InputError("a pretrained encoder would have to hear every region hidden: too many for it")
    if emotion is not None and emotion not in description.classes:
        raise InputError(f"this model knows no '{emotion}'; it knows {', '.join(description.classes)}")
    params = description.front_end
    heard = torch.from_numpy(signal[: params.n_samples]).float()
    n_fft = 2 * round(_WINDOW_SECONDS * params.sampling_rate / 2)
    hop_length, window = n_fft // 4, torch.hann_window(n_fft)
    spectrum = torch.stft(heard, n_fft, hop_length, window=window, pad_mode="constant", return_complex=True)[None]
    magnitude, direction = spectrum.abs(), torch.sgn(spectrum)  # (1, n_bins, n_frames)

    def log_probabilities(magnitudes: torch.Tensor) -> torch.Tensor:
        sounds = torch.istft(magnitudes * direction, n_fft, hop_length, window=window, length=len(heard)).numpy()
        features = batch_of([front_end(sound, params) for sound in sounds])
        arrays = {name: torch.from_numpy(array) for name, array in features.items()}
        logarithms: torch.Tensor = model.classifier(arrays).log_softmax(dim=1)
        return logarithms

    probabilities = model.probabilities(batch_of([front_end(heard.numpy(), params)]))[0]
    target = int(probabilities.argmax()) if emotion is None else description.classes.index(emotion)
    settings = spectrogram_settings(params)
    regions = _regions(
        magnitude.shape[1], magnitude.shape[2], len(heard) / params.sampling_rate, params.sampling_rate, settings
    )
    with torch.inference_mode():
        relevance = FeatureAblation(log_probabilities).attribute(
            magnitude,
            baselines=magnitude.clamp(max=magnitude.mean(dim=2, keepdim=True)),
            target=target,
            feature_mask=regions[None],
            perturbations_per_eval=8,
        )[0]
    n_regions = int(regions.max()) // _N_BANDS + 1
    by_region = torch.zeros(n_regions * _N_BANDS)
    by_region[regions.flatten()] = relevance.flatten()  # alike all over a region
    return Explanation(
        emotion=description.classes[target],
        probability=float(probabilities[target]),
        spectrogram=spectrogram(heard.numpy(), params.sampling_rate, settings),
        relevance=by_region.view(n_regions, _N_BANDS).T.numpy(),
        settings=settings,
        sampling_rate=params.sampling_rate,
    )


def _regions(n_bins: int, n_frames: int, seconds: float, sampling_rate: int, settings: LogMelParams) -> torch.Tensor:
    """Number the regions of a spectrum, from the lowest band upwards, then on in time: shape (n_bins, n_frames)."""
    rows = rows_of(np.linspace(0, sampling_rate / 2, n_bins), settings)
    bands = np.clip(rows * _N_BANDS // settings.n_mels, 0, _N_BANDS - 1).astype(int)
    n_regions = max(1, round(seconds / _REGION_SECONDS))
    times = np.arange(n_frames) * n_regions // n_frames
    return torch.from_numpy(bands[:, None] + _N_BANDS * times)
