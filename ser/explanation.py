"""Which regions of a recording's spectrogram speak for an emotion, in the eyes of a model."""

from dataclasses import dataclass

import numpy as np
import torch
from captum.attr import Occlusion
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from ser.errors import InputError
from ser.features import front_end
from ser.front_ends.log_mel import rows_of
from ser.model_file import Model
from ser.params import FeatureParams

# A window about as long as a syllable's core, and an eighth of the bands high, moved by half its size.
_WINDOW_SECONDS = 0.15
_WINDOWS_PER_HEIGHT = 8


@dataclass(frozen=True)
class Explanation:
    """What was heard, and what it did for one emotion.

    Attributes:
        emotion: the one that is explained.
        probability: the model's, of this emotion.
        features: what the network reads of the voice, shape (n_bands, n_frames); what pads it, and functionals below a
            spectrogram, are left out.
        relevance: by how much the logarithm of the probability falls (nats) when a window around this place is replaced
            by the mean of its band, averaged over the windows that cover it; same shape. Below zero: the place speaks
            against the emotion.
        front_end: how the features were made.
    """

    emotion: str
    probability: float
    features: np.ndarray
    relevance: np.ndarray
    front_end: FeatureParams


def explain(model: Model, signal: np.ndarray, emotion: str | None = None) -> Explanation:
    """Hide windows of the features, one after the other, and watch what becomes of an emotion's probability.

    Occlusion asks for no gradient, so that it treats all architectures alike, and its values have a meaning. What
    stands in for a hidden window is the recording's own mean in each band: this voice, without what it did there.
    Functionals below a spectrogram stay as they are: they belong to no place.

    Args:
        model: the trained model.
        signal: prepared by `ser.features.prepare_signal`: shape (n_samples,), at the model's sampling rate.
        emotion: one of the model's; None: the most probable.

    Raises:
        InputError: the model knows no such emotion, or reads no spectrogram.

    Source:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014; `captum.attr.Occlusion`.
    """
    description = model.description
    if description.front_end.encoder:
        raise InputError("what a pretrained encoder hears has no times and frequencies to draw")
    if emotion is not None and emotion not in description.classes:
        raise InputError(f"this model knows no '{emotion}'; it knows {', '.join(description.classes)}")
    features = front_end(signal, description.front_end)
    probabilities = model.probabilities(features[None])[0]
    target = int(probabilities.argmax()) if emotion is None else description.classes.index(emotion)
    n_mels, n_frames = model.classifier.n_mels, features.shape[1]
    spectrogram, below = torch.from_numpy(features)[None].tensor_split([n_mels], dim=1)
    frames = round(_WINDOW_SECONDS * description.front_end.sampling_rate / description.front_end.hop_length)
    window = (max(2, n_mels // _WINDOWS_PER_HEIGHT), min(max(2, frames), n_frames))
    n_heard = min(1 + len(signal) // description.front_end.hop_length, n_frames)  # behind it is padding
    means = spectrogram[:, :, :n_heard].mean(dim=2, keepdim=True).expand_as(spectrogram)

    def log_probabilities(spectrograms: torch.Tensor) -> torch.Tensor:
        whole = torch.cat([spectrograms, below.expand(len(spectrograms), -1, -1)], dim=1)
        logarithms: torch.Tensor = model.classifier(whole).log_softmax(dim=1)
        return logarithms

    with torch.inference_mode():
        relevance = Occlusion(log_probabilities).attribute(
            spectrogram,
            window,
            strides=(window[0] // 2, window[1] // 2),
            baselines=means,
            target=target,
            perturbations_per_eval=16,
        )
    return Explanation(
        emotion=description.classes[target],
        probability=float(probabilities[target]),
        features=features[:n_mels, :n_heard],
        relevance=relevance[0, :, :n_heard].numpy(),
        front_end=description.front_end,
    )


def draw_explanation(explanation: Explanation) -> Figure:
    """The features in grey, and over them, in colour, what speaks for the emotion and what against it."""
    params = explanation.front_end
    n_bands, n_frames = explanation.features.shape
    seconds = n_frames * params.hop_length / params.sampling_rate
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.subplots()
    extent = (0.0, seconds, 0.0, float(n_bands))
    axes.imshow(explanation.features, origin="lower", aspect="auto", extent=extent, cmap="Greys")
    strongest = max(float(np.abs(explanation.relevance).max()), 1e-6)
    overlay = axes.imshow(
        explanation.relevance,
        origin="lower",
        aspect="auto",
        extent=extent,
        cmap="PuOr_r",
        norm=TwoSlopeNorm(0, -strongest, strongest),
        alpha=0.75 * np.sqrt(np.abs(explanation.relevance) / strongest),  # what did nothing stays grey
        interpolation="bilinear",
    )
    figure.colorbar(overlay, label="against          nats          for")
    axes.set(xlabel="Time (s)", title=f"What speaks for {explanation.emotion} ({explanation.probability:.0%})")
    if params.front_end.startswith("log_mel"):
        ticks = [hertz for hertz in (250, 500, 1000, 2000, 4000, 8000) if params.f_min <= hertz <= params.f_max]
        axes.set_yticks(rows_of(np.array(ticks), params), [f"{hertz / 1000:g}" for hertz in ticks])
        axes.set_ylabel("Frequency (kHz)")
    else:
        axes.set_ylabel("Coefficient")
    return figure
