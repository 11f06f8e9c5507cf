"""What is where on the page, and what follows when something is done there."""

import gradio as gr

from ser.app import parts
from ser.app.listener import Listener

UPLOADS_KEPT = 600
"""Seconds for which an uploaded recording lies on disk, unless the service ends before."""


def layout(listener: Listener) -> gr.Blocks:
    """Lay out the page, and say what follows when something is done on it."""
    page: gr.Blocks
    with gr.Blocks(title="Speech emotion", analytics_enabled=False, delete_cache=(60, UPLOADS_KEPT)) as page:
        _html(parts.introduction(listener.description))
        prediction = gr.State(time_to_live=UPLOADS_KEPT)
        with gr.Row():
            with gr.Column():
                voice = gr.Audio(label="Microphone", sources=["microphone"], type="filepath", buttons=[])
                # Of any type: what a file is, the decoder knows better than the browser.
                file = gr.File(label="File", height=140)
                least = gr.Slider(
                    0, 1, 0, step=0.05, label="Least confidence", info="Below it, the answer is 'unsure'."
                )
            with gr.Column():
                answer = _html(listener.invitation)
        with gr.Tabs():
            with gr.Tab("What is heard"):
                heard = _html(parts.NOTHING)
            with gr.Tab("Explanation", visible=listener.trained is not None):
                _html(parts.EXPLAINING)
                with gr.Row(equal_height=True):
                    emotion = gr.Dropdown([parts.MOST_PROBABLE, *listener.description.classes], label="Emotion")
                    explain = gr.Button("Explain", scale=0)
                explanation = _html(parts.NOTHING)
            with gr.Tab("The model"):
                _html(parts.card(listener.description))
        shown = [prediction, answer, heard, explanation]
        for source, other, came in ((voice, file, voice.input), (file, voice, file.upload)):
            came(listener.listen, [source, least], [source, other, *shown])
            source.clear(listener.forget, None, shown)
        least.change(listener.answer, [prediction, least], answer, show_progress="hidden")
        if listener.trained is not None:
            explain.click(listener.explain, [voice, file, emotion], explanation)
    page.queue(max_size=listener.engine.settings.concurrency, api_open=False, default_concurrency_limit=None)
    return page


def _html(content: str) -> gr.HTML:
    return gr.HTML(content, apply_default_css=False)
