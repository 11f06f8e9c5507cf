"""What all figures share: colours, and how they are saved."""

from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure

from ser.storage import replacing

# Okabe and Ito, "Color Universal Design", 2008: told apart with any common colour vision.
BLUE, ORANGE, VERMILLION, GREY = "#0072B2", "#E69F00", "#D55E00", "#595959"
CORPUS_COLOURS = ("#009E73", "#CC79A7", "#56B4E9", "#F0E442")


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG."""
    image = BytesIO()  # a full disk is no error of Pillow's
    # matplotlib would write its version into the file.
    figure.savefig(image, format="png", dpi=120, metadata={"Software": None}, pil_kwargs={"optimize": True})
    with replacing(path, ".png") as sibling:
        sibling.write_bytes(image.getvalue())
