"""TESS: Toronto Emotional Speech Set.

Two actresses, aged 64 (OAF) and 26 (YAF), say "Say the word ..." with each of 200 words in each of 7 emotions: 2,800
clips, 1.6 hours. A file is named by speaker, word and emotion, for example ``OAF_back_angry.wav``; ``ps`` is pleasant
surprise. The published files lie in one folder per speaker and emotion whose names differ in spelling between copies
(``OAF_Fear``, ``YAF_fear``, ``OAF_Pleasant_surprise``, ``YAF_pleasant_surprised``), or all in one folder. The name says
everything; a folder that names a speaker and an emotion must agree with it. One published name lacks a letter,
``OA_bite_neutral.wav``: its speaker is OAF.

Licence: CC BY-NC-ND 4.0.

Source:
    Pichora-Fuller & Dupuis (2020), Borealis; doi:10.5683/SP2/E8H2MF. Hours: 700 of its clips last 0.399 hours.
"""

import re
from pathlib import PurePath

from ser.corpora.card import CorpusCard, by_name
from ser.corpora.labels import Labels
from ser.errors import InputError

AGES = {"OAF": "64", "YAF": "26"}
EMOTIONS = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "ps": "surprised",
    "sad": "sad",
}
FOLDER_EMOTIONS = EMOTIONS | {"pleasant_surprise": "surprised", "pleasant_surprised": "surprised"}
MISSPELT_SPEAKERS = {"OA": "OAF"}  # OA_bite_neutral.wav

NAME = re.compile(r"(?P<speaker>[a-z]+)_(?P<word>[a-z]+)_(?P<emotion>[a-z]+)", re.IGNORECASE | re.ASCII)


def read_labels(path: PurePath) -> Labels:
    """Read the labels in a file name.

    Args:
        path: the recording; its name, and the folder it lies in, are looked at. Capitalisation does not matter.

    Raises:
        InputError: the name is not made by TESS's rules, or the folder contradicts it.

    >>> read_labels(PurePath("YAF_pleasant_surprised/YAF_back_ps.wav")).emotion
    'surprised'
    """
    parts = NAME.fullmatch(path.stem)
    if parts is None:
        raise InputError(f"expected speaker, word and emotion as in OAF_back_angry, found '{path.stem}'")
    speaker = parts["speaker"].upper()
    speaker = MISSPELT_SPEAKERS.get(speaker, speaker)
    if speaker not in AGES:
        raise InputError(f"speaker {parts['speaker']} is not a TESS speaker ({' or '.join(AGES)})")
    emotion = EMOTIONS.get(parts["emotion"].lower())
    if emotion is None:
        raise InputError(f"emotion {parts['emotion']} is not a TESS emotion ({', '.join(EMOTIONS)})")
    _check_folder(path.parent.name, speaker, emotion)
    return Labels(
        emotion=emotion,
        gender="female",
        speaker=speaker,
        vocal_channel="speech",
        statement=f"Say the word {parts['word'].lower()}",
        age=AGES[speaker],
        language=CARD.language,
    )


def _check_folder(folder: str, speaker: str, emotion: str) -> None:
    folder_speaker, _, folder_emotion = re.sub(r"[-_ ]+", "_", folder.lower()).partition("_")
    says = (folder_speaker.upper(), FOLDER_EMOTIONS.get(folder_emotion))
    if says[0] in AGES and says[1] is not None and says != (speaker, emotion):
        raise InputError(f"the name says {speaker} and {emotion}, the folder '{folder}' says otherwise")


CARD = CorpusCard(
    name="tess",
    title="Toronto Emotional Speech Set",
    source="Pichora-Fuller & Dupuis (2020), Borealis, doi:10.5683/SP2/E8H2MF",
    url="https://doi.org/10.5683/SP2/E8H2MF",
    licence="CC BY-NC-ND 4.0",
    licence_url="https://creativecommons.org/licenses/by-nc-nd/4.0/",
    language="en",
    clips=2800,
    hours=1.6,
    speakers=2,
    naming="Speaker (OAF or YAF), word and emotion, where ps is pleasant surprise (OAF_back_angry.wav).",
    open_reader=by_name(read_labels),
)
