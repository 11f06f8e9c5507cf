"""Who speaks in a custom corpus: what people write for one person, and for nobody, brought to one spelling.

Spellings of a speaker that differ in case, blanks, leading zeros, the decimals of a whole number or Unicode
normalisation are one person's: taken for two, that person could be in train and in test, and no leak would be found.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from unicodedata import normalize

GENDERS = {
    "": "",
    "f": "female",
    "female": "female",
    "frau": "female",
    "w": "female",
    "weiblich": "female",
    "woman": "female",
    "m": "male",
    "male": "male",
    "man": "male",
    "mann": "male",
    "männlich": "male",
}
NOT_KNOWN = frozenset(("-", "--", "?", "<na>", "n.a.", "n/a", "na", "nan", "none", "null", "unbekannt", "unknown"))
"""What people and programs write where they have nothing to write."""

NAMED = 3
"""How many of several cases a note names."""


def tidy(rows: Sequence[Mapping[str, str]]) -> tuple[list[dict[str, str]], list[str]]:
    """Bring speaker, gender, age and language of a table's rows to one spelling.

    Returns:
        The rows, with an empty text for what is not known; and a note for everything that is now written otherwise than
        its author may have meant.
    """
    columns = {field: [_plain(row[field]) for row in rows] for field in ("speaker", "gender", "age", "language")}
    notes = []
    for field in ("speaker", "age", "language"):
        blank = Counter(text for text in columns[field] if text.casefold() in NOT_KNOWN)
        columns[field] = ["" if text in blank else text for text in columns[field]]
        if blank:
            notes.append(f"{field}: {_rows(blank.total())} without one: {_tally(blank)}")
    columns["speaker"], merged = _one_spelling(columns["speaker"])
    genders = [GENDERS.get(text.casefold(), "") for text in columns["gender"]]
    unclear = Counter(text for text in columns["gender"] if text.casefold() not in GENDERS)
    if unclear:
        notes.append(
            f"gender: {_rows(unclear.total())} with neither female nor male: {_tally(unclear)};"
            " write one of the two wherever it is known"
        )
    columns["gender"] = genders
    notes += merged + _of_two_genders(columns["speaker"], genders)
    return [dict(row) | {field: columns[field][at] for field in columns} for at, row in enumerate(rows)], notes


def _one_spelling(speakers: list[str]) -> tuple[list[str], list[str]]:
    """Write every speaker as where he stands first; say where that was otherwise."""
    spellings: dict[str, list[str]] = defaultdict(list)
    for speaker in dict.fromkeys(speakers):
        spellings[_identity(speaker)].append(speaker)
    said = [
        f"speakers {', '.join(map(repr, several))} are taken for one, {several[0]!r}"
        for several in spellings.values()
        if len(several) > 1
    ]
    return [spellings[_identity(speaker)][0] for speaker in speakers], _shortened(said)


def _identity(speaker: str) -> str:
    """What two spellings of one speaker have in common.

    >>> {_identity(speaker) for speaker in ("Spk 01", "spk1", "SPK001")}
    {'spk1'}
    >>> {_identity(speaker) for speaker in ("1", "01", "1.0", "1,0")}
    {'1'}
    """
    text = "".join(normalize("NFKC", speaker).casefold().split())
    whole = re.fullmatch(r"([0-9]+)[.,]0+", text)
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", whole[1] if whole else text)


def _of_two_genders(speakers: Iterable[str], genders: Iterable[str]) -> list[str]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for speaker, gender in zip(speakers, genders, strict=True):
        if speaker and gender:
            counts[speaker][gender] += 1
    return _shortened(
        [
            f"speaker {speaker!r} has two genders: female in {_rows(of['female'])}, male in {_rows(of['male'])}"
            for speaker, of in counts.items()
            if len(of) > 1
        ]
    )


def _plain(text: str) -> str:
    return " ".join(normalize("NFC", text).split())


def _tally(texts: Counter[str]) -> str:
    more = ", ..." if len(texts) > NAMED else ""
    return ", ".join(f"{text!r} ({n:,})" for text, n in texts.most_common(NAMED)) + more


def _shortened(notes: list[str]) -> list[str]:
    return [*notes[:NAMED], *([f"and {len(notes) - NAMED:,} more like that"] if len(notes) > NAMED else [])]


def _rows(n: int) -> str:
    return f"{n:,} row{'s' * (n != 1)}"
