"""What librosa gives for the same settings, and settings and signals to compare with."""

from typing import Any

import librosa
import numpy as np
from hypothesis import strategies as st

from ser.params import FeatureParams, FrontEnds, LogMelParams
from tests.conftest import TOP
from tests.settings import hears

GOLDEN = TOP / "tests" / "golden" / "front_ends.npz"
DECIBELS = 1e-3
"""How far a cell of the log-mel spectrogram may be from librosa's."""

DEFAULT = FeatureParams(
    sampling_rate=22050,
    duration=3.0,
    trim_db=40.0,
    front_ends=FrontEnds(
        log_mel=LogMelParams(n_fft=1024, hop_length=512, n_mels=64, f_min=50.0, f_max=8000.0, top_db=80.0)
    ),
)
DENSE = hears(
    DEFAULT.model_copy(update={"sampling_rate": 16000}), n_fft=400, hop_length=160, n_mels=40, f_min=0.0, top_db=30.0
)
SETTINGS = {"default": hears(DEFAULT, "mfcc_deltas", n_mfcc=40), "dense": hears(DENSE, "mfcc_deltas", n_mfcc=13)}
"""Those of `mfcc_deltas` have all that the other two need."""


def settings_of(params: FeatureParams) -> Any:
    """Of the one front end that it hears through."""
    (settings,) = params.front_ends.used.values()
    return settings


def tolerance(params: FeatureParams) -> float:
    """How far a coefficient may be from librosa's: a row of the cosine transform has length 1 over all bands."""
    return DECIBELS * float(np.sqrt(settings_of(params).n_mels))


def librosa_log_mel(signal: np.ndarray, params: FeatureParams) -> np.ndarray:
    settings = settings_of(params)
    power = librosa.feature.melspectrogram(
        y=signal,
        sr=params.sampling_rate,
        n_fft=settings.n_fft,
        hop_length=settings.hop_length,
        n_mels=settings.n_mels,
        fmin=settings.f_min,
        fmax=settings.f_max,
        power=2,
        center=True,
        pad_mode="constant",
    )
    return librosa.power_to_db(power, ref=np.max, amin=1e-10, top_db=settings.top_db)


def librosa_mfcc(signal: np.ndarray, params: FeatureParams) -> np.ndarray:
    return librosa.feature.mfcc(S=librosa_log_mel(signal, params), n_mfcc=settings_of(params).n_mfcc)


def librosa_mfcc_deltas(signal: np.ndarray, params: FeatureParams) -> np.ndarray:
    mfcc = librosa_mfcc(signal, params)
    return np.concatenate([mfcc, *(librosa.feature.delta(mfcc, width=9, order=order) for order in (1, 2))])


@st.composite
def analyses(draw: st.DrawFn) -> FeatureParams:
    """Settings of front end `mfcc_deltas`."""
    rate = draw(st.sampled_from([8000, 16000, 22050, 44100, 48000]))
    n_fft = draw(st.sampled_from([256, 400, 512, 1024, 2048]))
    f_max = draw(st.floats(0.3, 1.0)) * rate / 2
    n_mels = draw(st.integers(1, 128))
    return hears(
        DEFAULT.model_copy(update={"sampling_rate": rate}),
        "mfcc_deltas",
        n_fft=n_fft,
        hop_length=draw(st.integers(n_fft // 8, n_fft)),
        n_mels=n_mels,
        f_min=draw(st.floats(0, 0.5)) * f_max,
        f_max=f_max,
        top_db=draw(st.floats(20, 100)),
        n_mfcc=draw(st.integers(1, n_mels)),
    )


@st.composite
def signals(draw: st.DrawFn, min_size: int = 2048) -> np.ndarray:
    """Decaying noise."""
    n_samples = draw(st.integers(min_size, 20000))
    noise = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).standard_normal(n_samples)
    return (0.3 * noise * np.exp(-draw(st.floats(0, 12)) * np.linspace(0, 1, n_samples))).astype(np.float32)
