"""CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset.

91 actors (43 female, 48 male, aged 20 to 74), twelve English sentences, 6 emotions; 7,442 clips, 5.3 hours. A file is
named by actor, sentence, emotion and intensity, for example ``1001_DFA_ANG_XX.wav``; XX is an intensity that was not
asked for. The emotion is the one that was acted, not the one that the crowd heard. Two recordings are known to deviate:
``1040_ITH_SAD_XX`` was named ``1040_ITH_SAD_X.wav`` until 2022 and still is in copies, and is read as XX;
``1076_MTI_SAD_XX.wav`` holds silence.

Licence: ODbL 1.0, contents DbCL 1.0 (Open Database License, Database Contents License). The same holds for
crema_d_demographics.csv beside this module: the actors' number, age and sex out of the corpus's VideoDemographics.csv.

Source:
    Cao, Cooper, Keutmann, Gur, Nenkova & Verma (2014), IEEE Trans. Affective Computing 5(4), 377-390;
    doi:10.1109/TAFFC.2014.2336244. Codes, licence, demographics: https://github.com/CheyneyComputerScience/CREMA-D;
    the misspelt name: its issue 6. Hours: size of the published WAV files at 16 kHz, 16 bits.
"""

import csv
from functools import cache
from importlib import resources
from pathlib import PurePath

from ser.corpora.card import CorpusCard, by_name
from ser.corpora.labels import Labels
from ser.errors import InputError

STATEMENTS = {
    "IEO": "It's eleven o'clock",
    "TIE": "That is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "The airplane is almost full",
    "MTI": "Maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "Don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "The surface is slick",
    "WSI": "We'll stop in a couple of minutes",
}
EMOTIONS = {"ANG": "angry", "DIS": "disgust", "FEA": "fearful", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
INTENSITIES = {"LO": "low", "MD": "medium", "HI": "high", "XX": ""}
MISSPELT_NAMES = {"1040_ITH_SAD_X": "1040_ITH_SAD_XX"}
DEMOGRAPHICS = "crema_d_demographics.csv"


def read_labels(path: PurePath) -> Labels:
    """Read the labels in a file name, and the actor's gender and age in the corpus's demographics.

    Args:
        path: the recording; only its name is looked at.

    Raises:
        InputError: the name is not made by CREMA-D's rules.

    >>> read_labels(PurePath("1001_IEO_ANG_HI.wav")).age
    '51'
    """
    codes = MISSPELT_NAMES.get(path.stem, path.stem).split("_")
    if len(codes) != 4:
        raise InputError(f"expected actor, sentence, emotion and intensity as in 1001_DFA_ANG_XX, found '{path.stem}'")
    actor, statement, emotion, intensity = codes
    actors = read_demographics()
    if actor not in actors:
        raise InputError(f"actor {actor} is not a CREMA-D actor ({min(actors)} to {max(actors)})")
    for field, code, known in (
        ("sentence", statement, STATEMENTS),
        ("emotion", emotion, EMOTIONS),
        ("intensity", intensity, INTENSITIES),
    ):
        if code not in known:
            raise InputError(f"{field} code {code} is not a CREMA-D code ({', '.join(known)})")
    gender, age = actors[actor]
    return Labels(
        emotion=EMOTIONS[emotion],
        gender=gender,
        speaker=actor,
        vocal_channel="speech",
        intensity=INTENSITIES[intensity],
        statement=STATEMENTS[statement],
        age=age,
        language=CARD.language,
    )


@cache
def read_demographics() -> dict[str, tuple[str, str]]:
    """Read the actors' table: from an actor's number to gender, and age in years."""
    text = (resources.files("ser.corpora") / DEMOGRAPHICS).read_text(encoding="utf-8")
    return {row["actor"]: (row["sex"], row["age"]) for row in csv.DictReader(text.splitlines())}


CARD = CorpusCard(
    name="crema_d",
    title="Crowd-sourced Emotional Multimodal Actors Dataset",
    source="Cao et al. (2014), IEEE Trans. Affective Computing 5(4), 377-390, doi:10.1109/TAFFC.2014.2336244",
    url="https://github.com/CheyneyComputerScience/CREMA-D",
    licence="ODbL 1.0, contents DbCL 1.0",
    licence_url="https://opendatacommons.org/licenses/odbl/1-0/",
    language="en",
    clips=7442,
    hours=5.3,
    speakers=91,
    naming="Actor (1001 to 1091), sentence, emotion and intensity (1001_DFA_ANG_XX.wav).",
    open_reader=by_name(read_labels),
)
