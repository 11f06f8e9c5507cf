"""Audits of a few files, for the tests of `ser.audit`."""

from pathlib import Path

import pandas as pd

from ser.audio.limits import AudioError
from ser.audit.report import Audit, audit_tables
from ser.dataset.recordings import Recording, read_recording, tabulate


def audit_paths(paths: list[Path]) -> Audit:
    """Audit files without labels, of a corpus called toy."""
    read = [(path, read_recording(path)) for path in paths]
    rejected = [
        {"path": path.as_posix(), "corpus": "toy", "reason": error.reason, "detail": str(error)}
        for path, error in read
        if isinstance(error, AudioError)
    ]
    conditions = tabulate([recording for _, recording in read if isinstance(recording, Recording)])
    metadata = pd.DataFrame(columns=["path", "corpus", "emotion", "gender", "speaker", "duration"])
    return audit_tables(metadata, pd.DataFrame(rejected, columns=["path", "corpus", "reason", "detail"]), conditions)
