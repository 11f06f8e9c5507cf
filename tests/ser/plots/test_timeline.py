import io
from dataclasses import replace

import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from ser.dataset.metadata import EMOTIONS
from ser.inference.timeline import Timeline
from ser.plots.colours import COLOURS, OTHER_COLOURS, colour
from ser.plots.timeline import draw_timeline
from tests.ser.inference.test_timeline import toy


def painted(image: bytes, emotion: str) -> int:
    """How many points of a PNG have an emotion's colour."""
    pixels = matplotlib.image.imread(io.BytesIO(image))[..., :3]
    return int((np.abs(pixels - np.array(to_rgb(COLOURS[emotion]))).max(axis=2) < 0.004).sum())


def of_one_phrase(calm: float) -> Timeline:
    return toy([[calm, 1 - calm]] * 18, [(0, 20)], [float(start) for start in range(18)])


def test_an_emotion_takes_the_area_of_its_probability() -> None:
    legend = painted(draw_timeline(toy([], [], []), "a"), "calm")
    some, all_of_it = (painted(draw_timeline(of_one_phrase(calm), "a"), "calm") - legend for calm in (0.25, 1.0))
    ribbon_and_all = all_of_it
    assert some > 0
    # A quarter of the area, and not the ribbon of segments, where the other emotion prevails.
    area = 4 * some
    assert 0.75 < area / ribbon_and_all < 0.95


def test_pauses_are_left_out() -> None:
    whole = painted(draw_timeline(of_one_phrase(1.0), "a"), "calm")
    half = painted(
        draw_timeline(toy([[1.0, 0.0]] * 8, [(5, 15)], [float(start) for start in range(5, 13)]), "a"), "calm"
    )
    assert half / whole == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(("image_format", "head"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_formats_are_what_they_are_called_and_the_same_each_time(image_format: str, head: bytes) -> None:
    image = draw_timeline(of_one_phrase(0.6), "a talk", image_format)
    assert image.startswith(head)
    if image_format == "png":
        assert image == draw_timeline(of_one_phrase(0.6), "a talk", image_format)


def test_recordings_of_a_moment_and_of_hours_are_drawn() -> None:
    timeline = of_one_phrase(0.6)
    for duration in (0.1, 3601.0, 80_000.0):
        assert len(draw_timeline(replace(timeline, duration=duration), "$a_b$ {title}")) > 10_000


def test_names_are_no_formulas() -> None:
    timeline = replace(of_one_phrase(0.6), classes=(r"$\frac$", r"_\undefined$x"))
    assert draw_timeline(timeline, r"$\frac{") != draw_timeline(timeline, r"$\frac")


def test_every_emotion_has_a_colour_of_its_own() -> None:
    assert set(COLOURS) == set(EMOTIONS)
    classes = [*EMOTIONS, "bored", "proud"]
    assert len({colour(name, classes) for name in classes}) == 10
    assert colour("proud", classes) == OTHER_COLOURS[1]
