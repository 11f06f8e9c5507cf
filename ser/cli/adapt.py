"""The command `ser adapt`."""

from pathlib import Path
from typing import Annotated

import typer

from ser.cli.options import ModelOption, choose
from ser.cli.recordings import JobsOption, RecordingsArgument, do_all, find_recordings
from ser.console import tell
from ser.errors import InputError, user_errors


def adapt(
    paths: RecordingsArgument,
    out: Annotated[Path, typer.Option(dir_okay=False, help="The adapted model file, ONNX.")],
    model: ModelOption = None,
    jobs: JobsOption = None,
) -> None:
    """Adapt a model to one source of recordings: one microphone, call centre or speaker. No labels are needed.

    What a source's recordings have in common, a room, a language, a voice, is taken off before the emotion is told. 20
    recordings are enough, more are better; several emotions should occur in them, which need not be known. The model
    file that is written is used like any other, for this source.

    Exit code: 0 if the model was written, 1 if it or a recording could not be used, 2 if the command was called
    wrongly.

    Example: ser adapt calls/ --out calls.onnx && ser predict --model calls.onnx calls/today.wav
    """
    with user_errors():
        from ser.inference.adaptation import Heard  # noqa: PLC0415 (NumPy, which --help need not wait for)
        from ser.model_files.onnx_file import for_source  # noqa: PLC0415 (onnxruntime takes a while)
        from ser.storage import replacing  # noqa: PLC0415

        chosen = choose(model)
        recordings, missing = find_recordings(paths)
        heard: list[Heard] = []
        failed = do_all(recordings, chosen.predictor.hear, lambda _, one: heard.append(one), jobs)
        statistics = chosen.predictor.statistics_of(heard)
        if chosen.path.resolve() == out.resolve():
            raise InputError(f"{out}: this is the model that is adapted; give the new one another name")
        with replacing(out, ".onnx") as sibling:
            sibling.write_bytes(for_source(chosen.path.read_bytes(), statistics, chosen.path))
        tell("note", f"{out}: adapted to {len(heard)} recordings")
        if missing or failed:
            raise typer.Exit(1)
