"""What the page shows and plays."""

import base64
import io
import re

import numpy as np
import soundfile

from ser.app import pictures
from ser.features import front_end
from ser.params import FeatureParams
from tests.conftest import clip


def test_the_spectrogram_is_what_the_model_reads_of_a_voice_as_long_as_it_hears(small_front_end: FeatureParams) -> None:
    signal = clip(1, small_front_end.duration, small_front_end.sampling_rate)
    upper, lower, _ = pictures.draw_heard(signal, small_front_end).axes
    (image,) = lower.images
    np.testing.assert_array_equal(np.asarray(image.get_array()), front_end(signal, small_front_end))
    assert upper.get_xlim() == lower.get_xlim() == (0, small_front_end.duration)
    np.testing.assert_array_equal(upper.lines[0].get_ydata(), signal)


def test_a_tone_is_loudest_at_its_frequency_on_the_axis(small_front_end: FeatureParams) -> None:
    params = small_front_end.model_copy(update={"n_mels": 40})
    time = np.arange(params.n_samples) / params.sampling_rate
    for hertz in (250, 1000, 2000):
        lower = pictures.draw_heard(np.sin(2 * np.pi * hertz * time).astype(np.float32), params).axes[1]
        levels = np.asarray(lower.images[0].get_array())
        height = {
            label.get_text(): tick for label, tick in zip(lower.get_yticklabels(), lower.get_yticks(), strict=True)
        }
        assert abs(levels.mean(axis=1).argmax() + 0.5 - height[f"{hertz:,}"]) <= 0.75


def test_frequencies_that_the_model_does_not_hear_are_not_on_the_axis(small_front_end: FeatureParams) -> None:
    labels = [
        label.get_text() for label in pictures.draw_heard(clip(1, 0.4, 8000), small_front_end).axes[1].get_yticklabels()
    ]
    assert labels == ["250", "500", "1,000", "2,000", "4,000"]


def test_what_is_played_is_what_was_heard() -> None:
    signal = clip(1, 0.3, 8000)
    html = pictures.player(signal, 8000)
    match = re.search(r'src="data:audio/wav;base64,([^"]+)"', html)
    assert match
    played, rate = soundfile.read(io.BytesIO(base64.b64decode(match[1])), dtype="float32")
    assert rate == 8000
    np.testing.assert_allclose(played, signal, atol=2**-15)


def test_what_is_too_loud_for_16_bits_is_cut_and_does_not_wrap() -> None:
    played, _ = soundfile.read(io.BytesIO(pictures.to_wav(np.array([1.5, -1.5], np.float32), 8000)))
    assert played[0] > 0.99
    assert played[1] < -0.99


def test_an_image_is_a_png_with_a_description(small_front_end: FeatureParams) -> None:
    html = pictures.image(pictures.png(pictures.draw_heard(clip(1, 0.4, 8000), small_front_end)), 'a "voice"')
    assert 'alt="a &quot;voice&quot;"' in html
    match = re.search(r"data:image/png;base64,([^\"]+)", html)
    assert match
    assert base64.b64decode(match[1]).startswith(b"\x89PNG")
