"""Makes the pictures of the page and of `ser predict` in docs/images, from a synthetic voice.

    python -m docs.make_images

Needs what `dvc repro` makes of the demo corpus, and Debian's chromium.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

from tests.serving import SER, running_service

TOP = Path(__file__).resolve().parent.parent
IMAGES = TOP / "docs/images"
CLIP = Path("data/raw/demo/Actor_01/03-01-05-01-01-01-01.wav")
MODELS = ("model.onnx", "model.safetensors")


def main() -> None:
    """Make both."""
    draw_terminal(["ser", "predict", str(CLIP)], IMAGES / "predict.svg")
    with tempfile.TemporaryDirectory() as folder:
        for name in MODELS:
            (Path(folder) / "models").mkdir(exist_ok=True)
            shutil.copy(TOP / "models" / name, Path(folder) / "models")
        with running_service(Path(folder)) as address:
            draw_page(address, TOP / CLIP, IMAGES / "page.png")


def draw_terminal(command: list[str], path: Path) -> None:
    """Run a command and draw what it prints as a terminal shows it."""
    # Our own command, and no shell.
    done = subprocess.run([SER, *command[1:]], cwd=TOP, capture_output=True, text=True, check=True)  # noqa: S603
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 (a name, not a path)
        console = Console(record=True, width=78, file=nowhere)
        console.print(Text(f"$ {' '.join(command)}\n{done.stdout.rstrip()}"))
    svg = console.export_svg(title="ser predict", unique_id="predict")
    # Rich's fonts are on another machine.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code", "monospace")
    path.write_text(svg, encoding="utf-8")


def draw_page(address: str, clip: Path, path: Path) -> None:
    """Upload a clip, and take the page's picture."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        flags += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        page = browser.new_page(viewport={"width": 1120, "height": 800}, color_scheme="light")
        page.goto(address)
        page.locator("input[type=file]").set_input_files(clip)
        page.get_by_role("img", name="Waveform").wait_for()
        page.mouse.move(0, 0)
        page.wait_for_timeout(1000)  # for what moves to come to rest
        page.screenshot(path=path, full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
