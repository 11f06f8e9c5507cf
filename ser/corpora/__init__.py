"""The corpora that can be read, and the registry that names them: recipes, and two that are code."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path

from ser.corpora import custom
from ser.corpora.card import CorpusCard
from ser.corpora.reading import open_recipe
from ser.corpora.recipe import Recipe, load_recipe
from ser.corpora.sources import Source
from ser.errors import InputError

RECIPES = Path(__file__).parent / "recipes"


class _Corpora(Mapping[str, CorpusCard]):
    """From a corpus's name to its card; a recipe is read when it is first asked for."""

    def __init__(self) -> None:
        self._names = ["demo", *sorted(path.stem for path in RECIPES.glob("*.yaml")), "custom"]
        self._cards = {"custom": custom.CARD}

    def __getitem__(self, name: str) -> CorpusCard:
        if name not in self._cards:
            if name not in self._names:
                raise KeyError(name)
            self._cards[name] = _demo(self["ravdess"]) if name == "demo" else read_card(RECIPES / f"{name}.yaml")
        return self._cards[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def read_card(path: Path) -> CorpusCard:
    """Make a corpus's card of its recipe.

    Raises:
        InputError: the file is not there, or is no recipe.
    """
    name, recipe = load_recipe(path)
    shared = {field.name for field in fields(CorpusCard)} & set(Recipe.model_fields)
    said = {key: getattr(recipe, key) for key in shared}
    return CorpusCard(name=name, open_reader=lambda folder, _params: open_recipe(recipe, folder), **said)


def find_corpus(name: str, recipes: Path | None = None) -> CorpusCard:
    """Find a corpus by its name, first among the recipes in the folder `recipes`.

    Raises:
        InputError: there is none; or its recipe cannot be used.
    """
    if recipes is not None and (recipes / f"{name}.yaml").is_file():
        return read_card(recipes / f"{name}.yaml")
    if name not in CORPORA:
        raise InputError(f"corpus '{name}' is not known, expected one of {', '.join(CORPORA)}")
    return CORPORA[name]


def find_recipe(name: str) -> Recipe:
    """Find a recipe by the name of its corpus, or by the path of its file, which ends in ``.yaml``.

    Raises:
        InputError: there is none, or it cannot be used.
    """
    path = Path(name) if name.endswith(".yaml") else RECIPES / f"{name}.yaml"
    if not name.endswith(".yaml") and name not in CORPORA:
        raise InputError(f"corpus '{name}' is not known, expected one of {', '.join(CORPORA)}, or a file NAME.yaml")
    if name in ("demo", "custom"):
        raise InputError(f"corpus '{name}' has no recipe" + "; its names are as in ravdess" * (name == "demo"))
    return load_recipe(path)[1]


# Here and not in ser/corpora/demo/synthesis.py, which needs NumPy and SciPy to synthesise.
def _demo(ravdess: CorpusCard) -> CorpusCard:
    return replace(
        ravdess,
        name="demo",
        title="Synthetic voices",
        source="made by this project; the sources of the acoustic effects stand in ser/corpora/demo/synthesis.py",
        url="",
        licence="MIT, as this project",
        licence_url="",
        clips=0,
        clips_are="",
        hours=0.0,
        speakers=0,
        naming="As in RAVDESS.",
        get=Source(how_to=["Run `dvc repro demo`: this corpus is synthesised here, into data/raw/demo."]),
    )


CORPORA: Mapping[str, CorpusCard] = _Corpora()
"""From a corpus's name to its card."""
