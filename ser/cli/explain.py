"""The command `ser explain`."""

from pathlib import Path
from typing import Annotated

import typer

from ser.console import tell
from ser.errors import user_errors


def explain(
    recording: Annotated[Path, typer.Argument(help="A recording.", show_default=False)],
    out: Annotated[Path, typer.Option(dir_okay=False, help="The picture, a PNG.")] = Path("explanation.png"),
    emotion: Annotated[
        str | None, typer.Option(help="The emotion to explain.", show_default="the most probable")
    ] = None,
    model: Annotated[Path, typer.Option(help="The model file that `dvc repro` trained.")] = Path(
        "models/model.safetensors"
    ),
) -> None:
    """Draw which times and frequencies of a recording spoke for an emotion, and which against it.

    Parts of the spectrogram are hidden, one after the other: where the emotion's probability falls, the model had
    listened. Needs torch and captum: pip install '.[train]'.

    Example: ser explain call.wav --emotion angry --out angry.png
    """
    with user_errors():
        from ser.audio.decode import read_audio  # noqa: PLC0415
        from ser.features.front_end import prepare_signal  # noqa: PLC0415
        from ser.inference.explanation import explain as explain_signal  # noqa: PLC0415
        from ser.model_files.safetensors_file import read_model  # noqa: PLC0415
        from ser.plots.explanation import draw_explanation  # noqa: PLC0415 (torch takes a second)
        from ser.plots.style import save_figure  # noqa: PLC0415

        trained = read_model(model)
        audio = read_audio(recording)
        for note in audio.notes:
            tell("note", note)
        params = trained.description.front_end
        signal = prepare_signal(audio.signal[:, None], audio.sampling_rate, params)
        if len(signal) > params.n_samples:
            tell(
                "note",
                f"{recording}: explained are the first {params.duration:g} s, which is what the model hears at once",
            )
        explanation = explain_signal(trained, signal, emotion)
        save_figure(draw_explanation(explanation), out)
        typer.echo(f"{out}: {explanation.emotion} {explanation.probability:.1%}")
