from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from ser.audio.signal import resample
from ser.dataset.copies import find_copies, find_near_identical
from ser.dataset.fingerprint import SAME_RECORDING_BITS
from ser.dataset.recordings import Recording, examine, tabulate
from tests.conftest import CORPORA, clip

RATE = 48_000


def speechlike(seed: int) -> np.ndarray:
    """A second of hums of changing pitch, shape (n_samples,)."""
    rng = np.random.default_rng(seed)
    return np.concatenate([clip(int(rng.integers(1 << 30)), 0.15, RATE) * rng.uniform(0.3, 1) for _ in range(7)])


def table(paths: list[Path]) -> pd.DataFrame:
    return tabulate([found for found in examine(paths) if isinstance(found, Recording)])


def save(path: Path, samples: np.ndarray, rate: int = RATE, **options: str) -> Path:
    soundfile.write(path, samples, rate, **options)
    return path


def test_copies_are_told_by_what_was_done_to_them(tmp_path: Path) -> None:
    signal = np.round(32_768 * speechlike(0)) / 32_768
    paths = [
        save(tmp_path / "a.wav", signal),
        save(tmp_path / "b_flac.flac", signal),
        save(tmp_path / "b_stereo.wav", np.stack([signal, signal], axis=1)),
        save(tmp_path / "c_22050.wav", resample(signal, RATE, 22_050), 22_050),
        save(tmp_path / "c_quiet.wav", 0.3 * signal),
        save(tmp_path / "c_mp3.mp3", signal),
        save(tmp_path / "d.wav", speechlike(1)),
    ]
    copies = find_copies(table(paths))
    assert set(copies["original"]) == {paths[0].as_posix()}
    found = {Path(row.path).name: (row.kind, row.detail) for row in copies.itertuples()}
    assert {name: kind for name, (kind, _) in found.items()} == {
        "b_flac.flac": "duplicate",
        "b_stereo.wav": "duplicate",
        "c_22050.wav": "altered copy",
        "c_quiet.wav": "altered copy",
        "c_mp3.mp3": "altered copy",
    }
    assert "2 channels instead of 1" in found["b_stereo.wav"][1]
    assert "22,050 Hz instead of 48,000" in found["c_22050.wav"][1]
    assert "dB quieter" in found["c_quiet.wav"][1]
    assert "MP3 instead of WAV" in found["c_mp3.mp3"][1]


def test_a_noisier_copy_may_be_another_recording() -> None:
    rng = np.random.default_rng(0)
    bits = rng.random((1, 512)) < 0.5
    noisy = bits.copy()
    noisy[0, : SAME_RECORDING_BITS + 1] ^= True
    plain = {"channels": 1, "sampling_rate": RATE, "container": "WAV", "rms_db": -20.0}
    rows = [
        {"path": name, "signal_hash": name, "fingerprint": np.packbits(code).tobytes().hex()} | plain
        for name, code in (("a", bits), ("b", noisy))
    ]
    assert find_copies(pd.DataFrame(rows)).empty
    near = find_near_identical(pd.DataFrame(rows))
    assert near.to_numpy().tolist() == [["b", "a", "near-identical", "sounds like a; 46 of 512 bits differ"]]


def test_the_original_is_of_the_highest_rate_and_not_compressed_with_loss(tmp_path: Path) -> None:
    signal = speechlike(2)
    paths = [
        save(tmp_path / "a_16000.wav", resample(signal, RATE, 16_000), 16_000),
        save(tmp_path / "b.mp3", signal),
        save(tmp_path / "c.wav", signal),
        save(tmp_path / "d.wav", 0.3 * signal),
    ]
    assert set(find_copies(table(paths))["original"]) == {paths[2].as_posix()}
    assert set(find_copies(table(paths)[::-1])["original"]) == {paths[3].as_posix()}


@pytest.mark.slow
@pytest.mark.skipif(not (CORPORA / "ravdess").exists(), reason="../shared/corpora is not beside this checkout")
def test_ravdess_has_one_pair_of_copies_and_its_22050_hz_copies_are_found(tmp_path: Path) -> None:
    paths = sorted((CORPORA / "ravdess").rglob("*.flac"))
    assert len(paths) == 1440
    conditions = table(paths)
    copies = find_copies(conditions)
    assert [(Path(row.original).stem, Path(row.path).stem, row.kind) for row in copies.itertuples()] == [
        ("03-01-03-01-02-01-07", "03-01-03-01-02-02-07", "duplicate")
    ]
    assert find_near_identical(conditions.drop(copies.index)).empty
    assert conditions.loc[conditions["channels"] == 2, "equal_channels"].tolist() == [1] * 5
    assert (conditions["clipped_share"] < 1e-4).all()
    some = paths[::48]
    altered = []
    for path in some:
        samples, rate = soundfile.read(path, always_2d=True)
        altered.append(save(tmp_path / f"{path.stem}.wav", resample(samples[:, 0], rate, 22_050), 22_050))
    both = find_copies(table(some + altered))
    assert (both["kind"] == "altered copy").all()
    assert sorted(Path(path).stem for path in both["path"]) == sorted(path.stem for path in some)
    assert [Path(path).stem for path in both["path"]] == [Path(path).stem for path in both["original"]]
