"""What the tests of a corpus take from its recipe."""

from collections.abc import Callable
from pathlib import Path, PurePath

from ser.corpora import CORPORA, RECIPES
from ser.corpora.labels import Labels
from ser.corpora.recipe import Recipe, load_recipe


def recipe(corpus: str) -> Recipe:
    return load_recipe(RECIPES / f"{corpus}.yaml")[1]


def reader(corpus: str) -> Callable[[PurePath], Labels]:
    read = CORPORA[corpus].open_reader(Path(), None)
    return lambda path: read(Path(path))


def means(corpus: str, group: str, label: str = "") -> dict[str, str]:
    """From each code of a group to what it means, for one of the labels if it gives several."""
    codes = recipe(corpus).codes[group]
    return {code: text[label] if isinstance(text, dict) else text for code, text in codes.items()}
