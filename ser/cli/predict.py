"""The command `ser predict`."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from ser.cli.options import STDIN, ModelOption, choose
from ser.cli.recordings import JobsOption, RecordingsArgument, do_all, find_recordings
from ser.console import tell
from ser.errors import InputError, user_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ser.inference.choice import ChosenModel
    from ser.inference.predictor import Prediction


def predict(
    paths: RecordingsArgument,
    model: ModelOption = None,
    encoder: Annotated[
        str | None, typer.Option(help="The pretrained encoder of a model that was trained on one.", show_default="none")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array, one object per recording.")] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object per line, as they come.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a CSV table, with a column per emotion.")] = False,
    top: Annotated[int | None, typer.Option(min=1, help="Print only so many emotions, the most probable.")] = None,
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="Call the emotion 'unsure' where its probability is lower.")
    ] = 0.0,
    one_source: Annotated[
        bool,
        typer.Option(
            "--one-source", help="They are of one microphone, call centre or speaker: adapt to it first; 20 or more."
        ),
    ] = False,
    jobs: JobsOption = None,
) -> None:
    """Say which emotion recordings carry, with the probability of every emotion.

    A long recording is heard in windows, and its probabilities are their mean, weighted by how much voice each holds.
    A recording that cannot be used is named on stderr and the others are still predicted. `ser adapt` does once what
    --one-source does each time.

    Exit code: 0 if every recording was predicted, 1 if one of them or the model could not be used, 2 if the command was
    called wrongly.

    Example: ser predict call.wav interviews/ --json
    """
    if as_json + as_jsonl + as_csv > 1:
        raise typer.BadParameter("expected at most one of --json, --jsonl and --csv")
    with user_errors():
        from ser.cli.reports import report  # noqa: PLC0415
        from ser.inference.predictor import UNLIKE  # noqa: PLC0415

        chosen = choose(model, encoder)
        recordings, missing = find_recordings(paths)
        if one_source:
            chosen = _adapted(chosen, recordings, jobs)
        out = report(
            "json" if as_json else "jsonl" if as_jsonl else "csv" if as_csv else "text",
            recordings,
            chosen,
            top,
            min_confidence,
        )

        def read(recording: str) -> "Prediction":
            return chosen.predictor.predict(sys.stdin.buffer if recording == STDIN else recording)

        def add(recording: str, prediction: "Prediction") -> None:
            for note in prediction.notes:
                tell("note", note)
            if prediction.unlike:
                tell("note", f"{recording}: {UNLIKE}")
            out.add(recording, prediction)

        failed = do_all(recordings, read, add, jobs)
        out.close()
        if failed or missing:
            raise typer.Exit(1)


def _adapted(chosen: "ChosenModel", recordings: "Sequence[str]", jobs: int | None) -> "ChosenModel":
    """The model for recordings of one source; as it comes, if they seem to carry one emotion."""
    from ser.inference.adaptation import Heard, OneEmotionError  # noqa: PLC0415 (as above)

    if STDIN in recordings:
        raise InputError("--one-source goes through the recordings twice, and standard input comes once: give files")
    heard: list[Heard] = []
    do_all(recordings, chosen.predictor.hear, lambda _, one: heard.append(one), jobs)
    try:
        return replace(chosen, predictor=chosen.predictor.adapted_to(chosen.predictor.statistics_of(heard)))
    except OneEmotionError as error:
        tell("note", f"{error}; the model answers as it comes")
        return chosen
