"""EMO-DB: Berlin Database of Emotional Speech.

Ten German actors (5 female, 5 male), ten sentences, 7 emotions; the 535 clips (0.4 hours) that listeners recognised and
found natural. A file is named by speaker, sentence, emotion and version, for example ``03a01Fa.wav``. The emotion is
the initial of its German name: Wut, Langeweile, Ekel, Angst, Freude, Trauer, neutral. Boredom is not among
`ser.dataset.metadata.EMOTIONS`.

Licence: CC BY 4.0 on Zenodo, CC0 1.0 at audEERING: publishers of the same recordings differ. `ser corpora fetch` takes
Zenodo's. The authors offer them for free download and ask to be cited.

Source:
    Burkhardt, Paeschke, Rolfes, Sendlmeier & Weiss (2005), Interspeech, 1517-1520; doi:10.21437/Interspeech.2005-446.
    Names, speakers and sentences: http://emodb.bilderbar.info/docu/ and the EmoDB example of audformat. Licences: what
    projects that use it say of Zenodo's record 7447302, which was not looked up itself; audEERING's README at
    https://github.com/audeering/emodb. Hours: size of the 535 files at 16 kHz, 16 bits.
"""

import re
from pathlib import PurePath

from ser.corpora.card import CorpusCard, by_name
from ser.corpora.labels import Labels
from ser.errors import InputError

SPEAKERS = {
    "03": ("male", "31"),
    "08": ("female", "34"),
    "09": ("female", "21"),
    "10": ("male", "32"),
    "11": ("male", "26"),
    "12": ("male", "30"),
    "13": ("female", "32"),
    "14": ("female", "35"),
    "15": ("male", "25"),
    "16": ("female", "31"),
}
"""Gender, and age in years."""

STATEMENTS = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute Abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}
EMOTIONS = {
    "W": "angry",
    "L": "boredom",
    "E": "disgust",
    "A": "fearful",
    "F": "happy",
    "T": "sad",
    "N": "neutral",
}

NAME = re.compile(r"(?P<speaker>[0-9]{2})(?P<statement>[a-z][0-9]{2})(?P<emotion>[A-Z])(?P<version>[a-z])")


def read_labels(path: PurePath) -> Labels:
    """Read the labels in a file name.

    Args:
        path: the recording; only its name is looked at.

    Raises:
        InputError: the name is not made by EMO-DB's rules.

    >>> read_labels(PurePath("16a02Lb.wav")).emotion
    'boredom'
    """
    parts = NAME.fullmatch(path.stem)
    if parts is None:
        raise InputError(f"expected speaker, sentence, emotion and version as in 03a01Fa, found '{path.stem}'")
    for field, known in (("speaker", SPEAKERS), ("statement", STATEMENTS), ("emotion", EMOTIONS)):
        if parts[field] not in known:
            raise InputError(f"{field} code {parts[field]} is not an EMO-DB code ({', '.join(known)})")
    gender, age = SPEAKERS[parts["speaker"]]
    return Labels(
        emotion=EMOTIONS[parts["emotion"]],
        gender=gender,
        speaker=parts["speaker"],
        vocal_channel="speech",
        statement=STATEMENTS[parts["statement"]],
        repetition=parts["version"],
        age=age,
        language=CARD.language,
    )


CARD = CorpusCard(
    name="emodb",
    title="Berlin Database of Emotional Speech",
    source="Burkhardt et al. (2005), Interspeech, 1517-1520, doi:10.21437/Interspeech.2005-446",
    url="http://emodb.bilderbar.info/",
    licence="CC BY 4.0 on Zenodo, CC0 1.0 at audEERING",
    licence_url="https://creativecommons.org/licenses/by/4.0/",
    language="de",
    clips=535,
    hours=0.4,
    speakers=10,
    naming="Two digits for the speaker, sentence, initial of the emotion's German name, version (03a01Fa.wav).",
    open_reader=by_name(read_labels),
)
