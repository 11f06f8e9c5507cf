"""Changes of spectrograms and contours, drawn anew every time one is trained on."""

import math
from collections.abc import Mapping

import torch

from ser.front_ends.whisper_log_mel import BEHIND_THE_END, END, LOWEST
from ser.params import NO_PERTURBATION, PerturbParams

_DB_PER_NEPER = 10 / math.log(10)  # of power


def perturb(arrays: Mapping[str, torch.Tensor], params: PerturbParams) -> dict[str, torch.Tensor]:
    """Change spectrograms and contours, and leave other arrays as they are.

    Random numbers come from torch's global generator.

    Args:
        arrays: by name, (batch, ...) each.
        params: the range of each change; `NO_PERTURBATION` changes nothing.
    """
    if params == NO_PERTURBATION:
        return dict(arrays)
    return {name: _CHANGES[name](array, params) if name in _CHANGES else array for name, array in arrays.items()}


def perturb_spectrograms(features: torch.Tensor, params: PerturbParams) -> torch.Tensor:
    """Stretch, shift, tilt, add noise to and mask every spectrogram by itself.

    Random numbers come from torch's global generator.

    Args:
        features: log-mel spectrograms, decibels below their loudest cell, shape (batch, n_bands, n_frames).
        params: the range of each change.

    Returns:
        Shape (batch, n_bands, n_frames), decibels below the new loudest cell; nothing is lower than the lowest cell of
        the batch was.
    """
    floor = features.amin()
    return _mask(_changed(features, floor, _times(features, params), params), floor, params)


def perturb_whisper_log_mel(mel: torch.Tensor, params: PerturbParams) -> torch.Tensor:
    """Change the spectrograms that Whisper reads as `perturb_spectrograms` does; their ends move with them.

    Random numbers come from torch's global generator.

    Args:
        mel: of front end `whisper_log_mel`, shape (batch, n_mels, n_frames).
        params: the range of each change, in decibels where the spectrogram has steps of 40.

    Returns:
        Shape (batch, n_mels, n_frames); the loudest cell of each is as loud as it was, and no other 80 dB below it.
    """
    n_heard = (mel[:, :1] > END).sum(dim=2, keepdim=True)  # (batch, 1, 1)
    peak = _peak(mel)
    decibels = (40 * (mel - peak)).clamp(min=-80)
    times = _times(mel, params)
    floor = torch.tensor(-80.0, device=mel.device)
    changed = _mask(_changed(decibels, floor, times, params), floor, params)
    return torch.where(times < n_heard, (changed / 40 + peak).clamp(min=LOWEST), BEHIND_THE_END)


def _changed(features: torch.Tensor, floor: torch.Tensor, times: torch.Tensor, params: PerturbParams) -> torch.Tensor:
    """Spectrograms moved, tilted and with noise; decibels below the new loudest cell, nothing below `floor`."""
    moved = _move(features, floor, times, params)
    tilted = moved + _uniform(features, -params.tilt_db, params.tilt_db) * _slope(features)
    noisy = tilted if params.noise_db is None else _add_noise(tilted, *params.noise_db)
    return (noisy - _peak(noisy)).clamp(min=floor)


def perturb_contours(contours: torch.Tensor, params: PerturbParams) -> torch.Tensor:
    """Stretch and shift contours, and hide a run of frames: what is not heard there is not known.

    Random numbers come from torch's global generator.

    Args:
        contours: of front end `contours_functionals`, shape (batch, n_contours, n_frames).
        params: the range of each change in time.

    Returns:
        Shape (batch, n_contours, n_frames); each frame is one of the old ones, or 0.
    """
    n_frames = contours.shape[2]
    times = _times(contours, params).round().long()  # (batch, 1, n_frames)
    seen = (times >= 0) & (times < n_frames) & ~_run(contours, n_frames, params.mask_frames)
    return contours.gather(2, times.clamp(0, n_frames - 1).expand_as(contours)) * seen


_CHANGES = {
    "log_mel": perturb_spectrograms,
    "contours": perturb_contours,
    "whisper_log_mel": perturb_whisper_log_mel,
}
"""By array; the settings of a front end say which of the changes its arrays have."""


def _times(features: torch.Tensor, params: PerturbParams) -> torch.Tensor:
    """Where to read each frame, stretched and shifted: in frames, shape (batch, 1, n_frames)."""
    rate = 1 / _uniform(features, *params.stretch)
    start = _uniform(features, -params.shift_frames, params.shift_frames)
    return torch.arange(features.shape[2], device=features.device) * rate - start


def _uniform(features: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """One number for each spectrogram, shape (batch, 1, 1)."""
    return low + (high - low) * torch.rand(len(features), 1, 1, device=features.device)


def _peak(features: torch.Tensor) -> torch.Tensor:
    return features.amax(dim=(1, 2), keepdim=True)


def _slope(features: torch.Tensor) -> torch.Tensor:
    """From -0.5 at the lowest band to 0.5 at the highest, shape (n_bands, 1)."""
    return torch.linspace(-0.5, 0.5, features.shape[1], device=features.device)[:, None]


def _add_noise(features: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """Steady noise of `low` to `high` dB re the loudest cell; its spectrum rises or falls by up to 20 dB."""
    noise = _peak(features) + _uniform(features, low, high) + _uniform(features, -20, 20) * _slope(features)
    return torch.logaddexp(features / _DB_PER_NEPER, noise / _DB_PER_NEPER) * _DB_PER_NEPER  # powers add up


def _move(features: torch.Tensor, floor: torch.Tensor, times: torch.Tensor, params: PerturbParams) -> torch.Tensor:
    """Read each spectrogram at these times and in other bands, between its cells; outside it there is silence."""
    _, n_bands, n_frames = features.shape
    higher = _uniform(features, -params.shift_mels, params.shift_mels)
    rows = torch.arange(n_bands, device=features.device)[:, None]
    bands = (rows - higher).clamp(0, n_bands - 1)  # (batch, n_bands, 1)
    places = (2 * times / (n_frames - 1) - 1).expand_as(features), (2 * bands / (n_bands - 1) - 1).expand_as(features)
    grid = torch.stack(places, dim=-1)  # (batch, n_bands, n_frames, 2)
    above = (features - floor).unsqueeze(1)  # silence is 0, as grid_sample has it outside
    return torch.nn.functional.grid_sample(above, grid, align_corners=True).squeeze(1) + floor


def _mask(features: torch.Tensor, floor: torch.Tensor, params: PerturbParams) -> torch.Tensor:
    """Silence a run of frames and a run of bands.

    Source:
        Park et al., "SpecAugment", Interspeech 2019.
    """
    _, n_bands, n_frames = features.shape
    hidden = _run(features, n_frames, params.mask_frames) | _run(features, n_bands, params.mask_mels).transpose(1, 2)
    return torch.where(hidden, floor, features)


def _run(features: torch.Tensor, length: int, longest: int) -> torch.Tensor:
    """A run of up to `longest` places somewhere in `length`, for each spectrogram: bool, (batch, 1, length)."""
    size = _uniform(features, 0, longest)
    start = torch.rand_like(size) * (length - size)
    places = torch.arange(length, device=features.device)
    return (start <= places) & (places < start + size)
