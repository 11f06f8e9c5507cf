"""RAVDESS: Ryerson Audio-Visual Database of Emotional Speech and Song.

24 professional actors (12 female, 12 male), two statements in a neutral North American accent. Speech: 1,440 clips in
8 emotions, 1.48 hours. Song: 1,012 clips in 6 emotions (neither disgust nor surprise), none by actor 18. A file is
named by seven two-digit codes, for example ``03-01-06-01-02-01-12.wav``: modality, vocal channel, emotion, intensity,
statement, repetition, actor. Actors with an odd number are male. Neutral has no strong intensity. The folder says
nothing that the name does not, so the official layout (``Actor_12/``), the Kaggle copy's (the same again under
``audio_speech_actors_01-24/``) and a flat folder are read alike.

Licence: CC BY-NC-SA 4.0.

Source:
    Livingstone & Russo (2018), PLoS ONE 13(5): e0196391; doi:10.5281/zenodo.1188976, whose description lists the codes
    and what is not among the songs.
"""

from pathlib import PurePath

from ser.corpora.card import CorpusCard, by_name
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
SONG_EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful")
INTENSITIES = {"01": "normal", "02": "strong"}
STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
REPETITIONS = {"01": "1", "02": "2"}
ACTORS = {f"{number:02}": "male" if number % 2 else "female" for number in range(1, 25)}
ACTOR_WITHOUT_SONGS = "18"

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
        InputError: the name is not made of seven RAVDESS codes, or is of what this corpus has no recording of: a
            video, strong neutrality, a song in disgust or surprise or by actor 18.

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
    if VOCAL_CHANNELS[channel] == "song" and EMOTIONS[emotion] not in SONG_EMOTIONS:
        raise InputError(f"emotion code {emotion}: RAVDESS has no {EMOTIONS[emotion]} song")
    if VOCAL_CHANNELS[channel] == "song" and actor == ACTOR_WITHOUT_SONGS:
        raise InputError(f"actor code {actor}: RAVDESS has no songs by this actor")
    return Labels(
        emotion=EMOTIONS[emotion],
        gender=ACTORS[actor],
        speaker=actor,
        vocal_channel=VOCAL_CHANNELS[channel],
        intensity=INTENSITIES[intensity],
        statement=STATEMENTS[statement],
        repetition=REPETITIONS[repetition],
        language=CARD.language,
    )


CARD = CorpusCard(
    name="ravdess",
    title="Ryerson Audio-Visual Database of Emotional Speech and Song",
    source="Livingstone & Russo (2018), PLoS ONE 13(5): e0196391, doi:10.1371/journal.pone.0196391",
    url="https://zenodo.org/records/1188976",
    licence="CC BY-NC-SA 4.0",
    licence_url="https://creativecommons.org/licenses/by-nc-sa/4.0/",
    language="en",
    clips=1440,
    clips_are="speech (+1,012 song)",
    hours=1.48,
    speakers=24,
    naming="Seven two-digit codes: modality, vocal channel, emotion, intensity, statement, repetition, actor"
    " (03-01-06-01-02-01-12.wav).",
    open_reader=by_name(read_labels),
)
