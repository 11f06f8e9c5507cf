import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from ser.corpora.demo import synthesis
from ser.corpora.demo.synthesis import EMOTIONS
from ser.corpora.demo.voice import SAMPLING_RATE
from ser.params import DemoParams
from tests.ser.corpora.demo.test_voice import median_f0
from tests.ser.corpora.rules import reader

read_labels = reader("ravdess")

PARAMS = DemoParams(speakers=4, expressiveness=1.0, seed=0)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    out = tmp_path_factory.mktemp("raw") / "demo"
    assert synthesis.synthesise_corpus(PARAMS, out) == 128
    return sorted(out.rglob("*.wav"))


def in_this_process(
    function: Callable[[str], int], items: Sequence[str], label: str, unit: str = "clip"
) -> Iterator[int]:
    """Stands in for `parallel_map`, whose workers would cost a second each time."""
    assert (label, unit) == ("synthesise", "speaker")
    return map(function, items)


def f0_in_semitones(emotion: str, expressiveness: float) -> float:
    """Mean over 8 speakers of what the first one's voice would have to be raised by."""
    params = PARAMS.model_copy(update={"speakers": 8, "expressiveness": expressiveness})
    clips = [synthesis._clip(params, f"{actor:02}", emotion, "01", "01") for actor in range(1, 9)]
    return float(np.mean([12 * np.log2(median_f0(clip)) for clip in clips]))


def test_every_combination_is_there_once_and_read_by_the_real_reader(corpus: list[Path]) -> None:
    labels = [read_labels(path) for path in corpus]
    assert Counter(label.emotion for label in labels) == dict.fromkeys(EMOTIONS.values(), 16)
    assert Counter(label.gender for label in labels) == {"male": 64, "female": 64}
    assert len({(one.speaker, one.emotion, one.statement, one.repetition) for one in labels}) == 128
    assert {one.vocal_channel for one in labels} == {"speech"}
    assert {one.intensity for one in labels} == {"normal"}
    assert all(path.parent.name == f"Actor_{label.speaker}" for path, label in zip(corpus, labels, strict=True))


def test_clips_are_48_khz_16_bit_mono_of_a_plausible_length_and_level(corpus: list[Path]) -> None:
    for path in corpus:
        rate, samples = wavfile.read(path)
        assert (rate, samples.dtype, samples.ndim) == (SAMPLING_RATE, np.int16, 1)
        assert 1.1 < len(samples) / rate < 2.8
        assert np.abs(samples.astype(int)).max() < 32767
        assert np.sqrt(np.mean(samples[rate // 2 :].astype(float) ** 2)) > 10
        assert len(np.unique(samples[: rate // 20])) > 3  # a room's noise, not digital silence


def test_the_corpus_on_disk_is_what_each_clips_own_codes_give(corpus: list[Path]) -> None:
    for path in corpus[::37]:
        _, _, emotion, _, statement, repetition, actor = path.stem.split("-")
        signal = synthesis._clip(PARAMS, actor, emotion, statement, repetition)
        np.testing.assert_array_equal(wavfile.read(path)[1], np.round(signal * 32767).astype(np.int16))


def test_a_seed_gives_the_same_bytes_and_another_seed_gives_others(
    corpus: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthesis, "STATEMENTS", {"01": synthesis.STATEMENTS["01"]})
    monkeypatch.setattr(synthesis, "parallel_map", in_this_process)

    def digests(seed: int) -> set[str]:
        out = tmp_path / str(seed)
        synthesis.synthesise_corpus(PARAMS.model_copy(update={"seed": seed}), out)
        return {hashlib.sha256(path.read_bytes()).hexdigest() for path in out.rglob("*.wav")}

    expected = {hashlib.sha256(path.read_bytes()).hexdigest() for path in corpus if path.stem[12:14] == "01"}
    assert len(expected) == 64  # no two clips are the same
    assert digests(0) == expected
    assert not digests(1) & expected


def test_a_speaker_does_not_depend_on_how_many_there_are() -> None:
    few, many = (PARAMS.model_copy(update={"speakers": speakers}) for speakers in (4, 24))
    np.testing.assert_array_equal(
        synthesis._clip(few, "03", "05", "02", "01"), synthesis._clip(many, "03", "05", "02", "01")
    )


def test_women_have_higher_voices_than_men(corpus: list[Path]) -> None:
    neutral = [path for path in corpus if path.stem[6:8] == "01"]
    f0 = {
        gender: np.median([median_f0(wavfile.read(path)[1]) for path in neutral if read_labels(path).gender == gender])
        for gender in ("female", "male")
    }
    assert f0["female"] > 1.3 * f0["male"]


def test_anger_joy_and_fear_are_higher_than_sadness_by_about_what_the_table_says() -> None:
    sad = f0_in_semitones("04", 1.0)
    for code in ("03", "05", "06"):
        expected = synthesis.EFFECTS[EMOTIONS[code]].pitch - synthesis.EFFECTS["sad"].pitch
        assert f0_in_semitones(code, 1.0) - sad == pytest.approx(expected, abs=2.5)


def test_without_expressiveness_emotions_have_the_same_pitch() -> None:
    means = [f0_in_semitones(code, 0.0) for code in ("01", "04", "06")]
    assert np.ptp(means) < 1.0


def test_without_expressiveness_what_a_speaker_aims_at_is_the_same_for_every_emotion(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(synthesis, "UTTERANCE_SPREAD", synthesis.Manner(*[0] * 10))
    monkeypatch.setattr(synthesis, "synthesise", lambda _statement, delivery, _rng: delivery)
    calm = PARAMS.model_copy(update={"expressiveness": 0.0})
    assert len({synthesis._clip(calm, "02", code, "01", "01") for code in EMOTIONS}) == 1
    assert len({synthesis._clip(PARAMS, "02", code, "01", "01") for code in EMOTIONS}) == 8


def test_the_wildest_voice_stays_within_what_a_voice_can_do() -> None:
    wild = PARAMS.model_copy(update={"expressiveness": 3.0})
    for code in EMOTIONS:
        signal = synthesis._clip(wild, "02", code, "01", "01")
        assert np.isfinite(signal).all()
        assert np.abs(signal).max() <= 0.95 + 1e-9


def test_an_interrupted_run_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(function: Callable[[str], int], items: Sequence[str], **_: str) -> Iterator[int]:
        yield function(items[0])
        raise KeyboardInterrupt

    monkeypatch.setattr(synthesis, "parallel_map", interrupted)
    with pytest.raises(KeyboardInterrupt):
        synthesis.synthesise_corpus(PARAMS, tmp_path / "demo")
    assert not list(tmp_path.iterdir())

    old = tmp_path / "demo/Actor_24/03-01-01-01-01-01-24.wav"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        synthesis.synthesise_corpus(PARAMS, tmp_path / "demo")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [old]
