"""What is taken for a recording, and what an error says when something is not."""

from dataclasses import dataclass

from ser.errors import InputError

FORMATS = ("WAV", "WAVEX", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF", "RF64", "W64", "NIST")
"""Containers that libsndfile decodes for us, by its names; OGG holds Vorbis or Opus."""

REASONS = ("missing", "empty", "not audio", "unreadable", "truncated", "not finite", "silent", "too short")
"""Why a file cannot be used."""

MAX_CHANNELS = 8

SAMPLING_RATES = (4_000, 384_000)
"""Lowest and highest sampling rate that is decoded, hertz."""

MAX_PEAK = 10.0
"""Peak of a float file above which its samples are not in [-1, 1]: 20 dB leave room for hot masters."""

MAX_BYTES = 1 << 32
"""Of a stream, which is copied to a file before it is decoded."""


@dataclass(frozen=True)
class DecodeLimits:
    """How much is decoded of one recording.

    Attributes:
        seconds: its longest length.
        samples: of all channels together.
    """

    seconds: float = 2 * 3600
    samples: int = 2 * 3600 * 48_000 * 2  # 2 hours of 48 kHz stereo: 2.8 GB decoded

    def frames(self, sampling_rate: int, channels: int) -> int:
        """Most samples of one channel."""
        return int(min(self.seconds * sampling_rate, self.samples // channels))


class AudioError(InputError):
    """A recording cannot be used.

    Attributes:
        reason: one of `REASONS`.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        # Exceptions cross to joblib's parent process; the default would forget the second argument.
        return AudioError, (str(self), self.reason)
