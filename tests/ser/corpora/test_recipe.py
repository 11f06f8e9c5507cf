from pathlib import Path
from textwrap import dedent

import pytest

from ser.corpora import RECIPES, find_corpus, read_card
from ser.corpora.recipe import load_recipe
from ser.errors import InputError

SMALL = """
title: Voices of a small town
short: Small
source: Nobody (2026)
url: ""
licence: ours
licence_url: ""
language: en
acted: true
clips: 4
hours: 0.0
speakers: 2
naming: Speaker and emotion.
get: {how_to: [Put it into data/raw/small.]}
pattern: '(?P<speaker>[a-z]+)_(?P<emotion>[a-z]+)'
expected: speaker and emotion as in ann_glad
codes:
  emotion: {glad: happy, blue: sad}
  speaker: {ann: {gender: female}, bob: {gender: male, age: "40"}}
"""


def write(folder: Path, text: str = SMALL, name: str = "small") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    return path


def test_a_recipe_of_ones_own_works_as_the_projects(tmp_path: Path) -> None:
    write(tmp_path)
    labels = find_corpus("small", tmp_path).open_reader(tmp_path, None)(Path("bob_blue.wav"))
    assert (labels.emotion, labels.speaker, labels.gender, labels.age) == ("sad", "bob", "male", "40")
    assert labels.language == "en"


def test_a_recipe_of_ones_own_comes_before_one_of_the_same_name(tmp_path: Path) -> None:
    write(tmp_path, name="tess")
    assert find_corpus("tess", tmp_path).title == "Voices of a small town"
    assert find_corpus("savee", tmp_path).title == "Surrey Audio-Visual Expressed Emotion"


def test_an_unknown_corpus_names_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^corpus 'small' is not known, expected one of demo, aesdd, .*, custom$"):
        find_corpus("small", tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title:", "titel:", "titel: unknown key"),
        ("short: Small\n", "", "short: this key is missing"),
        ("clips: 4", "clips: many", "clips: expected an integer, got 'many'"),
        ("acted: true", "acted: 'yes'", "acted: expected a boolean, got 'yes'"),
        ("language: en", "language: English", "language: expected text to match pattern"),
        ("glad: happy", "glad: ''", "codes.emotion.glad: expected an emotion, found none"),
        ("glad: happy", "glad: null", "codes.emotion.glad."),
        ("gender: female", "gender: woman", "codes.speaker.ann: expected female, male, or '' .* got 'woman'"),
        ("gender: female", "sex: female", "codes.speaker.ann: 'sex' is no label, expected one of age, emotion"),
        ("_(?P<emotion>[a-z]+)", "_[a-z]+", "pattern: expected a group or a column that gives the emotion"),
        ("(?P<speaker>[a-z]+)_", "", "codes: no group or column is called 'speaker', there is emotion, stem"),
        ("  emotion: {glad: happy, blue: sad}\n", "", "codes: expected what each code of the group 'emotion' means"),
        ("'(?P<speaker>[a-z]+)", "'(?P<speaker>.*)", r"pattern.0: '\.' at character 13 of the pattern"),
        ("'(?P<speaker>[a-z]+)", "'(?:[a-z]+)+", "pattern.0: '\\+' at character 11 .* only a character or a class"),
        ("codes:", "labels: {mood: good}\ncodes:", "labels: 'mood' is no label, expected one of age, emotion"),
        ("codes:", "labels: {gender: both}\ncodes:", "labels.gender: expected female, male"),
        (
            "codes:",
            "labels: {statement: 'say {word}'}\ncodes:",
            "labels.statement: no group or column is called 'word'",
        ),
        ("codes:", "identity: '{number}'\ncodes:", "identity: no group or column is called 'number'"),
        ("codes:", "unknown: {word: no}\ncodes:", "unknown: no group or column is called 'word'"),
        ("codes:", "impossible: [{when: {word: x}, why: no}]\ncodes:", "impossible.0: no group or column is called"),
        ("codes:", "impossible: [{when: {emotion: 'x('}, why: no}]\ncodes:", "impossible.0.when.emotion: "),
        ("codes:", "table: {files: a, columns: {stem: f}, key: [word]}\ncodes:", "table: key: 'word' is neither"),
        ("codes:", "table: {files: a, key: [stem]}\ncodes:", "table: expected either columns or lines"),
        (
            "codes:",
            "table: {files: a, columns: {word: f}, key: [word]}\ncodes:",
            "pattern: expected the groups of table.key, found none called 'word'",
        ),
        ("get: {how_to: [Put it into data/raw/small.]}", "get: {}", "get: expected either a url to fetch or how_to"),
        ("glad: happy", "glad: happy, glad: sad", "not YAML: while constructing a mapping"),
        ("glad: happy", "1: happy", "codes.emotion.1"),
        ("glad: happy", "? [a]\n: happy", "codes.emotion."),
        ("title: Voices", "title: !!python/object/apply:os.system [x] #", "not YAML"),
        ("title: Voices", "title: [", "not YAML"),
        ("title: Voices", 'title: "\\e[2J" #', "title: expected text that can be printed"),
        (SMALL, "- 1\n", "expected "),
        (SMALL, "", "expected "),
    ],
)
def test_a_recipe_that_cannot_be_used_says_which_key_and_why(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in SMALL
    path = write(tmp_path, SMALL.replace(old, new))
    with pytest.raises(InputError, match=f"^{path.as_posix()}: {message}"):
        read_card(path)


def test_a_name_that_no_corpus_can_have_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, name="My Corpus")
    with pytest.raises(InputError, match=r"My Corpus.yaml: corpus: expected text to match pattern"):
        load_recipe(path)


def test_a_recipe_that_is_not_there_is_a_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.yaml: no such file"):
        load_recipe(tmp_path / "none.yaml")


def test_recipes_come_with_the_package() -> None:
    assert (RECIPES / "ravdess.yaml").is_file()
    assert RECIPES.parent.name == "corpora"
