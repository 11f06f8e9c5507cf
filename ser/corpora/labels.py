"""What a corpus says about an utterance."""

from dataclasses import dataclass

from ser.errors import InputError


class UnlistedError(InputError):
    """The table that labels a corpus does not name a file, so that it is not meant."""


@dataclass(frozen=True)
class Labels:
    """The labels of one utterance; an empty string is what the corpus does not say.

    Attributes:
        emotion: one of `ser.dataset.metadata.EMOTIONS`, or the English name of an emotion that only this corpus has.
        gender: one of `ser.dataset.metadata.GENDERS`.
        speaker: unique within the corpus.
        vocal_channel: ``speech`` or ``song``, or ``non-speech`` (ASVP-ESD).
        intensity: as the corpus calls it, such as ``normal`` or ``strong`` (RAVDESS), ``low``, ``medium`` or ``high``.
        statement: which text is spoken.
        repetition: which take of it.
        age: of the speaker when recorded, years.
        language: ISO 639-1 code of what is spoken.
    """

    emotion: str
    gender: str
    speaker: str
    vocal_channel: str = ""
    intensity: str = ""
    statement: str = ""
    repetition: str = ""
    age: str = ""
    language: str = ""
