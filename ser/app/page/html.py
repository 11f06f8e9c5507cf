"""What the page says before a voice comes: what it is for, what the model is and cannot do."""

import json
from html import escape
from pathlib import Path
from string import Template

from ser.app.settings import MEGABYTE, Settings
from ser.corpora import CORPORA
from ser.model_files.description import ExportedDescription, ModelDescription, Scores
from ser.plots.colours import colour

_TEMPLATE = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))


def page(description: ModelDescription, settings: Settings, *, explains: bool) -> str:
    """The whole page.

    Args:
        description: what the model says of itself.
        settings: the limits on recordings.
        explains: whether it offers explanations.
    """
    facts = {
        "classes": description.classes,
        "colours": {name: colour(name, description.classes) for name in description.classes},
        "heardSeconds": description.front_end.duration,
        "maxSeconds": settings.max_seconds,
        "maxBytes": settings.max_bytes,
    }
    return _TEMPLATE.substitute(
        introduction=introduction(description),
        facts=escape(json.dumps(facts)),
        max_seconds=f"{settings.max_seconds:g}",
        max_megabytes=f"{settings.max_bytes / MEGABYTE:.3g}",
        emotions="".join(f"<option>{escape(name)}</option>" for name in description.classes),
        explanation="" if explains else "hidden",
        card=card(description),
    )


def introduction(description: ModelDescription) -> str:
    """What the page is for, and what its model does not know."""
    seconds = description.front_end.duration
    return (
        "<h1>Which emotion does a voice carry?</h1>"
        f"<p>The model tells {escape(_listed(description.classes))} apart, by {seconds:g} s of voice.</p>"
        f'<p class="soft">{escape(_limits(description))} It is not for judging people.</p>'
    )


def card(description: ModelDescription) -> str:
    """The model card: what it is, what it was trained on, how it did."""
    front_end = description.front_end
    facts = {
        "Emotions": ", ".join(description.classes),
        "Trained on": "; ".join(_corpus(name) for name in description.trained_on),
        "Network": description.network.architecture,
        "Hears": f"all of a recording, {front_end.duration:g} s at a time, {front_end.sampling_rate:,} Hz,"
        f" {' and '.join(front_end.front_ends.used)}",
        "Temperature": f"{description.temperature:.3g}, by which the logits are divided before the softmax",
    }
    if isinstance(description, ExportedDescription):
        facts |= _scores(description.test, len(description.classes)) if description.test else {"Test": "no scores"}
        facts["Trained file"] = f"MD5 {description.trained_md5}"
    rows = "".join(f'<tr><th scope="row">{name}</th><td>{escape(fact)}</td></tr>' for name, fact in facts.items())
    return f'<table id="card"><tbody>{rows}</tbody></table><p class="soft">{escape(_limits(description))}</p>'


def _scores(test: Scores, n_classes: int) -> dict[str, str]:
    shared = test.leaks.get("train_test", {})
    return {
        "Test": f"UAR {test.uar:.1%}, accuracy {test.accuracy:.1%}; guessing gives {1 / n_classes:.1%}",
        "Protocol": test.protocol,
        "Train and test share": ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in shared.items())
        or "not counted",
    }


def _limits(description: ModelDescription) -> str:
    """What is honest to say of a model that was trained on these corpora."""
    if "demo" in description.trained_on:
        return (
            "This model was trained on synthetic voices: its answers show how the page works, and nothing about people."
        )
    if "custom" in description.trained_on:
        return "This model knows the recordings it was trained on; how it does elsewhere was not tested."
    return (
        "This model was trained on actors in a studio: it hears how an emotion is performed, not what somebody feels,"
        " and it errs more often on other microphones, languages and ways of speaking."
    )


def _corpus(name: str) -> str:
    known = CORPORA.get(name)
    return f"{known.title} ({known.licence})" if known else name


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
