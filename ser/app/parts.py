"""What the page says, as HTML: the answer, what cannot be used, what the model is and cannot do."""

from html import escape

from ser.colours import colour
from ser.corpora import CORPORA
from ser.description import ExportedDescription, ModelDescription, Scores
from ser.predictor import Prediction
from ser.reports import UNSURE, emotion_or_unsure

NOTHING = '<p class="soft">Nothing yet.</p>'
MOST_PROBABLE = "the most probable"
EXPLAINING = (
    '<p class="soft">Parts of the spectrogram are hidden, one after the other: where the probability of the emotion'
    " falls, the model had listened. This takes some seconds.</p>"
)


def invitation(max_seconds: float, max_megabytes: float) -> str:
    """What stands in the answer's place, with the limits on recordings."""
    return (
        '<div class="answer"><p>Record or upload a voice, and its emotion will stand here.</p>'
        f'<p class="soft">WAV, FLAC, Ogg or MP3, at most {max_seconds:g} s and {max_megabytes:.3g} MB; M4A, MP4 and'
        " WebM if the server has ffmpeg.</p></div>"
    )


def answer(prediction: Prediction, min_confidence: float, heard_seconds: float) -> str:
    """The emotion, large, and a bar for the probability of each.

    Args:
        prediction: of one recording.
        min_confidence: probability below which the emotion is `UNSURE`.
        heard_seconds: how much of a recording the model hears.
    """
    emotion = emotion_or_unsure(prediction, min_confidence)
    classes = tuple(prediction.probabilities)
    rows = "".join(
        f'<tr{" class=best" if name == emotion else ""}><th scope="row">{escape(name)}</th>'
        f'<td><div style="width: {probability:.1%}; background: {colour(name, classes)}"></div></td>'
        f'<td class="number">{probability:.1%}</td></tr>'
        for name, probability in sorted(prediction.probabilities.items(), key=lambda one: -one[1])
    )
    if emotion == UNSURE:
        verdict = f"{escape(prediction.emotion)} is most probable, with {prediction.confidence:.0%}"
    else:
        verdict = f"with a probability of {prediction.confidence:.0%}"
    heard = f"{prediction.seconds:.1f} s of voice"
    if prediction.seconds > heard_seconds:
        heard += f", of which this is the first {heard_seconds:g} s"
    return (
        f'<div class="answer"><p class="emotion">{escape(emotion)}</p><p class="soft">{verdict}; {heard}</p>'
        f'<table class="bars"><caption>Probability of each emotion</caption><tbody>{rows}</tbody></table></div>'
    )


def refusal(message: str) -> str:
    """Why a recording cannot be used."""
    return f'<div class="answer refusal" role="alert"><p class="emotion">No answer</p><p>{escape(message)}</p></div>'


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
        "Network": description.architecture,
        "Hears": f"the first {front_end.duration:g} s of voice, {front_end.sampling_rate:,} Hz, {front_end.front_end}",
        "Temperature": f"{description.temperature:.3g}, by which the logits are divided before the softmax",
    }
    if isinstance(description, ExportedDescription):
        facts |= _scores(description.test, len(description.classes)) if description.test else {"Test": "no scores"}
        facts["Trained file"] = f"MD5 {description.trained_md5}"
    rows = "".join(f'<tr><th scope="row">{name}</th><td>{escape(fact)}</td></tr>' for name, fact in facts.items())
    return f'<table class="card"><tbody>{rows}</tbody></table><p class="soft">{escape(_limits(description))}</p>'


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
