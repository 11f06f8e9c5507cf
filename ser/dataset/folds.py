"""Published folds of RAVDESS by actor."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fold:
    """Actors of one fold; all others are trained on.

    Attributes:
        test: actor numbers.
        validation: actor numbers; empty where the protocol names none, and some are then held out of train.
    """

    test: tuple[int, ...]
    validation: tuple[int, ...] = ()


LUNA5 = (
    Fold(test=(2, 5, 14, 15, 16), validation=(3, 6)),
    Fold(test=(3, 6, 7, 13, 18), validation=(10, 11)),
    Fold(test=(10, 11, 12, 19, 20), validation=(8, 17)),
    Fold(test=(8, 17, 21, 23, 24), validation=(1, 14)),
    Fold(test=(1, 4, 9, 22), validation=(2, 5)),
)
"""Source: Luna-Jiménez et al. (2021), Sensors 21(22), 7665; validation actors of the ResLSTM-SER study."""

EMOBOX6 = (
    Fold(test=(1, 11, 20, 21)),
    Fold(test=(4, 10, 12, 14)),
    Fold(test=(8, 9, 19, 23)),
    Fold(test=(3, 5, 7, 24)),
    Fold(test=(2, 15, 16, 18)),
    Fold(test=(6, 13, 17, 22)),
)
"""Source: Ma et al. (2024), EmoBox, Interspeech."""
