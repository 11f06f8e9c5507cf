from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import librosa
import numpy as np
import pytest
import soundfile
from numpy.testing import assert_allclose, assert_array_equal

from ser import front_ends
from ser.audio.limits import AudioError
from ser.errors import InputError
from ser.features.front_end import front_end, load_signal, prepare_signal, shapes
from ser.params import PARAMS_FILE, FeatureParams, FrontEnds, MfccParams
from ser.presets import PRESETS_FOLDER, find_preset, preset_params
from tests.conftest import CORPORA, TOP, clip
from tests.ser.front_ends.reference import (
    DECIBELS,
    DEFAULT,
    DENSE,
    librosa_log_mel,
    librosa_mfcc,
    librosa_mfcc_deltas,
    settings_of,
    tolerance,
)
from tests.settings import FRONT_ENDS, hears


def test_every_front_end_is_a_module_and_every_module_a_front_end() -> None:
    names = {module.name for module in iter_modules(front_ends.__path__)}
    assert names == set(FRONT_ENDS)
    for name in names:
        module = import_module(f"ser.front_ends.{name}")
        assert {"FIXED_LENGTH", "shapes", "analyse"} <= set(vars(module))
        assert set(module.shapes(DEFAULT, settings_of(hears(DEFAULT, name)))) == set(FrontEnds.kinds()[name].arrays)


def test_two_front_ends_that_give_an_array_of_the_same_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"log_mel": settings_of(DEFAULT), "mfcc": settings_of(hears(DEFAULT, "mfcc"))}
    assert FrontEnds.model_validate(both).arrays == ("log_mel", "mfcc")
    monkeypatch.setattr(MfccParams, "arrays", ("log_mel",))
    with pytest.raises(ValueError, match="expected front ends that give different arrays, got log_mel from two"):
        FrontEnds.model_validate(both)


@pytest.mark.parametrize("n_samples", [1, 512, 66149, 66150, 66151, 200000])
@pytest.mark.parametrize("settings", [DEFAULT, DENSE])
@pytest.mark.parametrize("name", sorted(set(FRONT_ENDS) - {"pretrained"}))  # which needs an encoder
def test_a_front_end_has_one_shape_for_every_length(name: str, settings: FeatureParams, n_samples: int) -> None:
    params = hears(settings, name)
    signal = 0.1 * np.random.default_rng(0).standard_normal(n_samples).astype(np.float32)
    arrays = front_end(signal, params)
    assert {array: features.shape for array, features in arrays.items()} == shapes(params)
    assert {features.dtype for features in arrays.values()} == {np.dtype(np.float32)}
    assert all(np.isfinite(features).all() for features in arrays.values())


def test_several_front_ends_hear_side_by_side() -> None:
    contours, mfcc = hears(DEFAULT, "contours_functionals"), hears(DEFAULT, "mfcc")
    both = {**contours.front_ends.model_dump(), **mfcc.front_ends.model_dump()}
    params = FeatureParams.model_validate(DEFAULT.model_dump() | {"front_ends": both})
    signal = clip(1)
    found = front_end(signal, params)
    assert set(found) == {"contours", "functionals", "mfcc"}
    np.testing.assert_equal(found, front_end(signal, contours) | front_end(signal, mfcc))


@pytest.mark.parametrize(("name", "bands"), [("log_mel", 64), ("mfcc", 40), ("mfcc_deltas", 120)])
def test_the_bands_are_those_of_the_settings(name: str, bands: int) -> None:
    assert shapes(hears(DEFAULT, name, n_mfcc=40)) == {name: (bands, 130)}


@pytest.mark.parametrize(
    ("preset", "shape"),
    [
        ("logmel-gap", (64, 130)),
        ("logmel-4conv", (128, 130)),
        ("mfcc-dense", (40, 130)),
        ("mfcc-3conv", (40, 174)),
        ("logmel-vgg", (64, 130)),
    ],
)
def test_a_preset_gives_the_shape_that_is_published_or_follows_from_its_seconds(
    preset: str, shape: tuple[int, int]
) -> None:
    params = preset_params(find_preset(preset, TOP / PRESETS_FOLDER), TOP / PARAMS_FILE).features
    signal = 0.1 * np.random.default_rng(0).standard_normal(60000).astype(np.float32)
    (features,) = front_end(signal, params).values()
    assert features.shape == shape


