"""What the page draws and plays."""

import base64
import io
from typing import Any

import numpy as np
import pytest
import soundfile

from ser.app.page import pictures
from ser.features.front_end import front_end
from ser.inference.explanation import explain
from ser.inference.predictor import Predictor
from ser.inference.timeline import read_timeline
from ser.model_files.safetensors_file import Model
from ser.params import FeatureParams
from tests.conftest import clip
from tests.settings import hears, log_mel


def levels(spectrogram: dict[str, Any]) -> np.ndarray:
    """A spectrogram's decibels, as its bytes have them."""
    shades = np.frombuffer(base64.b64decode(spectrogram["levels"]), np.uint8)
    return spectrogram["floor"] * (1 - shades.reshape(spectrogram["n_bands"], spectrogram["n_frames"]) / 255)


def test_the_spectrogram_is_what_the_model_reads_of_a_voice_as_long_as_it_hears(small_front_end: FeatureParams) -> None:
    signal = clip(1, small_front_end.duration, small_front_end.sampling_rate)
    shown = pictures.heard(signal, small_front_end)
    step = log_mel(small_front_end).top_db / 255
    np.testing.assert_allclose(
        levels(shown["spectrogram"]), front_end(signal, small_front_end)["log_mel"], atol=0.51 * step
    )
    assert shown["seconds"] == small_front_end.duration


def test_a_tone_is_loudest_at_its_frequency_on_the_axis(small_front_end: FeatureParams) -> None:
    params = hears(small_front_end, n_mels=40)
    time = np.arange(params.n_samples) / params.sampling_rate
    for khz in (0.25, 1, 2):
        shown = pictures.heard(np.sin(2000 * np.pi * khz * time).astype(np.float32), params)["spectrogram"]
        assert abs(levels(shown).mean(axis=1).argmax() + 0.5 - dict(shown["ticks"])[khz]) <= 0.75


def test_frequencies_that_the_model_does_not_hear_are_not_on_the_axis(small_front_end: FeatureParams) -> None:
    ticks = pictures.heard(clip(1, 0.4, 8000), small_front_end)["spectrogram"]["ticks"]
    assert [khz for khz, _ in ticks] == [0.25, 0.5, 1, 2, 4]


def test_what_is_played_is_what_was_heard(small_front_end: FeatureParams) -> None:
    signal = clip(1, 0.3, 8000)
    wav = base64.b64decode(pictures.heard(signal, small_front_end)["wav"])
    played, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
    assert rate == 8000
    np.testing.assert_allclose(played, signal, atol=2**-15)
    assert wav[36:40] == b"data"  # the page's script draws what follows the usual 44 bytes
    assert len(wav) == 44 + 2 * len(signal)


def test_what_is_too_loud_for_16_bits_is_cut_and_does_not_wrap() -> None:
    played, _ = soundfile.read(io.BytesIO(pictures.to_wav(np.array([1.5, -1.5], np.float32), 8000)))
    assert played[0] > 0.99
    assert played[1] < -0.99


def test_over_time_there_are_probabilities_where_there_is_voice_and_none_in_pauses(predictor: Predictor) -> None:
    rate = 8000
    pause = 1e-4 * np.random.default_rng(0).normal(size=rate).astype(np.float32)
    wav = pictures.to_wav(np.concatenate([pause, clip(1, 2, rate), pause]), rate)
    timeline = read_timeline(predictor, io.BytesIO(wav))
    shown = pictures.over_time(timeline)
    assert shown["seconds"] == 4
    rows = shown["probabilities"]
    assert len(rows) == pictures.COLUMNS
    for second, voiced in ((0.3, False), (2, True), (3.7, False)):
        row = rows[int(second / 4 * len(rows))]
        assert (row is not None) == voiced
        if row:
            assert sum(row) == pytest.approx(1, abs=0.01)
    (first, *_) = shown["segments"]
    assert first["emotion"] in predictor.classes
    assert first["start"] == pytest.approx(1, abs=0.2)
    peaks = np.array(shown["peaks"])
    assert peaks.shape == (shown["spectrogram"]["n_frames"], 2)
    assert np.abs(peaks).max() == pytest.approx(np.abs(clip(1, 2, rate)).max(), abs=0.001)
    assert levels(shown["spectrogram"]).max() == 0
    assert shown["spectrogram"]["ticks"] == [
        (0, 0),
        (2, shown["spectrogram"]["n_bands"] / 2),
        (4, len(levels(shown["spectrogram"]))),
    ]


def test_an_explanation_is_shown_as_it_was_found(small_model: Model) -> None:
    found = explain(small_model, clip(1, sampling_rate=8000), "sad")
    shown = pictures.explained(found)
    assert (shown["emotion"], shown["probability"]) == ("sad", found.probability)
    np.testing.assert_allclose(shown["relevance"], found.relevance, atol=1e-5)
    np.testing.assert_allclose(levels(shown["spectrogram"]), found.spectrogram, atol=0.2)
