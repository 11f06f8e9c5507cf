"""What the page says."""

import re

import pytest

from ser.app import parts
from ser.corpora import CORPORA
from ser.description import ExportedDescription, ModelDescription
from ser.predictor import Prediction

PREDICTION = Prediction("angry", {"calm": 0.125, "angry": 0.625, "sad": 0.25}, 2.5)


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_the_emotion_stands_above_all_probabilities_the_largest_first() -> None:
    said = text(parts.answer(PREDICTION, 0.0, 3.0))
    assert said == (
        "angry with a probability of 62%; 2.5 s of voice Probability of each emotion angry 62.5% sad 25.0% calm 12.5%"
    )


def test_bars_are_as_long_as_the_probabilities_and_the_emotion_is_set_off() -> None:
    html = parts.answer(PREDICTION, 0.0, 3.0)
    assert re.findall(r"width: ([\d.]+)%", html) == ["62.5", "25.0", "12.5"]
    assert re.findall(r'<tr class=best><th scope="row">(\w+)', html) == ["angry"]


def test_below_the_least_confidence_the_answer_is_unsure_and_nothing_is_set_off() -> None:
    assert text(parts.answer(PREDICTION, 0.625, 3.0)).startswith("angry with")
    html = parts.answer(PREDICTION, 0.63, 3.0)
    assert text(html).startswith("unsure angry is most probable, with 62%; 2.5 s of voice")
    assert "class=best" not in html


def test_of_a_long_recording_it_is_said_how_much_was_heard() -> None:
    assert "2.5 s of voice, of which this is the first 2 s" in text(parts.answer(PREDICTION, 0.0, 2.0))


def test_nothing_that_a_model_or_a_file_brings_becomes_markup(exported_description: ExportedDescription) -> None:
    bad = "<img src=x onerror=alert(1)>"
    values = dict(exported_description) | {"classes": (bad, "sad"), "trained_on": (bad,)}
    description = ExportedDescription(**values)
    for html in (
        parts.answer(Prediction(bad, {bad: 0.75, "sad": 0.25}, 1.0), 0.0, 3.0),
        parts.answer(Prediction(bad, {bad: 0.75, "sad": 0.25}, 1.0), 1.0, 3.0),
        parts.refusal(bad),
        parts.introduction(description),
        parts.card(description),
    ):
        assert "<img" not in html
        assert "&lt;img" in html


def test_the_card_says_what_the_model_file_says(exported_description: ExportedDescription) -> None:
    said = text(parts.card(exported_description))
    for fact in (
        "Trained on toy",
        "Network logmel_gap",
        "the first 0.4 s of voice, 8,000 Hz, log_mel",
        "Test UAR 50.0%, accuracy 62.5%; guessing gives 12.5%",
        "Protocol speaker_independent",
        "Train and test share 0 shared speakers, 0 same recording, 0 near identical",
        "Temperature 1,",
        "MD5 0123456789abcdef0123456789abcdef",
    ):
        assert fact in said


def test_a_model_without_scores_says_so(exported_description: ExportedDescription) -> None:
    assert "Test no scores" in text(parts.card(exported_description.model_copy(update={"test": None})))


def test_a_model_that_was_not_exported_has_a_card_without_scores(exported_description: ExportedDescription) -> None:
    fields = {name: getattr(exported_description, name) for name in ModelDescription.model_fields}
    said = text(parts.card(ModelDescription(**fields)))
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
    assert said in parts.introduction(description)
    card = text(parts.card(description))
    assert said in card
    assert all(CORPORA[name].title in card for name in trained_on)
