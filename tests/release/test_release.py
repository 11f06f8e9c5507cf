"""The model in the package: it is what it is said to be, and it answers."""

import hashlib

import pytest
from dvc.utils.serialize import load_yaml

from release.card import CARD, card
from release.publish import MAX_BYTES, RECORD, publish
from ser.dataset.metadata import EMOTIONS
from ser.dataset.splits import read_splits
from ser.errors import InputError
from ser.inference.choice import IN_THE_BOX, SYNTHETIC
from ser.inference.predictor import Predictor
from ser.params import read_text
from ser.presets import find_preset, overlay
from ser.storage import read_json
from tests.conftest import CORPORA as FOLDER
from tests.conftest import TOP

MODEL = IN_THE_BOX.read_bytes()


def test_it_is_what_was_made_of_the_preset() -> None:
    path = RECORD / "params.yaml"
    assert overlay(find_preset("release", TOP / "presets"), read_text(path), path)[1] == []
    lock = load_yaml(RECORD / "dvc.lock")["stages"]
    md5 = {out["path"]: out["md5"] for stage in lock.values() for out in stage["outs"]}
    assert md5["models/model.onnx"] == hashlib.md5(MODEL).hexdigest()  # noqa: S324
    description = Predictor.load(IN_THE_BOX).model.description
    assert md5["models/model.safetensors"] == description.model_dump()["trained_md5"]
    assert set(description.trained_on) == {"ravdess", "tess", "emodb", "emovo", "nemo"}
    assert not set(description.trained_on) & SYNTHETIC
    assert b"/tmp/" not in MODEL


def test_it_is_small_enough_to_come_with_the_package() -> None:
    assert len(MODEL) <= MAX_BYTES


def test_its_card_is_up_to_date() -> None:
    assert CARD.read_text(encoding="utf-8") == card(MODEL, read_json(RECORD / "metrics.json"))
    for name in ("nEMO", "CC BY-NC-SA 4.0", "Regulation 2024/1689"):
        assert name in CARD.read_text(encoding="utf-8")


def test_settings_of_another_system_are_not_published() -> None:
    with pytest.raises(InputError, match=r"params\.yaml: .* is not that of preset release"):
        publish(TOP)


@pytest.mark.slow
def test_actors_who_were_held_out_are_mostly_understood() -> None:
    if not (FOLDER / "ravdess").is_dir():
        pytest.skip("needs RAVDESS in ../shared/corpora")
    splits = read_splits(RECORD / "splits.csv").set_index("utterance_id")["subset"]
    tested = {name[-2:] for name, subset in splits.items() if name.startswith("ravdess_") and subset == "test"}
    others = {name[-2:] for name, subset in splits.items() if name.startswith("ravdess_") and subset != "test"}
    assert len(tested) >= 2
    assert not tested & others
    clips = [path for path in (FOLDER / "ravdess").rglob("03-01-*-02-01-01-*.flac") if path.stem[-2:] in tested]
    assert len(clips) == 7 * len(tested)  # strong, all but neutral
    found = Predictor.load(IN_THE_BOX).predict_many(clips)
    right = [one.emotion == EMOTIONS[int(clip.stem[6:8]) - 1] for one, clip in zip(found, clips, strict=True)]
    assert sum(right) / len(right) > 0.5  # an eighth by chance
