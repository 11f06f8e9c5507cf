"""What a corpus's file names say about an utterance."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Labels:
    """The labels of one utterance; an empty string is what the corpus does not say.

    Attributes:
        emotion: one of `ser.metadata.EMOTIONS`.
        gender: one of `ser.metadata.GENDERS`.
        speaker: unique within the corpus.
        vocal_channel: ``speech`` or ``song``.
        intensity: ``normal`` or ``strong``.
        statement: which text is spoken.
        repetition: which take of it.
    """

    emotion: str
    gender: str
    speaker: str
    vocal_channel: str = ""
    intensity: str = ""
    statement: str = ""
    repetition: str = ""
