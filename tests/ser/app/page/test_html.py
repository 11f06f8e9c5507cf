"""What the page says."""

import json
import re
from html import unescape

import pytest

from ser.app.page import html
from ser.app.settings import MEGABYTE, Settings
from ser.corpora import CORPORA
from ser.model_files.description import ExportedDescription, ModelDescription
from ser.plots.colours import COLOURS


def text(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", markup).split())


def test_nothing_that_a_model_brings_becomes_markup(exported_description: ExportedDescription) -> None:
    bad = "\"'><img src=x onerror=alert(1)>"
    values = dict(exported_description) | {"classes": (bad, "sad"), "trained_on": (bad,)}
    shown = html.page(ExportedDescription(**values), Settings(), explains=True)
    assert "<img" not in shown
    facts = re.search(r'data-facts="([^"]*)"', shown)
    assert facts
    assert json.loads(unescape(facts[1]))["classes"] == [bad, "sad"]
    assert shown.count("&gt;&lt;img src=x") >= 4  # introduction, facts, choice of emotions, card


def test_the_page_says_the_limits_and_gives_them_to_its_script(exported_description: ExportedDescription) -> None:
    shown = html.page(exported_description, Settings(max_bytes=MEGABYTE // 2, max_seconds=7.5), explains=False)
    assert "at most 7.5 s and 0.5 MB" in shown
    facts = re.search(r'data-facts="([^"]*)"', shown)
    assert facts
    told = json.loads(unescape(facts[1]))
    assert (told["maxSeconds"], told["maxBytes"], told["heardSeconds"]) == (7.5, MEGABYTE // 2, 0.4)
    assert told["colours"] == COLOURS


def test_what_explains_is_offered_where_it_can_be_asked_for(exported_description: ExportedDescription) -> None:
    for explains, found in ((True, None), (False, "hidden")):
        shown = html.page(exported_description, Settings(), explains=explains)
        tab = re.search(r'<button id="tab-explanation" [^>]*?(hidden)?>', shown)
        assert tab
        assert tab[1] == found


def test_the_card_says_what_the_model_file_says(exported_description: ExportedDescription) -> None:
    said = text(html.card(exported_description))
    for fact in (
        "Trained on toy",
        "Network logmel_gap",
        "all of a recording, 0.4 s at a time, 8,000 Hz, log_mel",
        "Test UAR 50.0%, accuracy 62.5%; guessing gives 12.5%",
        "Protocol speaker_independent",
        "Train and test share 0 shared speakers, 0 same recording, 0 near identical",
        "Temperature 1,",
        "MD5 0123456789abcdef0123456789abcdef",
    ):
        assert fact in said


def test_a_model_without_scores_says_so(exported_description: ExportedDescription) -> None:
    assert "Test no scores" in text(html.card(exported_description.model_copy(update={"test": None})))


def test_a_model_that_was_not_exported_has_a_card_without_scores(exported_description: ExportedDescription) -> None:
    fields = {name: getattr(exported_description, name) for name in ModelDescription.model_fields}
    said = text(html.card(ModelDescription(**fields)))
    assert "Network logmel_gap" in said
    assert "MD5" not in said


@pytest.mark.parametrize(
    ("trained_on", "said"),
    [
        (("demo",), "synthetic voices"),
        (("ravdess", "tess"), "actors in a studio"),
        (("ravdess", "custom"), "elsewhere was not tested"),
    ],
)
def test_what_a_model_cannot_do_depends_on_what_it_was_trained_on(
    exported_description: ExportedDescription, trained_on: tuple[str, ...], said: str
) -> None:
    description = exported_description.model_copy(update={"trained_on": trained_on})
    assert said in html.introduction(description)
    card = text(html.card(description))
    assert said in card
    assert all(CORPORA[name].title in card for name in trained_on)
