"""The colour of each emotion, the same in every picture and on the terminal."""

from collections.abc import Sequence

COLOURS = {
    "neutral": "#999999",
    "calm": "#56B4E9",
    "happy": "#F0E442",
    "sad": "#0072B2",
    "angry": "#D55E00",
    "fearful": "#CC79A7",
    "disgust": "#009E73",
    "surprised": "#E69F00",
}
"""Okabe and Ito, "Color Universal Design", 2008: told apart with any common colour vision."""

OTHER_COLOURS = ("#332288", "#882255", "#44AA99", "#DDCC77", "#AA4499", "#117733", "#88CCEE", "#CC6677")
"""Of other emotions, in turn; Tol, "Colour Schemes", 2021, "muted"."""


def colour(emotion: str, classes: Sequence[str]) -> str:
    """Look up the colour of one of a model's emotions.

    >>> colour("bored", ("angry", "bored"))
    '#332288'
    """
    others = [name for name in classes if name not in COLOURS]
    return COLOURS.get(emotion) or OTHER_COLOURS[others.index(emotion) % len(OTHER_COLOURS)]
