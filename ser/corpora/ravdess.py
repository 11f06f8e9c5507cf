"""RAVDESS: Ryerson Audio-Visual Database of Emotional Speech and Song.

24 professional actors (12 female, 12 male), two statements in a neutral North American accent; speech: 1,440 clips in
8 emotions. A file is named by seven two-digit codes, for example ``03-01-06-01-02-01-12.wav``: modality, vocal channel,
emotion, intensity, statement, repetition, actor. Actors with an odd number are male. Neutral has no strong intensity.
The folder says nothing that the name does not, so the official layout (``Actor_12/``), the Kaggle copy's (the same
again under ``audio_speech_actors_01-24/``) and a flat folder are read alike.

Licence: CC BY-NC-SA 4.0.

Source:
    Livingstone & Russo (2018), PLoS ONE 13(5): e0196391; doi:10.5281/zenodo.1188976.
"""

from pathlib import PurePath

from ser.corpora.labels import Labels
from ser.errors import InputError

MODALITIES = {"01": "audio-video", "02": "video", "03": "audio"}
VOCAL_CHANNELS = {"01": "speech", "02": "song"}
EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgust",
    "08": "surprised",
}
INTENSITIES = {"01": "normal", "02": "strong"}
STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
REPETITIONS = {"01": "1", "02": "2"}
ACTORS = {f"{number:02}": "male" if number % 2 else "female" for number in range(1, 25)}

FIELDS = (
    ("modality", MODALITIES),
    ("vocal channel", VOCAL_CHANNELS),
    ("emotion", EMOTIONS),
    ("intensity", INTENSITIES),
    ("statement", STATEMENTS),
    ("repetition", REPETITIONS),
    ("actor", ACTORS),
)


def read_labels(path: PurePath) -> Labels:
    """Read the labels in a file name.

    Args:
        path: the recording; only its name is looked at.

    Raises:
        InputError: the name is not made of seven RAVDESS codes, or is of a video or of strong neutrality, neither of
            which can be a recording of this corpus.

    >>> read_labels(PurePath("03-01-06-01-02-01-12.wav")).emotion
    'fearful'
    """
    codes = path.stem.split("-")
    if len(codes) != len(FIELDS):
        raise InputError(f"expected seven RAVDESS codes such as 03-01-06-01-02-01-12, found '{path.stem}'")
    for code, (field, known) in zip(codes, FIELDS, strict=True):
        if code not in known:
            raise InputError(f"{field} code {code} is not a RAVDESS code ({min(known)} to {max(known)})")
    modality, channel, emotion, intensity, statement, repetition, actor = codes
    if MODALITIES[modality] == "video":
        raise InputError(f"modality code {modality} says that this is a video without sound")
    if EMOTIONS[emotion] == "neutral" and INTENSITIES[intensity] == "strong":
        raise InputError(f"intensity code {intensity}: RAVDESS has no strong neutral")
    return Labels(
        emotion=EMOTIONS[emotion],
        gender=ACTORS[actor],
        speaker=actor,
        vocal_channel=VOCAL_CHANNELS[channel],
        intensity=INTENSITIES[intensity],
        statement=STATEMENTS[statement],
        repetition=REPETITIONS[repetition],
    )
