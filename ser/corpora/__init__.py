"""The corpora that can be read: one module each, and the registry that names them."""

from collections.abc import Callable
from pathlib import PurePath

from ser.corpora import ravdess
from ser.corpora.labels import Labels

READERS: dict[str, Callable[[PurePath], Labels]] = {
    "demo": ravdess.read_labels,  # the synthetic corpus is named by RAVDESS's rules
    "ravdess": ravdess.read_labels,
}
"""From a corpus's name to the function that reads the labels in one of its file names."""
