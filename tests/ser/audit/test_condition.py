from pathlib import Path, PurePath

import numpy as np
import pandas as pd
import pytest
import soundfile

from ser.audio.containers import PROMISED, find_container, mismatch
from ser.audio.limits import AudioError
from ser.audio.suffixes import FFMPEG_SUFFIXES, SUFFIXES
from ser.audit.findings import FINDINGS, Finding, Limits
from ser.dataset.condition import FLOOR_DB, Condition, measure_condition
from ser.dataset.ingestion import OTHER_REASONS, UNUSABLE_REASONS
from ser.dataset.recordings import CONDITION_COLUMNS, read_recording, tabulate
from ser.storage import read_table, write_table
from tests.conftest import clip
from tests.ser.audit.conftest import audit_paths

RATE = 16_000


def voice(seconds: float = 2.0, seed: int = 0) -> np.ndarray:
    """A hum between two silences, shape (n_samples,)."""
    hum = clip(seed, seconds - 0.4)
    fade = np.minimum(1, np.minimum(np.arange(len(hum)), np.arange(len(hum))[::-1]) / 800)
    return np.pad(hum * fade, 3200)


def kinds(path: Path) -> list[str]:
    return audit_paths([path]).findings["kind"].tolist()


def save(path: Path, samples: np.ndarray, rate: int = RATE, **options: str) -> Path:
    soundfile.write(path, samples, rate, **({"subtype": "PCM_16"} | options))
    return path


def test_an_ordinary_recording_has_nothing_to_report(tmp_path: Path) -> None:
    assert kinds(save(tmp_path / "a.wav", voice())) == []


def test_mp3_and_aiff_named_wav_are_seen(tmp_path: Path) -> None:
    mp3 = save(tmp_path / "mp3.wav", voice(), format="MP3", subtype="MPEG_LAYER_III")
    aiff = save(tmp_path / "aiff.wav", voice(), format="AIFF")
    assert kinds(mp3) == ["wrong container"]
    assert kinds(aiff) == ["wrong container"]
    assert find_container(mp3) == "MP3"
    assert find_container(aiff) == "AIFF"


def test_containers_that_libsndfile_does_not_know_are_named(tmp_path: Path) -> None:
    (tmp_path / "phone.wav").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(100))
    (tmp_path / "notes.wav").write_bytes(b"to do")
    assert mismatch(PurePath("phone.wav"), find_container(tmp_path / "phone.wav")).endswith("found MP4")
    assert find_container(tmp_path / "notes.wav") == ""
    assert kinds(tmp_path / "notes.wav") == ["not audio"]
    assert find_container(tmp_path / "nowhere.wav") == ""


def test_every_extension_that_is_read_promises_a_container() -> None:
    assert set(PROMISED) == {*SUFFIXES, *FFMPEG_SUFFIXES}


def test_an_extension_that_is_no_audio_format_is_seen(tmp_path: Path) -> None:
    path = save(tmp_path / "a.wav", voice()).rename(tmp_path / "a.txt")
    assert kinds(path) == ["wrong container"]


