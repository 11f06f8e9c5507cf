from pathlib import Path

import numpy as np
import pytest
import torch

from ser.errors import InputError
from ser.inference.adaptation import FEWEST, Heard, OneEmotionError, source_statistics
from ser.inference.predictor import Predictor
from ser.model_files.description import METADATA_KEY
from ser.model_files.onnx_check import entry, read_network
from ser.model_files.onnx_file import OnnxModel, for_source
from ser.model_files.safetensors_file import Model, write_model
from ser.model_files.source import drawn_towards
from ser.models.source import embeddings, held_statistics, set_statistics, source_norms
from tests.conftest import clip

CLIPS = [clip(seed, 0.4, sampling_rate=16_000) for seed in range(FEWEST)]


@pytest.fixture
def predictor(whisper_onnx: bytes) -> Predictor:
    return Predictor(OnnxModel(whisper_onnx, Path("m.onnx")))


def test_the_exported_network_standardises_as_the_trained_one_does(predictor: Predictor, whisper_model: Model) -> None:
    assert isinstance(predictor.model, OnnxModel)
    arrays = {"whisper_log_mel": np.random.default_rng(0).uniform(-1, 1, (5, 80, 50)).astype(np.float32)}
    expected = embeddings(whisper_model.classifier, [arrays])
    np.testing.assert_allclose(predictor.model.embeddings(arrays), expected, atol=1e-4)
    trained = held_statistics(whisper_model.classifier)
    np.testing.assert_array_equal(predictor.model.source, trained)
    differing = np.eye(8)[np.arange(FEWEST) % 8]
    rows = np.tile(expected, (FEWEST // 5, 1))
    own = predictor.statistics_of([Heard(p[None], row[None]) for p, row in zip(differing, rows, strict=True)])
    adapted = predictor.adapted_to(own).model.probabilities(arrays)
    norms = source_norms(whisper_model.classifier)
    set_statistics(norms, torch.from_numpy(drawn_towards(trained, rows)))
    try:
        np.testing.assert_allclose(adapted, whisper_model.probabilities(arrays), atol=1e-5)
    finally:
        set_statistics(norms, torch.from_numpy(trained))
    assert np.abs(adapted - predictor.model.probabilities(arrays)).max() > 1e-3


def test_an_adapted_model_is_a_file_like_any_other(predictor: Predictor, whisper_onnx: bytes, tmp_path: Path) -> None:
    adapted = predictor.adapted(CLIPS)
    assert adapted.adapted_by is not None
    assert adapted.adapted_by.recordings == FEWEST
    assert predictor.adapted_by is None
    file = tmp_path / "mine.onnx"
    file.write_bytes(for_source(whisper_onnx, adapted.adapted_by, file))
    read = Predictor.load(file)
    assert read.adapted_by == adapted.adapted_by
    np.testing.assert_array_equal(read.predict_proba(CLIPS), adapted.predict_proba(CLIPS))
    assert np.abs(read.predict_proba(CLIPS) - predictor.predict_proba(CLIPS)).max() > 1e-3


def test_adapting_again_begins_with_what_train_was_like(predictor: Predictor) -> None:
    once = predictor.adapted(CLIPS)
    assert once.adapted(CLIPS).adapted_by == once.adapted_by


def test_another_recording_of_a_source_is_heard_as_it_is_in_a_list(predictor: Predictor) -> None:
    heard = [predictor.hear(one) for one in CLIPS]
    assert predictor.adapted_to(predictor.statistics_of(heard)).adapted_by == predictor.adapted(CLIPS).adapted_by
    assert all(one.probabilities.shape == (1, 8) for one in heard)


def test_a_long_recording_is_heard_in_all_its_windows(predictor: Predictor) -> None:
    heard = predictor.hear(clip(1, 3.0, sampling_rate=16_000))
    assert len(heard.probabilities) == len(heard.embeddings) > 3


def test_too_few_recordings_are_refused(predictor: Predictor) -> None:
    with pytest.raises(InputError, match="expected at least 20 recordings of one source, got 19"):
        predictor.adapted(CLIPS[1:])


def test_recordings_that_differ_too_little_are_refused(whisper_onnx: bytes) -> None:
    model = OnnxModel(whisper_onnx, Path("m.onnx"))
    width = model.source.shape[1]
    logits = np.random.default_rng(0).normal(0, 1, (40, 8))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rows = [Heard(one[None], np.ones((1, width), np.float32)) for one in probabilities]
    differing = float((logits - logits.mean(axis=1, keepdims=True)).var(axis=0).sum())
    for times, refused in ((3.2, False), (3.5, True)):
        model.description = model.description.model_copy(update={"spread": times * differing})
        if refused:
            with pytest.raises(OneEmotionError, match="seem to carry one emotion"):
                source_statistics(model, rows)
        else:
            assert source_statistics(model, rows).recordings == 40


def test_what_standardises_nothing_by_source_cannot_be_adapted(small_onnx: bytes) -> None:
    with pytest.raises(InputError, match="cannot be adapted"):
        Predictor(OnnxModel(small_onnx, Path("m.onnx"))).adapted(CLIPS)


def test_safetensors_are_exported_first(whisper_model: Model, tmp_path: Path) -> None:
    write_model(whisper_model, tmp_path / "m.safetensors")
    with pytest.raises(InputError, match="only an exported model can be adapted"):
        Predictor.load(tmp_path / "m.safetensors").adapted(CLIPS)


def test_a_file_that_another_program_wrote_anew_is_not_guessed_at(whisper_onnx: bytes, predictor: Predictor) -> None:
    own = predictor.adapted(CLIPS).adapted_by
    assert own is not None
    end = entry(METADATA_KEY, read_network(whisper_onnx).metadata[METADATA_KEY])
    assert whisper_onnx.endswith(end)
    with pytest.raises(InputError, match="another program wrote it"):
        for_source(end + whisper_onnx[: -len(end)], own, Path("m.onnx"))