@pytest.mark.slow
def test_real_recordings_give_what_librosa_gives() -> None:
    if not (CORPORA / "ravdess").is_dir():
        pytest.skip("needs the recordings of RAVDESS in ../shared/corpora/ravdess")
    for path in sorted((CORPORA / "ravdess").glob("*/*.flac"))[::120]:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        signal = librosa.resample(librosa.to_mono(samples.T), orig_sr=rate, target_sr=22050, res_type="soxr_hq")
        assert_array_equal(load_signal(path, DEFAULT.model_copy(update={"trim_db": None})), signal)
        signal, _ = librosa.effects.trim(signal, top_db=40)
        ours = load_signal(path, DEFAULT)
        assert_array_equal(ours, signal)
        fixed = librosa.util.fix_length(signal, size=DEFAULT.n_samples)
        for name, theirs, most in [
            ("log_mel", librosa_log_mel, DECIBELS),
            ("mfcc", librosa_mfcc, tolerance(DEFAULT)),
            ("mfcc_deltas", librosa_mfcc_deltas, tolerance(DEFAULT)),
        ]:
            params = hears(DEFAULT, name, n_mfcc=40)
            assert_allclose(front_end(ours, params)[name], theirs(fixed, params), rtol=0, atol=most)


def test_a_file_is_mixed_resampled_and_trimmed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    samples = np.zeros((48000, 2))
    samples[12000:36000] = 0.1 * rng.standard_normal((24000, 2))
    soundfile.write(tmp_path / "a.flac", samples, 48000)
    signal = load_signal(tmp_path / "a.flac", DEFAULT)
    assert signal.dtype == np.float32
    assert 0.5 <= len(signal) / 22050 <= 0.5 + 2 * 2048 / 22050
    assert np.sqrt(np.mean(signal[2048:-2048] ** 2)) == pytest.approx(
        0.1 / np.sqrt(2) * np.sqrt(22050 / 48000), rel=0.05
    )


def test_silence_is_kept_where_nothing_is_trimmed() -> None:
    samples = np.zeros((22050, 1), np.float32)
    samples[9000:12000, 0] = 0.1 * np.random.default_rng(0).standard_normal(3000)
    assert 3000 <= len(prepare_signal(samples, 22050, DEFAULT)) <= 3000 + 2 * 2048
    untrimmed = DEFAULT.model_copy(update={"trim_db": None})
    assert_array_equal(prepare_signal(samples, 22050, untrimmed), samples[:, 0])


def test_a_signal_in_memory_gives_what_its_file_gives(tmp_path: Path) -> None:
    samples = 0.1 * np.random.default_rng(0).standard_normal((8000, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 8000, subtype="FLOAT")
    assert_array_equal(load_signal(tmp_path / "a.wav", DEFAULT), prepare_signal(samples, 8000, DEFAULT))


def test_a_file_that_cannot_be_decoded_keeps_its_reason(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("this is no sound")
    with pytest.raises(AudioError) as caught:
        load_signal(tmp_path / "a.wav", DEFAULT)
    assert caught.value.reason == "not audio"


@pytest.mark.parametrize("name", FRONT_ENDS)
@pytest.mark.parametrize(
    ("signal", "found"),
    [
        (np.array([0.1, np.nan], np.float32), "found NaN or infinity"),
        (np.array([0.1, -np.inf], np.float32), "found NaN or infinity"),
        (np.zeros((100, 2), np.float32), r"found shape \(100, 2\)"),
    ],
)
def test_a_signal_that_cannot_be_analysed_is_refused(signal: np.ndarray, found: str, name: str) -> None:
    with pytest.raises(InputError, match=found):
        front_end(signal, hears(DEFAULT, name))
