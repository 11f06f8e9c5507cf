from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ser.dataset.metadata import read_metadata, write_metadata
from ser.errors import InputError

Make = Callable[..., pd.DataFrame]


def test_metadata_comes_back_sorted(make_metadata: Make, tmp_path: Path) -> None:
    metadata = make_metadata(speakers=2)
    write_metadata(metadata.sample(frac=1, random_state=0), tmp_path / "m.csv")
    expected = metadata.sort_values("utterance_id", ignore_index=True)
    pd.testing.assert_frame_equal(read_metadata(tmp_path / "m.csv"), expected)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("emotion", "", "toy_01_neutral_0: emotion: expected a name, got nothing"),
        ("gender", "x", "toy_01_neutral_0: gender: expected female or male, got 'x'"),
        ("utterance_id", "toy_01_neutral_1", "utterance toy_01_neutral_1 stands in more than one row"),
        ("duration", "long", "column 'duration': expected float"),
    ],
)
def test_a_row_that_cannot_be_right_is_refused(
    make_metadata: Make, tmp_path: Path, column: str, value: str, message: str
) -> None:
    metadata = make_metadata(speakers=2).astype({column: object})
    metadata.loc[0, column] = value
    metadata.to_csv(tmp_path / "m.csv", index=False)
    with pytest.raises(InputError, match=message):
        read_metadata(tmp_path / "m.csv")
