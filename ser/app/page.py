"""The web page: a voice in; its emotion, what was heard of it and what the model is, out."""

import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from fastapi import FastAPI

from ser.app import parts, pictures
from ser.app.decoding import DecodersGoneError
from ser.app.engine import BusyError, Engine
from ser.errors import InputError
from ser.features import prepare_signal
from ser.predictor import Prediction

UPLOADS_KEPT = 600
"""Seconds for which an uploaded recording lies on disk, unless the service ends before."""

_CSS = Path(__file__).with_name("page.css")
_FONT = ("system-ui", "sans-serif")  # of the machine that shows the page: none is fetched
_MONO = ("ui-monospace", "monospace")


def mount_page(app: FastAPI, engine: Engine) -> None:
    """Show the page at ``/``, behind every route that `app` has already.

    What is uploaded lies in a folder of its own, which is removed when `app` shuts down.

    Args:
        app: the service.
        engine: what it decodes and predicts with.
    """
    uploads = tempfile.TemporaryDirectory(prefix="ser-page-")
    os.environ["GRADIO_TEMP_DIR"] = uploads.name  # there is no argument for it
    gr.mount_gradio_app(
        app,
        _layout(engine),
        path="/",
        app_kwargs={"lifespan": _removing(uploads), "docs_url": None, "redoc_url": None, "openapi_url": None},
        css_paths=_CSS,
        enable_monitoring=False,
        footer_links=[],
        max_file_size=engine.settings.max_bytes,
        run_history=False,
        show_error=False,  # what a bug says is for the log
        ssr_mode=False,
        theme=gr.themes.Default(primary_hue="blue", font=_FONT, font_mono=_MONO),
    )


def _removing(folder: tempfile.TemporaryDirectory[str]) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with folder:
            yield

    return lifespan


def _layout(engine: Engine) -> gr.Blocks:
    """Lay out the page, and say what follows when something is done on it."""
    description = engine.predictor.model.description
    with gr.Blocks(title="Speech emotion", analytics_enabled=False, delete_cache=(60, UPLOADS_KEPT)) as page:
        _html(parts.introduction(description))
        prediction = gr.State(time_to_live=UPLOADS_KEPT)
        with gr.Row():
            with gr.Column():
                voice = gr.Audio(label="Microphone", sources=["microphone"], type="filepath", buttons=[])
                # Of any type: what a file is, the decoder knows better than the browser.
                file = gr.File(label="Recording", height=140)
                least = gr.Slider(
                    0, 1, 0, step=0.05, label="Least confidence", info="Below it, the answer is 'unsure'."
                )
            with gr.Column():
                answer = _html(parts.INVITATION)
        with gr.Tabs():
            with gr.Tab("What is heard"):
                heard = _html(parts.NOTHING_HEARD)
            with gr.Tab("About the model"):
                _html(parts.card(description))
        listener = Listener(engine)
        for source, other, came in ((voice, file, voice.input), (file, voice, file.upload)):
            came(listener.listen, [source, least], [source, other, prediction, answer, heard])
            source.clear(listener.forget, None, [prediction, answer, heard])
        least.change(listener.answer, [prediction, least], answer, show_progress="hidden")
    page.queue(max_size=engine.settings.concurrency, api_open=False, default_concurrency_limit=None)
    return page


def _html(content: str) -> gr.HTML:
    return gr.HTML(content, apply_default_css=False)


class Listener:
    """What happens when a recording comes.

    Args:
        engine: decodes and predicts.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.front_end = engine.predictor.model.description.front_end

    async def listen(self, path: str, least: float) -> tuple[Any, ...]:
        """Answer a recording.

        Args:
            path: where gradio has put it.
            least: probability below which the emotion is unsure.

        Returns:
            The values of what it came from, of where it could have come from, and of what `forget` returns.
        """
        try:
            with self.engine.slot():
                signal = await self.engine.decode(Path(path).read_bytes())
                prediction = await self.engine.predict(signal)
                heard = await self.engine.run(self._heard, signal)
        except InputError as error:
            return None, None, None, parts.refusal(str(error)), parts.NOTHING_HEARD
        except (BusyError, DecodersGoneError):
            return None, None, None, parts.refusal("the service is busy; try again in a moment"), parts.NOTHING_HEARD
        return gr.skip(), None, prediction, self.answer(prediction, least), heard

    def forget(self) -> tuple[None, str, str]:
        """The values of the prediction, the answer and what was heard when there is no recording any more."""
        return None, parts.INVITATION, parts.NOTHING_HEARD

    def answer(self, prediction: Prediction | None, least: float) -> str:
        """Answer with another least confidence."""
        if prediction is None:
            return parts.INVITATION
        return parts.answer(prediction, least, self.engine.predictor.heard_seconds)

    def _heard(self, signal: np.ndarray) -> str:
        signal = prepare_signal(signal[:, None], self.engine.sampling_rate, self.front_end)[: self.front_end.n_samples]
        figure = pictures.draw_heard(signal, self.front_end)
        return pictures.player(signal, self.engine.sampling_rate) + pictures.image(
            figure, "Waveform and log-mel spectrogram of what the model hears of the recording"
        )
