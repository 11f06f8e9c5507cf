import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser.errors import InputError
from ser.inference.overview import Overview
from ser.inference.predictor import Predictor
from ser.inference.timeline import Segment, Timeline, read_timeline
from ser.model_files.onnx_file import OnnxModel
from tests.conftest import clip

RATE = 8_000
WINDOW = 0.4


@pytest.fixture(scope="module")
def predictor(small_onnx: bytes) -> Predictor:
    return Predictor(OnnxModel(small_onnx, Path("small.onnx")))


def talk(lengths: list[float], pause: float = 1.0, rate: int = RATE) -> np.ndarray:
    """Hums of these lengths, in seconds, between pauses with a little noise."""
    parts = [np.zeros(round(pause * rate), np.float32)]
    for seed, seconds in enumerate(lengths):
        parts += [clip(seed, seconds, rate), np.zeros(round(pause * rate), np.float32)]
    signal = np.concatenate(parts)
    return signal + np.random.default_rng(0).normal(0, 1e-4, len(signal)).astype(np.float32)


def write(path: Path, signal: np.ndarray, rate: int = RATE) -> Path:
    soundfile.write(path, signal, rate, subtype="FLOAT")
    return path


def toy(probabilities: list[list[float]], voice: list[tuple[float, float]], starts: list[float]) -> Timeline:
    """A timeline with a window of 3 s and a hop of 1 s."""
    (ends,) = [
        [min(start + 3, next(end for begin, end in voice if begin <= start < end)) for start in starts],
    ]
    return Timeline(
        classes=("calm", "angry"),
        window=3.0,
        hop=1.0,
        duration=20.0,
        voice=np.array(voice).reshape(-1, 2),
        starts=np.array(starts),
        ends=np.array(ends),
        probabilities=np.array(probabilities).reshape(-1, 2),
        overview=Overview(0.02, np.zeros((1000, 2)), np.full((1000, 4), -90.0), np.linspace(0, 4000, 5)),
    )


def test_a_phrase_that_fits_in_a_window_is_read_as_a_recording_of_it_is(predictor: Predictor, tmp_path: Path) -> None:
    signal = talk([0.25, 0.21, 0.26])
    timeline = read_timeline(predictor, write(tmp_path / "a.wav", signal))
    assert len(timeline.voice) == len(timeline.starts) == 3
    for i, (start, end) in enumerate(timeline.voice):
        assert (timeline.starts[i], timeline.ends[i]) == (start, end)
        prediction = predictor.predict(signal[round(start * RATE) : round(end * RATE)])
        assert timeline.probabilities[i].tolist() == pytest.approx(list(prediction.probabilities.values()), abs=1e-6)


def test_windows_overlap_in_a_phrase_and_cover_it(predictor: Predictor, tmp_path: Path) -> None:
    timeline = read_timeline(predictor, write(tmp_path / "a.wav", talk([1.5, 25.0])), hop=0.1)
    assert timeline.hop == 0.1
    assert len(timeline.voice) == 2
    for start, end in timeline.voice:
        inside = (start <= timeline.starts) & (timeline.starts < end)
        starts, ends = timeline.starts[inside], timeline.ends[inside]
        np.testing.assert_allclose(ends - starts, WINDOW)
        assert (starts[0], ends[-1]) == (start, pytest.approx(end))
        np.testing.assert_allclose(np.diff(starts)[:-1], 0.1)
        assert 0 < np.diff(starts)[-1] <= 0.1 + 1e-9
    assert np.allclose(timeline.probabilities.sum(axis=1), 1)


def test_each_window_is_of_what_it_says(predictor: Predictor, tmp_path: Path) -> None:
    signal = talk([1.2, 14.0, 0.9])
    timeline = read_timeline(predictor, write(tmp_path / "a.wav", signal), hop=0.17)
    windows = [signal[round(a * RATE) : round(b * RATE)] for a, b in zip(timeline.starts, timeline.ends, strict=True)]
    np.testing.assert_allclose(timeline.probabilities, predictor.predict_proba(windows), atol=1e-6)


def test_threads_and_the_kind_of_source_change_nothing(predictor: Predictor, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", talk([0.3, 2.0, 0.7]))
    one = read_timeline(predictor, path, jobs=1)
    for other in (read_timeline(predictor, str(path), jobs=3), read_timeline(predictor, io.BytesIO(path.read_bytes()))):
        np.testing.assert_array_equal(one.starts, other.starts)
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-7)
        assert one.segments() == other.segments()


