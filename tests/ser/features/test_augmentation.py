import numpy as np
import pytest
from numpy.testing import assert_array_equal

from ser.features.augmentation import Copy, add_noise, augment, pitch_shift, plan_copies, time_stretch
from ser.params import AugmentParams, NoiseParams, PitchShiftParams, TimeStretchParams

RATE = 16000
PARAMS = AugmentParams(
    noise=NoiseParams(copies=2, snr_db=(15.0, 35.0)),
    pitch_shift=PitchShiftParams(copies=1, semitones=(-2.0, 2.0)),
    time_stretch=TimeStretchParams(copies=3, rate=(0.85, 1.15)),
    seed=0,
)
IDS = [f"demo-{i:03}" for i in range(200)]


def tone(frequency: float, seconds: float = 1.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def peak_frequency(signal: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(len(signal)), n=8 * len(signal)))
    return float(spectrum.argmax() * RATE / (8 * len(signal)))


@pytest.mark.parametrize("snr_db", [0.0, 15.0, 35.0])
def test_noise_has_the_level_asked_for(snr_db: float) -> None:
    signal = tone(440)
    noise = add_noise(signal, snr_db, np.random.default_rng(0)) - signal
    measured = 10 * np.log10(np.mean(signal.astype(float) ** 2) / np.mean(noise.astype(float) ** 2))
    assert measured == pytest.approx(snr_db, abs=0.5)


def test_noise_is_white() -> None:
    signal = tone(440)
    noise = add_noise(signal, 0.0, np.random.default_rng(0)) - signal
    power = np.abs(np.fft.rfft(noise)) ** 2
    bands = np.array([band.mean() for band in np.array_split(power, 4)])
    assert np.abs(10 * np.log10(bands / bands.mean())).max() < 0.5


def test_silence_gets_no_noise() -> None:
    assert_array_equal(add_noise(np.zeros(100, np.float32), 20.0, np.random.default_rng(0)), np.zeros(100))


@pytest.mark.parametrize("semitones", [-12.0, -2.0, 0.7, 2.0])
def test_the_pitch_moves_by_the_ratio_and_the_duration_stays(semitones: float) -> None:
    shifted = pitch_shift(tone(440), RATE, semitones)
    assert len(shifted) == RATE
    assert peak_frequency(shifted) == pytest.approx(440 * 2 ** (semitones / 12), rel=0.005)


@pytest.mark.parametrize("rate", [0.5, 0.85, 1.15, 2.0])
def test_the_duration_is_divided_by_the_rate_and_the_pitch_stays(rate: float) -> None:
    stretched = time_stretch(tone(440), rate)
    assert len(stretched) == round(RATE / rate)
    assert peak_frequency(stretched) == pytest.approx(440, rel=0.005)


def test_a_plan_has_the_copies_asked_for() -> None:
    assert [copy.id for copy in plan_copies("demo-001", PARAMS)] == [
        "demo-001+noise0",
        "demo-001+noise1",
        "demo-001+pitch_shift0",
        "demo-001+time_stretch0",
        "demo-001+time_stretch1",
        "demo-001+time_stretch2",
    ]


def test_amounts_fill_their_ranges() -> None:
    ranges = {"noise": (15, 35), "pitch_shift": (-2, 2), "time_stretch": (0.85, 1.15)}
    for method, (low, high) in ranges.items():
        amounts = [c.amount for name in IDS for c in plan_copies(name, PARAMS) if c.method == method]
        assert low <= min(amounts) < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < max(amounts) <= high
        assert np.mean(amounts) == pytest.approx((low + high) / 2, abs=0.1 * (high - low))


def test_a_range_of_one_value_gives_that_value() -> None:
    params = PARAMS.model_copy(update={"noise": NoiseParams(copies=1, snr_db=(20.0, 20.0))})
    assert plan_copies("demo-001", params)[0].amount == 20.0


def test_a_plan_is_the_same_every_time_and_in_any_order() -> None:
    forwards = {name: plan_copies(name, PARAMS) for name in IDS}
    assert {name: plan_copies(name, PARAMS) for name in reversed(IDS[::7])} == {n: forwards[n] for n in IDS[::7]}


def test_a_plan_is_pinned_across_versions() -> None:
    assert plan_copies("demo-001", PARAMS)[0] == Copy(
        "demo-001", "noise", 0, amount=31.315937747514766, seed=(0, 3215870664, 0, 0, 1)
    )


def test_other_methods_and_more_copies_change_no_copy() -> None:
    alone = PARAMS.model_copy(
        update={
            "noise": NoiseParams(copies=0, snr_db=(15.0, 35.0)),
            "time_stretch": TimeStretchParams(copies=5, rate=(0.85, 1.15)),
        }
    )
    before = [copy for copy in plan_copies("demo-001", PARAMS) if copy.method != "noise"]
    assert plan_copies("demo-001", alone)[: len(before)] == before


def test_another_seed_gives_other_amounts_and_other_noise() -> None:
    ours, theirs = plan_copies("demo-001", PARAMS), plan_copies("demo-001", PARAMS.model_copy(update={"seed": 1}))
    assert not {c.amount for c in ours} & {c.amount for c in theirs}
    assert not {c.seed for c in ours} & {c.seed for c in theirs}


def test_all_copies_of_a_corpus_differ() -> None:
    copies = [copy for name in IDS for copy in plan_copies(name, PARAMS)]
    assert len({copy.id for copy in copies}) == len({copy.seed for copy in copies}) == len(copies)
    assert len({copy.amount for copy in copies}) == len(copies)


def test_no_copies_are_planned_where_none_are_asked_for() -> None:
    none = AugmentParams(
        noise=NoiseParams(copies=0, snr_db=(15.0, 35.0)),
        pitch_shift=PitchShiftParams(copies=0, semitones=(-2.0, 2.0)),
        time_stretch=TimeStretchParams(copies=0, rate=(0.85, 1.15)),
        seed=0,
    )
    assert plan_copies("demo-001", none) == []


def test_copies_are_float32_and_the_same_every_time() -> None:
    signal = tone(440, 0.3)
    for copy in plan_copies("demo-001", PARAMS):
        made = augment(signal, RATE, copy)
        assert made.dtype == np.float32
        assert not np.array_equal(made[: len(signal)], signal[: len(made)])
        assert_array_equal(made, augment(signal, RATE, copy))


def test_a_copy_is_changed_by_its_own_amount() -> None:
    signal = tone(440)
    assert peak_frequency(augment(signal, RATE, Copy("a", "pitch_shift", 0, 12.0, (0,)))) == pytest.approx(
        880, rel=0.005
    )
    assert len(augment(signal, RATE, Copy("a", "time_stretch", 0, 2.0, (0,)))) == RATE // 2
    noisy = [augment(signal, RATE, Copy("a", "noise", 0, 20.0, (seed,))) for seed in (0, 1)]
    assert not np.array_equal(*noisy)
