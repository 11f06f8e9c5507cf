from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser.audio.decode import decode
from ser.dataset.scanning import scan
from ser.errors import InputError
from ser.features.augmentation import augment, plan_copies
from ser.features.extraction import extract_augmented, extract_features, plan_augmentation
from ser.features.front_end import front_end, prepare_signal
from ser.params import AugmentParams, CustomParams, FeatureParams, NoiseParams, PitchShiftParams, TimeStretchParams
from tests.conftest import clip

CUSTOM = CustomParams(csv="", path="", emotion="", speaker="", gender="", age="", language="")
AUGMENT = AugmentParams(
    noise=NoiseParams(copies=2, snr_db=(10.0, 20.0)),
    pitch_shift=PitchShiftParams(copies=0, semitones=(-2.0, 2.0)),
    time_stretch=TimeStretchParams(copies=1, rate=(0.8, 1.2)),
    seed=0,
)


def test_every_utterance_goes_through_the_front_end_in_order(
    ravdess_folder: Callable[..., Path], small_front_end: FeatureParams
) -> None:
    metadata = scan(ravdess_folder(actors=1), "ravdess", CUSTOM).utterances
    spectrograms = list(extract_features(metadata, small_front_end))
    for path, spectrogram in zip(metadata["path"], spectrograms, strict=True):
        signal = prepare_signal(*decode(Path(path)), small_front_end)
        np.testing.assert_equal(spectrogram, front_end(signal, small_front_end))


def test_every_failing_utterance_is_named(ravdess_folder: Callable[..., Path], small_front_end: FeatureParams) -> None:
    metadata = scan(ravdess_folder(actors=1), "ravdess", CUSTOM).utterances
    changed, gone = (Path(path) for path in metadata["path"].iloc[[1, 5]])
    soundfile.write(changed, clip(1234), 16_000)
    gone.unlink()
    with pytest.raises(InputError) as caught:
        list(extract_features(metadata, small_front_end))
    message = str(caught.value)
    assert message.startswith("2 of 8 utterances failed: ")
    assert f"ravdess_{changed.stem} ({changed}: changed since it was ingested; run `dvc repro`)" in message
    assert f"ravdess_{gone.stem} (" in message


def test_only_the_first_failures_are_spelt_out(
    ravdess_folder: Callable[..., Path], small_front_end: FeatureParams
) -> None:
    metadata = scan(ravdess_folder(actors=1), "ravdess", CUSTOM).utterances
    for path in metadata["path"]:
        Path(path).unlink()
    with pytest.raises(InputError, match=r"8 of 8 utterances failed: .* and 3 more"):
        list(extract_features(metadata, small_front_end))


def test_copies_keep_emotion_and_gender_and_name_their_source(ravdess_folder: Callable[..., Path]) -> None:
    metadata = scan(ravdess_folder(actors=2), "ravdess", CUSTOM).utterances
    copies = plan_augmentation(metadata, AUGMENT)
    assert len(copies) == 3 * len(metadata)
    assert copies["utterance_id"].is_unique
    sources = metadata.set_index("utterance_id").loc[copies["source_utterance_id"]]
    for column in ("emotion", "gender", "speaker", "corpus"):
        assert copies[column].tolist() == sources[column].tolist()
    noise = copies[copies["method"] == "noise"]
    assert noise["amount"].between(10, 20).all()
    assert noise["amount"].nunique() == len(noise)


def test_copies_are_made_in_the_order_of_their_plan(
    ravdess_folder: Callable[..., Path], small_front_end: FeatureParams
) -> None:
    metadata = scan(ravdess_folder(actors=1), "ravdess", CUSTOM).utterances.iloc[:2]
    spectrograms = list(extract_augmented(metadata, AUGMENT, small_front_end))
    assert len(spectrograms) == len(plan_augmentation(metadata, AUGMENT))
    signal = prepare_signal(*decode(Path(metadata["path"].iloc[1])), small_front_end)
    copy = plan_copies(metadata["utterance_id"].iloc[1], AUGMENT)[0]
    expected = front_end(augment(signal, small_front_end.sampling_rate, copy), small_front_end)
    np.testing.assert_equal(spectrograms[3], expected)
