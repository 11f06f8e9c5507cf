"""The interval of a score over resampled speakers."""

import numpy as np

from ser.params import EvaluateParams


def resample_speakers(per_speaker: np.ndarray, params: EvaluateParams) -> np.ndarray:
    """Draw as many speakers as there are, with replacement, again and again, and add up what belongs to them.

    Utterances of one speaker resemble each other, so speakers are resampled, not utterances. Four speakers have only 35
    different resamples, and the interval is rough, often too narrow; of one speaker it has no width and says nothing.

    Args:
        per_speaker: sums over each speaker's utterances, shape (n_speakers, ...).
        params: how many resamples, and the seed; every call with as many speakers draws the same ones.

    Returns:
        float64, shape (bootstrap_samples, ...).

    Source:
        The cluster bootstrap: Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8.
    """
    n_speakers = len(per_speaker)
    rng = np.random.default_rng(params.seed)
    draws = rng.multinomial(n_speakers, np.full(n_speakers, 1 / n_speakers), size=params.bootstrap_samples)
    # Floats go through BLAS, integers do not; counts are exact in both.
    return np.tensordot(draws.astype(np.float64), per_speaker.astype(np.float64), axes=1)  # (samples, ...)


def interval_95(samples: np.ndarray) -> dict[str, float]:
    """Percentile interval of a score.

    Args:
        samples: the score of each resample, shape (n_samples,).

    Returns:
        low and high, the 2.5th and 97.5th percentiles, rounded to 6 decimals.
    """
    low, high = np.percentile(samples, [2.5, 97.5])
    return {"low": round(float(low), 6), "high": round(float(high), 6)}
