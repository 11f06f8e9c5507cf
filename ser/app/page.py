"""The web page: a voice in; its emotion, what was heard of it and what the model is, out."""

import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import cast

import gradio as gr
from fastapi import FastAPI
from gradio import processing_utils
from starlette.routing import Mount

from ser.app import parts
from ser.app.doors import Doors
from ser.app.engine import Engine
from ser.app.listener import Listener

UPLOADS_KEPT = 600
"""Seconds for which an uploaded recording lies on disk, unless the service ends before."""

_CSS = Path(__file__).with_name("page.css")
_FONT = ("system-ui", "sans-serif")  # of the machine that shows the page: none is fetched
_MONO = ("ui-monospace", "monospace")


def mount_page(app: FastAPI, engine: Engine, trained: Path | None) -> None:
    """Show the page at ``/``, behind every route that `app` has already.

    What is uploaded lies in a folder of its own, which is removed when `app` shuts down.

    Args:
        app: the service.
        engine: what it decodes and predicts with.
        trained: the model file for explanations, which torch reads; None: there are none.
    """
    uploads = tempfile.TemporaryDirectory(prefix="ser-page-")
    os.environ["GRADIO_TEMP_DIR"] = uploads.name  # there is no argument for it
    page = _layout(Listener(engine, trained))
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        app_kwargs={"lifespan": _removing(uploads), "docs_url": None, "redoc_url": None, "openapi_url": None},
        css_paths=_CSS,
        enable_monitoring=False,
        footer_links=[],
        max_file_size=engine.settings.max_bytes,
        run_history=False,
        show_error=False,  # what a bug says is for the log
        ssr_mode=False,
        theme=gr.themes.Default(primary_hue="blue", font=_FONT, font_mono=_MONO).set(
            body_text_color_subdued="*neutral_500",
            block_info_text_color="*neutral_500",  # legible: a contrast above 4.5
        ),
    )
    _keep_to_uploads(page)
    mounted = cast("FastAPI", cast("Mount", app.routes[-1]).app)
    mounted.add_middleware(Doors, engine=engine, uploads=Path(uploads.name))


def _keep_to_uploads(page: gr.Blocks) -> None:
    """Have gradio take, where a request names a file, what was uploaded and nothing else."""
    page.has_launched = True  # it looks where a file lies only then, and does not say so itself when it is mounted

    async def fetch_nothing(url: str, cache_dir: str) -> str:  # noqa: ARG001 (called with it)
        raise gr.Error(f"expected an uploaded file, found the address {url}", print_exception=False)

    processing_utils.async_ssrf_protected_download = fetch_nothing


def _removing(folder: tempfile.TemporaryDirectory[str]) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with folder:
            yield

    return lifespan


def _layout(listener: Listener) -> gr.Blocks:
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
        explain.click(listener.explain, [voice, file, emotion], explanation)
    page.queue(max_size=listener.engine.settings.concurrency, api_open=False, default_concurrency_limit=None)
    return page


def _html(content: str) -> gr.HTML:
    return gr.HTML(content, apply_default_css=False)
