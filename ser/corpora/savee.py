"""SAVEE: Surrey Audio-Visual Expressed Emotion.

Four male native speakers of British English, postgraduates and researchers aged 27 to 31 (whose age is which is not
published), 15 TIMIT sentences in each of 6 emotions and 30 in neutral: 480 clips, 0.5 hours. A file is named by emotion
and number and lies in its speaker's folder (``DC/a01.wav``), or has the speaker in front (``DC_a01.wav``). Three
sentences are common to all emotions and so carry several codes; the names do not say which sentence is spoken.

Licence: for research, on registration with the authors.

Source:
    Haq & Jackson (2010), "Multimodal Emotion Recognition", in Machine Audition, IGI Global, 398-423;
    doi:10.4018/978-1-61520-919-4.ch017. Hours: size of the 480 files at 44.1 kHz, 16 bits.
"""

import re
from pathlib import PurePath

from ser.corpora.card import CorpusCard, by_name
from ser.corpora.labels import Labels
from ser.errors import InputError

SPEAKERS = ("DC", "JE", "JK", "KL")
EMOTIONS = {
    "a": "angry",
    "d": "disgust",
    "f": "fearful",
    "h": "happy",
    "n": "neutral",
    "sa": "sad",
    "su": "surprised",
}
SENTENCES = dict.fromkeys(EMOTIONS, 15) | {"n": 30}
"""How many sentences there are of an emotion; they are numbered from 1."""

NAME = re.compile(r"(?:(?P<speaker>[A-Z]+)_)?(?P<emotion>[a-z]+)(?P<number>[0-9]{2})")


def read_labels(path: PurePath) -> Labels:
    """Read the labels in a file name and, for the speaker, in the folder's.

    Args:
        path: the recording; its name, and the folder it lies in, are looked at.

    Raises:
        InputError: the name is not made by SAVEE's rules, neither it nor the folder names the speaker, or each names
            another.

    >>> read_labels(PurePath("DC/sa03.wav")) == read_labels(PurePath("DC_sa03.wav"))
    True
    """
    parts = NAME.fullmatch(path.stem)
    if parts is None:
        raise InputError(f"expected emotion and number as in DC_a01 or DC/a01, found '{path.stem}'")
    code, number = parts["emotion"], parts["number"]
    if code not in EMOTIONS:
        raise InputError(f"emotion code {code} is not a SAVEE code ({', '.join(EMOTIONS)})")
    if not 1 <= int(number) <= SENTENCES[code]:
        raise InputError(f"sentence {number} is not among SAVEE's {EMOTIONS[code]} ones (01 to {SENTENCES[code]})")
    return Labels(
        emotion=EMOTIONS[code],
        gender="male",
        speaker=_speaker(parts["speaker"], path.parent.name),
        vocal_channel="speech",
        statement=code + number,
        language=CARD.language,
    )


def _speaker(in_name: str | None, folder: str) -> str:
    speaker = folder if in_name is None else in_name
    if speaker not in SPEAKERS:
        raise InputError(
            f"expected a SAVEE speaker ({', '.join(SPEAKERS)}) in the name or as folder, found '{speaker}'"
        )
    if folder in SPEAKERS and folder != speaker:
        raise InputError(f"the name says speaker {speaker}, the folder says {folder}")
    return speaker


def identify(path: PurePath) -> str:
    """Call a recording the same in both layouts.

    >>> identify(PurePath("DC/sa03.wav")), identify(PurePath("DC_sa03.wav"))
    ('DC_sa03', 'DC_sa03')
    """
    return path.stem if "_" in path.stem else f"{path.parent.name}_{path.stem}"


CARD = CorpusCard(
    name="savee",
    title="Surrey Audio-Visual Expressed Emotion",
    source="Haq & Jackson (2010), in Machine Audition, IGI Global, 398-423, doi:10.4018/978-1-61520-919-4.ch017",
    url="http://kahlan.eps.surrey.ac.uk/savee/",
    licence="for research, on registration with the authors",
    licence_url="http://kahlan.eps.surrey.ac.uk/savee/",
    language="en",
    clips=480,
    hours=0.5,
    speakers=4,
    naming="Emotion (a, d, f, h, n, sa, su) and two digits, after the speaker or in the speaker's folder"
    " (DC_a01.wav, DC/a01.wav).",
    open_reader=by_name(read_labels),
    identify=identify,
)