def test_damaged_files_are_errors(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.wav", voice())
    (tmp_path / "truncated.wav").write_bytes(whole.read_bytes()[:9000])
    (tmp_path / "empty.wav").touch()
    save(tmp_path / "silent.wav", np.zeros(RATE))
    with_nan = voice()
    with_nan[100] = np.nan
    save(tmp_path / "nan.wav", with_nan, subtype="FLOAT")
    found = {name: kinds(tmp_path / f"{name}.wav") for name in ("truncated", "empty", "silent", "nan", "nowhere")}
    assert found == {
        "truncated": ["truncated"],
        "empty": ["empty"],
        "silent": ["silent"],
        "nan": ["not finite"],
        "nowhere": ["missing"],
    }
    audit = audit_paths([tmp_path / f"{name}.wav" for name in found])
    assert audit.n_unusable == audit.n_files == 5
    assert set(audit.findings["severity"]) == {"error"}


def test_stereo_says_whether_the_channels_differ(tmp_path: Path) -> None:
    same = audit_paths([save(tmp_path / "same.wav", np.stack([voice(), voice()], axis=1))]).findings
    other = audit_paths([save(tmp_path / "other.wav", np.stack([voice(), voice() / 2], axis=1))]).findings
    assert same["kind"].tolist() == other["kind"].tolist() == ["stereo"]
    assert same["detail"].item().endswith("both the same")
    assert other["detail"].item().endswith("not the same")


@pytest.mark.parametrize("after", [1.0, 0.4])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_U8", "FLOAT"])
def test_clipping_is_seen_even_when_it_was_turned_down_after(tmp_path: Path, after: float, subtype: str) -> None:
    loud = (voice() / np.abs(voice()).max() * 2).clip(-1, 1) * after
    assert kinds(save(tmp_path / "a.wav", loud, subtype=subtype)) == ["clipped"]


@pytest.mark.parametrize("peak", [0.05, 0.5, 0.999, 1.0])
def test_a_steady_tone_and_a_voice_at_full_scale_are_not_clipped(peak: float) -> None:
    tone = peak * np.sin(2 * np.pi * 100 * np.arange(RATE) / RATE)
    loud = peak * voice() / np.abs(voice()).max()
    for signal in (tone, loud):
        quantised = np.round(signal * 32767)[:, None].astype(np.float32) / 32768
        assert measure_condition(quantised, RATE, "WAV").clipped_share <= Limits().max_clipped_share


def test_dc_offset_is_measured_and_does_not_hide_silence(tmp_path: Path) -> None:
    path = save(tmp_path / "a.wav", voice() + 0.1)
    recording = read_recording(path)
    assert not isinstance(recording, AudioError)
    assert recording.condition.dc_offset == pytest.approx(0.1, abs=2e-3)
    assert recording.condition.leading_silence == pytest.approx(0.2, abs=0.03)
    assert kinds(path) == ["dc offset"]


def test_lengths_levels_and_rates_are_judged(tmp_path: Path) -> None:
    found = {
        "very short": save(tmp_path / "short.wav", voice(0.85)[3000:-3000]),
        "very long": save(tmp_path / "long.wav", np.tile(voice(), 11)),
        "quiet": save(tmp_path / "quiet.wav", voice() / voice().std() * 10 ** (-63 / 20)),
        "mostly silence": save(tmp_path / "gap.wav", np.pad(voice(0.6), RATE)),
        "odd sampling rate": save(tmp_path / "odd.wav", voice(), 12_345),
        "cut off": save(tmp_path / "cut.wav", voice()[:RATE]),
    }
    for kind, path in found.items():
        assert kinds(path) == [kind]


def test_levels_are_those_of_a_sine() -> None:
    sine = np.sin(2 * np.pi * 100 * np.arange(RATE) / RATE)[:, None].astype(np.float32)
    condition = measure_condition(0.5 * sine, RATE, "WAV")
    assert condition.peak_db == pytest.approx(-6.02, abs=0.01)
    assert condition.rms_db == pytest.approx(-9.03, abs=0.01)
    assert condition.leading_silence == condition.trailing_silence == 0
    assert condition.voice == condition.duration == 1


@pytest.mark.parametrize("samples", [np.zeros((1, 1)), np.zeros((500, 2)), np.ones((3, 1))])
def test_degenerate_recordings_have_finite_numbers(samples: np.ndarray) -> None:
    condition = measure_condition(samples.astype(np.float32), RATE, "WAV")
    numbers = [value for value in vars(condition).values() if not isinstance(value, str)]
    assert np.isfinite(numbers).all()
    assert condition.rms_db == FLOOR_DB


def test_a_corpus_of_several_rates_names_the_odd_ones_out(tmp_path: Path) -> None:
    paths = [save(tmp_path / f"{seed}.wav", voice(seed=seed), 8000 if seed == 2 else RATE) for seed in range(4)]
    findings = audit_paths(paths).findings
    assert findings["kind"].tolist() == ["mixed sampling rates"]
    assert findings["path"].item() == paths[2].as_posix()


def test_every_reason_to_leave_a_file_out_is_a_finding() -> None:
    assert {*UNUSABLE_REASONS, *OTHER_REASONS} <= set(FINDINGS)


def test_only_known_kinds_are_findings() -> None:
    assert {Finding(kind, "").severity for kind in FINDINGS} == {"error", "warning", "note"}
    with pytest.raises(ValueError, match="not a kind"):
        Finding("ugly", "")


def test_the_table_of_conditions_is_written_and_read_again(tmp_path: Path) -> None:
    recording = read_recording(save(tmp_path / "a.wav", np.stack([voice(), voice() / 2], axis=1)))
    assert not isinstance(recording, AudioError)
    table = tabulate([recording])
    assert list(table) == [*list(CONDITION_COLUMNS)[:4], *Condition.__dataclass_fields__, "odd"]
    write_table(table, tmp_path / "conditions.csv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "conditions.csv", CONDITION_COLUMNS), table, check_dtype=False)


def test_an_audit_of_nothing_is_empty() -> None:
    audit = audit_paths([])
    assert audit.n_files == 0
    assert audit.findings.empty
    assert audit.to_json()["corpora"]["all"]["clips"] == 0
