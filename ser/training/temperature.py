"""The temperature that makes confidence as high as accuracy."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax


def fit_temperature(logits: np.ndarray, classes: np.ndarray) -> float:
    """Find what to divide logits by, so that the softmax finds the right classes likeliest: one number for all.

    Args:
        logits: or other decision values, of utterances that were not trained on, shape (n_utterances, n_classes).
        classes: which of them are right, shape (n_utterances,).

    Source:
        Guo et al. 2017, section 4.2.
    """

    def surprise(log_temperature: float) -> float:
        likelihoods = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(likelihoods[np.arange(len(classes)), classes].mean())

    return float(np.exp(minimize_scalar(surprise, bounds=(-5, 5), method="bounded").x))
