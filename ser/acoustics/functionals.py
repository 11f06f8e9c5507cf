"""Statistics over time of contours, each over the frames in which it is known."""

import numpy as np

_QUANTILES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
_LAGS = (1, 2, 4, 8, 16)  # frames
N_FUNCTIONALS = 2 * (2 + len(_QUANTILES) + 3 + 5 + len(_LAGS))
"""Of one contour."""


def functionals(contours: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Say how contours, and their slopes from frame to frame, are distributed over time, and how they move.

    Of each: mean and deviation; quantiles; slope, error and curvature of its regression on time; the share of rising
    steps, the mean rise, fall and step, and the steps' root mean square; its autocorrelation.

    Args:
        contours: shape (n, n_frames).
        known: bool, in which frames they are known, same shape; where none is, all functionals are 0.

    Returns:
        float32, shape (n * N_FUNCTIONALS,).

    Source:
        The kinds of functionals of Schuller et al., "The INTERSPEECH 2013 computational paralinguistics challenge",
        Interspeech 2013.
    """
    values = np.pad(contours.astype(np.float64), ((0, 0), (2, 2)))
    slopes = (2 * (values[:, 4:] - values[:, :-4]) + values[:, 3:-1] - values[:, 1:-3]) / 10  # of a line through five
    inside = np.lib.stride_tricks.sliding_window_view(np.pad(known, ((0, 0), (2, 2))), 5, axis=1).all(axis=2)
    both = [_describe(*each) for each in ((values[:, 2:-2], known), (slopes, inside))]
    return np.concatenate(both, axis=1).ravel().astype(np.float32)


def _describe(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Half of `functionals`: shape (n, N_FUNCTIONALS // 2)."""
    count = np.maximum(known.sum(axis=1), 1)
    centre = (values * known).sum(axis=1) / count
    centred = (values - centre[:, None]) * known
    deviation = np.sqrt((centred**2).sum(axis=1) / count)
    both = known[:, 1:] & known[:, :-1]
    steps = np.diff(values, axis=1) * both
    n_steps, n_rising, n_falling = (np.maximum(each.sum(axis=1), 1) for each in (both, steps > 0, steps < 0))
    relative = centred / (deviation[:, None] + 1e-4)
    return np.column_stack(
        [
            centre,
            deviation,
            _quantiles(values, known),
            _regression(centred, known, count),
            (steps > 0).sum(axis=1) / n_steps,
            np.maximum(steps, 0).sum(axis=1) / n_rising,
            np.minimum(steps, 0).sum(axis=1) / n_falling,
            np.abs(steps).sum(axis=1) / n_steps,
            np.sqrt((steps**2).sum(axis=1) / n_steps),
            *((relative[:, lag:] * relative[:, :-lag]).sum(axis=1) / count for lag in _LAGS),
        ]
    )


def _quantiles(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Between the two nearest of the sorted values, shape (n, len(_QUANTILES))."""
    ordered = np.sort(np.where(known, values, np.inf), axis=1)
    place = np.maximum(known.sum(axis=1, keepdims=True) - 1, 0) * np.array(_QUANTILES)
    below, above = (np.take_along_axis(ordered, edge(place).astype(int), axis=1) for edge in (np.floor, np.ceil))
    known_at_all = known.any(axis=1, keepdims=True)
    below, above = np.where(known_at_all, below, 0), np.where(known_at_all, above, 0)
    return np.asarray(below + (above - below) * (place % 1))


def _regression(centred: np.ndarray, known: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Slope per frame, root mean squared error, and curvature, shape (n, 3)."""
    times = np.arange(centred.shape[1])
    since = (times - (times * known).sum(axis=1, keepdims=True) / count[:, None]) * known
    variance = np.maximum((since**2).sum(axis=1) / count, 1e-8)
    slope = (since * centred).sum(axis=1) / count / variance
    error = np.sqrt(((centred - slope[:, None] * since) ** 2).sum(axis=1) / count)
    unit = since / np.sqrt(variance)[:, None]
    bow = (unit**2 - 1) * known
    bow -= unit * ((bow * unit).sum(axis=1) / count)[:, None]
    return np.column_stack([slope, error, (bow * centred).sum(axis=1) / np.maximum((bow**2).sum(axis=1), 1)])