def test_another_sampling_rate_moves_nothing(predictor: Predictor, tmp_path: Path) -> None:
    one = read_timeline(predictor, write(tmp_path / "a.wav", talk([0.3, 2.0]), RATE))
    other = read_timeline(predictor, write(tmp_path / "b.wav", talk([0.3, 2.0], rate=48_000), 48_000))
    assert other.duration == pytest.approx(one.duration, abs=1e-3)
    np.testing.assert_allclose(one.voice, other.voice, atol=0.1)


@pytest.mark.parametrize(
    "signal", [np.zeros(20_000), np.full(5, 0.1), np.random.default_rng(0).normal(0, 1e-3, 80_000)]
)
def test_a_recording_without_voice_has_a_timeline_without_segments(
    signal: np.ndarray, predictor: Predictor, tmp_path: Path
) -> None:
    timeline = read_timeline(predictor, write(tmp_path / "a.wav", signal))
    assert timeline.segments() == []
    assert timeline.probabilities.shape == (0, 8)
    assert timeline.duration == pytest.approx(len(signal) / RATE)
    assert np.isnan(timeline.probabilities_at(np.array([0.0]))).all()


@pytest.mark.parametrize("hop", [0.0, -1.0, 0.01, 0.5, float("nan"), float("inf")])
def test_a_hop_that_leaves_gaps_or_is_none_is_refused(hop: float, predictor: Predictor, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a hop of 0\.05 to 0\.4 s, the window; got"):
        read_timeline(predictor, write(tmp_path / "a.wav", talk([0.3])), hop=hop)


def test_progress_goes_from_nothing_to_the_whole(predictor: Predictor, tmp_path: Path) -> None:
    told: list[tuple[float, float | None]] = []
    path = write(tmp_path / "a.wav", talk([0.3] * 30))
    timeline = read_timeline(predictor, path, progress=lambda done, total: told.append((done, total)))
    assert len(told) > 2
    assert sorted(told) == told
    assert told[-1] == (timeline.duration, timeline.duration)


def test_memory_does_not_grow_with_the_recording(predictor: Predictor, tmp_path: Path) -> None:
    def peak(minutes: int) -> int:
        path = tmp_path / f"{minutes}.wav"
        soundfile.write(path, np.tile(talk([0.3, 2.0, 0.9, 1.4, 0.4]), 6 * minutes), RATE, subtype="PCM_16")
        tracemalloc.start()
        timeline = read_timeline(predictor, path, jobs=2)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(timeline.voice) == 30 * minutes
        return found

    assert peak(16) < 1.25 * peak(2)


def test_probabilities_are_the_mean_of_the_windows_that_hear_a_time() -> None:
    timeline = toy([[1.0, 0.0], [0.5, 0.5], [0.2, 0.8]], [(2, 6), (8, 9)], [2, 3, 8])
    found = timeline.probabilities_at(np.array([0.0, 2.5, 4.0, 5.5, 7.0, 8.5]))
    np.testing.assert_allclose(found, [[np.nan] * 2, [1, 0], [0.75, 0.25], [0.5, 0.5], [np.nan] * 2, [0.2, 0.8]])


def test_segments_divide_a_phrase_where_the_emotion_changes() -> None:
    timeline = toy(
        [[0.9, 0.1], [0.9, 0.1], [0.3, 0.7], [0.1, 0.9], [0.2, 0.8]], [(1.3, 7.4), (9, 9.7)], [1.3, 2.3, 3.3, 4.4, 9]
    )
    first, second, third = timeline.segments()
    # Steps of a second: calm holds while the mean of up to three windows does.
    assert (first.start, first.end, first.emotion) == (1.3, pytest.approx(4.3), "calm")
    assert first.confidence == pytest.approx((0.9 + 0.9 + 0.7) / 3)
    assert (second.start, second.end, second.emotion) == (pytest.approx(4.3), 7.4, "angry")
    assert third == Segment(9, 9.7, "angry", pytest.approx(0.8))


def test_a_phrase_too_short_to_be_read_has_no_segment() -> None:
    timeline = toy([[0.9, 0.1]], [(1, 1.3), (4, 5)], [4])
    assert timeline.segments() == [Segment(4, 5, "calm", pytest.approx(0.9))]
