import numpy as np
import pytest

from ser.acoustics.functionals import N_FUNCTIONALS, functionals

HALF = N_FUNCTIONALS // 2


def of_one(values: list[float] | np.ndarray, known: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Functionals of one contour, and of its slopes."""
    contour = np.asarray(values, float)[None]
    found = functionals(contour, np.ones_like(contour, bool) if known is None else known[None])
    assert found.shape == (N_FUNCTIONALS,)
    assert found.dtype == np.float32
    return found[:HALF], found[HALF:]


def test_a_ramp() -> None:
    values, slopes = of_one(3 + 2 * np.arange(11))
    assert values[0] == 13
    assert values[1] == pytest.approx(2 * np.sqrt(10))
    np.testing.assert_allclose(values[2:9], np.quantile(3 + 2 * np.arange(11), [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]))
    np.testing.assert_allclose(values[9:12], [2, 0, 0], atol=1e-5)  # slope, error, curvature
    np.testing.assert_allclose(values[12:17], [1, 2, 0, 2, 2])  # all rises, by 2
    assert slopes[0] == 2
    assert slopes[1] == 0


def test_steps_up_and_down() -> None:
    values, _ = of_one([0, 1, 0, 3, 0])
    np.testing.assert_allclose(values[12:17], [0.5, 2, -2, 2, np.sqrt(5)])


def test_a_bow_is_curvature_and_not_slope() -> None:
    values, _ = of_one(np.linspace(-1, 1, 101) ** 2)
    assert values[9] == pytest.approx(0, abs=1e-6)
    assert values[11] > 0.2
    assert of_one(-(np.linspace(-1, 1, 101) ** 2))[0][11] == pytest.approx(-values[11])


def test_a_swing_comes_back_after_its_period() -> None:
    values, _ = of_one(np.sin(2 * np.pi * np.arange(400) / 16))
    np.testing.assert_allclose(values[17:], np.cos(2 * np.pi * np.array([1, 2, 4, 8, 16]) / 16), atol=0.06)


def test_frames_in_which_it_is_not_known_do_not_matter() -> None:
    rng = np.random.default_rng(0)
    contour = rng.normal(size=60)
    known = np.arange(60) < 40
    changed = np.where(known, contour, 1000)
    np.testing.assert_array_equal(of_one(contour, known)[0], of_one(changed, known)[0])
    np.testing.assert_array_equal(of_one(contour, known)[1], of_one(changed, known)[1])
    np.testing.assert_allclose(of_one(contour, known)[0], of_one(contour[:40])[0], rtol=1e-5, atol=1e-6)


def test_there_is_no_step_over_a_gap() -> None:
    known = np.array([True, True, False, True, True])
    values, slopes = of_one([0, 1, 50, 100, 101], known)
    np.testing.assert_allclose(values[12:17], [1, 1, 0, 1, 1])
    assert not slopes.any()  # no five frames beside each other


def test_what_is_never_known_is_zero() -> None:
    values, slopes = of_one(np.arange(9), np.zeros(9, bool))
    assert not values.any()
    assert not slopes.any()


@pytest.mark.parametrize("n_frames", [1, 2, 4, 5, 17])
def test_contours_stand_one_after_another_however_short(n_frames: int) -> None:
    contours = np.random.default_rng(0).normal(size=(3, n_frames))
    found = functionals(contours, np.ones_like(contours, bool)).reshape(3, N_FUNCTIONALS)
    assert np.isfinite(found).all()
    for contour, row in zip(contours, found, strict=True):
        np.testing.assert_array_equal(np.concatenate(of_one(contour)), row)
