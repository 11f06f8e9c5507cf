"""What an audit can find: a fixed vocabulary, and how grave each finding is."""

from dataclasses import dataclass

SEVERITIES = ERROR, WARNING, NOTE = "error", "warning", "note"

FINDINGS: dict[str, str] = {
    # files that cannot be used
    "missing": ERROR,
    "empty": ERROR,
    "not audio": ERROR,
    "unreadable": ERROR,
    "truncated": ERROR,
    "not finite": ERROR,
    "silent": ERROR,
    "too short": ERROR,
    "impossible name": ERROR,
    "name clash": ERROR,  # the same name, other content
    "conflicting labels": ERROR,  # the same content, other labels
    # copies
    "duplicate": WARNING,  # the same decoded audio, be it in one channel or in two equal ones
    "altered copy": WARNING,  # resampled, re-encoded, another level
    "near-identical": WARNING,
    # labels that the parameters leave out
    "left out by relabel": WARNING,
    "emotion not shared": WARNING,
    # how a file was recorded or stored
    "odd file": WARNING,  # all of it is there, though its headers say otherwise, or its channels cancel each other
    "wrong container": WARNING,
    "odd sampling rate": WARNING,
    "mixed sampling rates": WARNING,
    "stereo": WARNING,
    "clipped": WARNING,
    "dc offset": WARNING,
    "quiet": WARNING,
    "mostly silence": WARNING,
    "cut off": WARNING,
    "very short": WARNING,
    "very long": WARNING,
    # what the labels are short of
    "few clips": WARNING,
    "few speakers": WARNING,
    "one gender only": WARNING,
    "gender skew": WARNING,
    "missing emotion": WARNING,
    "unknown gender": WARNING,
    "unknown speaker": WARNING,
    "two genders": WARNING,
    # files that nobody means
    "no recording": NOTE,
    "not listed": NOTE,  # in the table that labels a corpus
}
"""Every kind of finding and its severity: an ``error`` cannot be used, a ``warning`` wants to be looked at, a ``note``
says what was passed over."""


@dataclass(frozen=True)
class Finding:
    """One thing found.

    Attributes:
        kind: one of `FINDINGS`.
        detail: one line: what was expected and what was found.
    """

    kind: str
    detail: str

    def __post_init__(self) -> None:
        if self.kind not in FINDINGS:
            raise ValueError(f"'{self.kind}' is not a kind of finding")

    @property
    def severity(self) -> str:
        """One of `SEVERITIES`."""
        return FINDINGS[self.kind]


@dataclass(frozen=True)
class Limits:
    """Where a measured value becomes a finding.

    Of the 1,440 clips of RAVDESS speech these flag 12 as quiet, 3 as cut off and none as clipped.

    Attributes:
        min_seconds: a shorter clip is very short: hardly a word.
        max_seconds: a longer clip is very long: more than an utterance.
        min_voice: seconds between the first and the last sound; with less, a clip is mostly silence.
        min_rms_db: dBFS; a clip below is quiet: 33 of 32,768 steps in 16 bits.
        max_dc_offset: share of full scale.
        max_clipped_share: of the samples; a single peak of a few samples stays below.
        max_edge_db: dB re the loudest 10 ms; a clip that begins or ends louder is cut off.
        min_clips: an emotion with fewer has few clips.
        min_speakers: an emotion with fewer has few speakers: too few for one of each gender in every subset.
        max_gender_skew: how far an emotion's share of female clips may be from its corpus's.
    """

    min_seconds: float = 0.5
    max_seconds: float = 20.0
    min_voice: float = 0.3
    min_rms_db: float = -60.0
    max_dc_offset: float = 0.01
    max_clipped_share: float = 1e-4
    max_edge_db: float = -15.0
    min_clips: int = 50
    min_speakers: int = 6
    max_gender_skew: float = 0.2
