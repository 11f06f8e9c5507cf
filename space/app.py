"""The Gradio demo, for a Hugging Face Space: a voice in, its emotion out. docs/page.md says how to publish it."""

import gradio as gr

from ser import InputError, Predictor
from ser.app.page.html import card, introduction

predictor = Predictor.load("models/model.onnx")


def listen(path: str | None) -> dict[str, float]:
    """Say how probable each emotion is.

    Args:
        path: of a recording.

    Raises:
        gradio.Error: there is none, or it cannot be used.
    """
    if path is None:
        raise gr.Error("Record or upload a voice first.", print_exception=False)
    try:
        return predictor.predict(path).probabilities
    except InputError as error:
        reason = str(error).removeprefix(f"{path}: ")
        raise gr.Error(f"This recording cannot be used: {reason}.", print_exception=False) from None


demo = gr.Interface(
    listen,
    gr.Audio(type="filepath", label="Voice"),
    gr.Label(label="Emotion"),
    description=introduction(predictor.model.description),
    article=card(predictor.model.description),
    flagging_mode="never",
    delete_cache=(60, 600),  # a recording is kept for ten minutes at most; seconds
)

if __name__ == "__main__":
    demo.launch(max_file_size="20mb", run_history=False)
