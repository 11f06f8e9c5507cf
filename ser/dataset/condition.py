"""What condition a recording is in, in numbers."""

from dataclasses import dataclass

import numpy as np

FLOOR_DB = -144.0  # dB: what digital silence is given, below the step of 24 bits
VOICE_DB = -40.0  # dB re the loudest frame: where sound begins and ends
FRAME = 0.01  # seconds
FULL_SCALE = 1 - 2**-14  # the largest value of 16 bits and more is above
FLAT_TOP = 0.05  # of full scale; below, quantisation alone makes flat tops
STEP = 2**-15  # of 16 bits
MIN_RUN = 3  # samples at one extreme in a row


@dataclass(frozen=True)
class Condition:
    """Plain numbers about one recording, each of them finite.

    Attributes:
        container: by libsndfile's name, such as ``WAV``.
        sampling_rate: hertz.
        channels: how many.
        equal_channels: whether all channels hold the same samples; true for one channel.
        duration: seconds.
        peak_db: dBFS of the largest sample; above 0 in a float or lossy file that overshoots.
        rms_db: dBFS, over all channels, without the DC offset; a full-scale sine has -3.01.
        dc_offset: mean of the worst channel, share of full scale.
        clipped_share: share of all samples that stand in runs of `MIN_RUN` or more at full scale or on a flat top.
        leading_silence: seconds before the first frame within `VOICE_DB` of the loudest.
        trailing_silence: seconds after the last one.
        start_db: level of the first frame, dB re the loudest.
        end_db: level of the last frame, dB re the loudest.
    """

    container: str
    sampling_rate: int
    channels: int
    equal_channels: bool
    duration: float
    peak_db: float
    rms_db: float
    dc_offset: float
    clipped_share: float
    leading_silence: float
    trailing_silence: float
    start_db: float
    end_db: float

    @property
    def voice(self) -> float:
        """Seconds between the first and the last sound."""
        return max(self.duration - self.leading_silence - self.trailing_silence, 0.0)


def measure_condition(samples: np.ndarray, sampling_rate: int, container: str) -> Condition:
    """Measure a recording.

    Args:
        samples: what `ser.audio.decode` gave, shape (n_samples, n_channels), at least one sample.
        sampling_rate: in hertz.
        container: what the file is, by libsndfile's name.
    """
    channels = np.ascontiguousarray(samples.T)  # (n_channels, n_samples)
    offsets = channels.mean(axis=1)
    power = _frame_power(channels - offsets[:, None], sampling_rate)
    loudest = float(power.max())
    voiced = np.flatnonzero(power >= loudest * 10 ** (VOICE_DB / 10))
    frame = min(round(FRAME * sampling_rate), len(samples)) / sampling_rate
    return Condition(
        container=container,
        sampling_rate=sampling_rate,
        channels=len(channels),
        equal_channels=bool((channels[1:] == channels[0]).all()),
        duration=round(len(samples) / sampling_rate, 6),
        peak_db=_decibels(float(np.abs(channels).max()) ** 2),
        rms_db=_decibels(float(power.mean())),
        dc_offset=round(float(np.abs(offsets).max()), 6),
        clipped_share=round(sum(_n_clipped(channel) for channel in channels) / channels.size, 6),
        leading_silence=round(float(voiced[0]) * frame, 4),
        trailing_silence=round(float(len(power) - 1 - voiced[-1]) * frame, 4),
        start_db=_decibels(float(power[0]) / loudest) if loudest else 0.0,
        end_db=_decibels(float(power[-1]) / loudest) if loudest else 0.0,
    )


def _frame_power(channels: np.ndarray, sampling_rate: int) -> np.ndarray:
    """Mean square of each frame over time and channels, shape (n_frames,); a last one that is not full is left out."""
    length = min(round(FRAME * sampling_rate), channels.shape[1])
    n_frames = channels.shape[1] // length
    frames = channels[:, : n_frames * length].reshape(len(channels), n_frames, length)
    power: np.ndarray = np.einsum("ijk,ijk->j", frames, frames, dtype=np.float64) / (len(channels) * length)
    return power


def _decibels(power: float) -> float:
    return round(10 * float(np.log10(max(power, 10 ** (FLOOR_DB / 10)))), 2)


def _n_clipped(signal: np.ndarray) -> int:
    """Samples of one channel, shape (n_samples,), in runs at full scale or on a flat top.

    A top is flat when more samples stand within one 16-bit step of it than in the hundredth below it: a voice comes
    near its extreme now and then, a cut voice stays there. So a recording that was cut and then turned down is seen.
    """
    at_extreme = [np.flatnonzero(np.abs(signal) >= FULL_SCALE)]
    for side in (signal, -signal):
        top = float(side.max())
        if not FLAT_TOP <= top < FULL_SCALE:
            continue
        on_top = np.flatnonzero(side >= top - STEP)
        if len(on_top) > np.count_nonzero(side >= 0.99 * top) - len(on_top):
            at_extreme.append(on_top)
    places = np.unique(np.concatenate(at_extreme))
    runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    return sum(len(run) for run in runs if len(run) >= MIN_RUN)
