"""The web page: a voice in; its emotion, what was heard of it and what the model is, out."""

import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from fastapi import FastAPI
from starlette.routing import Mount

from ser.app.doors import Doors
from ser.app.engine import Engine

if TYPE_CHECKING:
    import gradio as gr

_CSS = Path(__file__).with_name("page.css")
_FONT = ("system-ui", "sans-serif")  # of the machine that shows the page: none is fetched
_MONO = ("ui-monospace", "monospace")


def mount_page(app: FastAPI, engine: Engine, model: Path) -> None:
    """Show the page at ``/``, behind every route that `app` has already.

    What is uploaded lies in a folder of its own, which is removed when `app` shuts down.

    Args:
        app: the service.
        engine: what it decodes and predicts with.
        model: the model's file: beside it, the trained one may lie that explanations are made from.
    """
    uploads = tempfile.TemporaryDirectory(prefix="ser-page-")
    os.environ["GRADIO_TEMP_DIR"] = uploads.name  # there is no argument for it, and gradio reads it on import, too
    import gradio as gr  # noqa: PLC0415

    from ser.app.layout import layout  # noqa: PLC0415
    from ser.app.listener import Listener, find_trained  # noqa: PLC0415

    page = layout(Listener(engine, find_trained(model, engine.predictor.model.description)))
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
            block_info_text_color="*neutral_500",  # a contrast above 4.5, on white
        ),
    )
    _keep_to_uploads(page)
    mounted = cast("FastAPI", cast("Mount", app.routes[-1]).app)
    mounted.add_middleware(Doors, engine=engine, uploads=Path(uploads.name))


def _keep_to_uploads(page: "gr.Blocks") -> None:
    """Have gradio take, where a request names a file, what was uploaded and nothing else."""
    from gradio import Error, processing_utils  # noqa: PLC0415

    page.has_launched = True  # it looks where a file lies only then, and does not say so itself when it is mounted

    async def fetch_nothing(url: str, cache_dir: str) -> str:  # noqa: ARG001 (called with it)
        raise Error(f"expected an uploaded file, found the address {url}", print_exception=False)

    processing_utils.async_ssrf_protected_download = fetch_nothing


def _removing(folder: tempfile.TemporaryDirectory[str]) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with folder:
            yield

    return lifespan
