"""Phones, and the two statements of RAVDESS as sequences of them.

Source:
    Vowels: Peterson & Barney (1952), J. Acoust. Soc. Am. 24(2), 175-184, table II, men. Consonants, amplitudes and
    durations are rough, chosen here to look like speech in a spectrogram. Names are ARPAbet's where it has one.
"""

from typing import NamedTuple


class Phone(NamedTuple):
    """A target that the voice moves through.

    Attributes:
        formants: the first three, in hertz, for a vocal tract of scale 1.
        voicing: amplitude of the glottal source.
        aspiration: amplitude of the breath, which takes the formants' colour.
        frication: amplitude of the noise made at a constriction.
        noise: hertz, about which frication is centred.
    """

    formants: tuple[float, float, float]
    voicing: float = 0.0
    aspiration: float = 0.0
    frication: float = 0.0
    noise: float = 2000.0


PHONES = {
    "ih": Phone((390, 1990, 2550), 1.0),
    "iy": Phone((270, 2290, 3010), 0.8),
    "aa": Phone((730, 1090, 2440), 1.0),
    "ao": Phone((570, 840, 2410), 1.0),
    "ax": Phone((500, 1400, 2400), 0.7),
    "r": Phone((490, 1350, 1690), 0.7),
    "ng": Phone((280, 1900, 2400), 0.35),
    "dh": Phone((300, 1400, 2500), 0.35, frication=0.05, noise=5000),
    "z": Phone((280, 1700, 2600), 0.2, frication=0.25, noise=6500),
    "s": Phone((350, 1700, 2600), frication=0.4, noise=6500),
    "voiced stop": Phone((230, 1500, 2500), 0.12),
    "stop": Phone((300, 1700, 2600)),
    "b burst": Phone((300, 900, 2300), 0.3, frication=0.15, noise=900),
    "d burst": Phone((300, 1800, 2600), 0.3, frication=0.3, noise=4500),
    "g burst": Phone((300, 1600, 2200), 0.3, frication=0.3, noise=1800),
    "t burst": Phone((400, 1800, 2600), aspiration=0.4, frication=0.4, noise=4500),
    "k burst": Phone((400, 1900, 2400), aspiration=0.4, frication=0.4, noise=2200),
}


class Step(NamedTuple):
    """A phone's place in a statement: its name, its seconds at tempo 1, and whether it carries an accent."""

    phone: str
    seconds: float
    accented: bool = False


_ARE = (Step("aa", 0.07), Step("r", 0.06))
_ING = (Step("ih", 0.06), Step("ng", 0.07))
_BY_THE_DOOR = (
    *(Step("voiced stop", 0.05), Step("b burst", 0.01), Step("aa", 0.08), Step("iy", 0.07), Step("dh", 0.04)),
    *(Step("ax", 0.05), Step("voiced stop", 0.05), Step("d burst", 0.015), Step("ao", 0.15, True), Step("r", 0.13)),
)
KIDS_ARE_TALKING_BY_THE_DOOR = (
    *(Step("k burst", 0.06), Step("ih", 0.10, True), Step("voiced stop", 0.04), Step("z", 0.08), *_ARE),
    *(Step("stop", 0.05), Step("t burst", 0.05), Step("ao", 0.14, True), Step("stop", 0.05), Step("k burst", 0.03)),
    *(*_ING, *_BY_THE_DOOR),
)
DOGS_ARE_SITTING_BY_THE_DOOR = (
    *(Step("voiced stop", 0.03), Step("d burst", 0.015), Step("ao", 0.14, True), Step("voiced stop", 0.04)),
    *(Step("g burst", 0.015), Step("z", 0.09), *_ARE, Step("s", 0.12), Step("ih", 0.09, True), Step("stop", 0.03)),
    *(Step("t burst", 0.02), *_ING, *_BY_THE_DOOR),
)
