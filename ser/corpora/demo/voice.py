"""A source-filter synthesiser of short speech-like utterances.

Pulses of the glottis and noise of the breath are shaped by formants that move from phone to phone. The filter varies in
time, so it is applied where that is a multiplication: on short, overlapping Fourier spectra, one transfer function per
frame.

Source:
    Voice, aspiration and frication side by side, formants as second-order resonances in cascade: Klatt (1980),
    J. Acoust. Soc. Am. 67(3), 971-995. Nothing else of that synthesiser is here.
"""

from typing import NamedTuple

import numpy as np
from scipy import fft
from scipy.ndimage import gaussian_filter1d

from ser.corpora.demo.phones import PHONES, Step

SAMPLING_RATE = 48_000
HOP, WINDOW, N_FFT = 384, 768, 2304  # samples; the padding leaves room for the formants to ring
# Hertz; the voice ends at 12 kHz, the room's noise does not. Single precision halves the time; 16 bits hide it.
FREQUENCIES = (np.arange(577) * SAMPLING_RATE / N_FFT).astype(np.float32)
FRAME_RATE = SAMPLING_RATE / HOP

BANDWIDTHS = (70.0, 100.0, 150.0)  # hertz, of the first three formants
HIGHER_FORMANTS = ((3500.0, 250.0), (4500.0, 300.0), (5500.0, 400.0), (6500.0, 500.0), (7500.0, 600.0))
SCHWA = np.array([500.0, 1500.0, 2500.0])  # hertz, the formants of a uniform tube 17.5 cm long


class Delivery(NamedTuple):
    """How an utterance is spoken.

    Attributes:
        f0: hertz, the fundamental between accents in the middle of the utterance.
        accent: semitones by which an accent rises.
        contour: semitones by which the last syllables rise above the declining line, negative if they fall.
        tempo: 2 is twice as fast.
        level: dB, root mean square of the spoken part re full scale.
        emphasis: dB by which accents are louder.
        tilt: dB per octave added to the voice's spectrum; higher is more high-frequency energy.
        jitter: standard deviation of a period, as a fraction of it.
        breathiness: dB of aspiration re voicing.
        articulation: distance of the formants from a neutral vowel's, 1 as in the table; below it vowels are slurred.
        tract: factor on all formants; a shorter vocal tract has a higher one.
        room: dB, root mean square of the background noise re full scale.
    """

    f0: float
    accent: float
    contour: float
    tempo: float
    level: float
    emphasis: float
    tilt: float
    jitter: float
    breathiness: float
    articulation: float
    tract: float
    room: float


def synthesise(statement: tuple[Step, ...], delivery: Delivery, rng: np.random.Generator) -> np.ndarray:
    """Speak `statement`.

    Args:
        statement: what to say.
        delivery: how.
        rng: the source of timing, wandering pitch, irregular pulses, breath, and background noise.

    Returns:
        float64, shape (n_samples,), in [-1, 1], at `SAMPLING_RATE`; background noise alone for the first and the last
        0.1 to 0.25 seconds.
    """
    delivery = Delivery(*map(float, delivery))  # a np.float64 would turn what is single into double
    seconds = np.array([step.seconds for step in statement]) / delivery.tempo
    seconds *= np.exp(rng.normal(0, 0.08, len(seconds)))
    lead, trail = rng.uniform(0.1, 0.25, 2)
    ends = lead + np.cumsum(seconds)
    n_frames = round((ends[-1] + trail) * FRAME_RATE)
    times = np.arange(n_frames) / FRAME_RATE
    accents = _accents(statement, ends, times)
    f0 = _fundamental(delivery, accents, (times - lead) / (ends[-1] - lead), rng)
    voice, breath = _responses(statement, delivery, np.searchsorted(ends, times), accents)
    spoken = (times >= lead) & (times < ends[-1])
    voice[~spoken] = breath[~spoken] = 0

    n_samples = n_frames * HOP
    spectra = voice * _spectra(_pulses(f0, delivery.jitter, rng)) + breath * _spectra(rng.standard_normal(n_samples))
    signal = _overlap_add(spectra).astype(float)
    signal *= 10 ** (delivery.level / 20) / np.sqrt(np.mean(signal[np.repeat(spoken, HOP)] ** 2))
    signal += 10 ** (delivery.room / 20) * rng.standard_normal(n_samples)
    # A recordist turns the gain down rather than let it clip.
    return np.asarray(signal * min(1.0, 0.95 / np.abs(signal).max()))


def _accents(statement: tuple[Step, ...], ends: np.ndarray, times: np.ndarray) -> np.ndarray:
    """A bump of height 1 on every accented phone; shape (n_frames,)."""
    starts = np.concatenate([ends[:1] - statement[0].seconds, ends[:-1]])
    middles = ((starts + ends) / 2)[[step.accented for step in statement]]
    return np.asarray(np.exp(-0.5 * ((times[:, None] - middles) / 0.07) ** 2).max(axis=1))


def _fundamental(delivery: Delivery, accents: np.ndarray, progress: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The melody, in hertz, shape (n_frames,): declination, accents, a last movement and a slow random wander.

    Args:
        delivery: how it is spoken.
        accents: shape (n_frames,), from 0 to 1.
        progress: shape (n_frames,), 0 where speech starts and 1 where it ends.
        rng: the source of the wander.
    """
    wander = gaussian_filter1d(rng.standard_normal(len(accents)), sigma := 0.06 * FRAME_RATE)
    wander *= 0.4 * np.sqrt(2 * np.sqrt(np.pi) * sigma)  # 0.4 semitones, standard deviation
    progress = np.clip(progress, 0, 1)
    semitones = 3 * (0.5 - progress) + delivery.accent * accents + delivery.contour * progress**3 + wander
    return np.clip(delivery.f0 * 2 ** (semitones / 12), 50, 900)


def _pulses(f0: np.ndarray, jitter: float, rng: np.random.Generator) -> np.ndarray:
    """One impulse per glottal cycle, of unit mean power whatever the fundamental; shape (n_frames * HOP,)."""
    cycles = np.cumsum(f0) / FRAME_RATE
    position = np.interp(np.arange(1, int(cycles[-1])), cycles, np.arange(len(f0)) * HOP)  # in samples
    periods = np.gradient(position)
    position += periods * jitter / np.sqrt(2) * rng.standard_normal(len(position))
    heights = np.sqrt(periods) * (1 + 4 * jitter * rng.standard_normal(len(position)))  # shimmer goes with jitter
    position = np.clip(position, 0, len(f0) * HOP - 2)
    whole = position.astype(int)
    pulses = np.zeros(len(f0) * HOP)
    np.add.at(pulses, whole, heights * (1 - position + whole))
    np.add.at(pulses, whole + 1, heights * (position - whole))
    return pulses


def _responses(
    statement: tuple[Step, ...], delivery: Delivery, index: np.ndarray, accents: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Transfer functions of voice and of noise, each complex, shape (n_frames, n_frequencies).

    Args:
        statement: what is said.
        delivery: how.
        index: shape (n_frames,), which step each frame is in; `len(statement)` after the last one.
        accents: shape (n_frames,), from 0 to 1.
    """
    phones = [PHONES[step.phone] for step in statement]
    index = np.minimum(index, len(phones) - 1)
    formants = np.array([phone.formants for phone in phones])
    formants = delivery.tract * SCHWA * (formants / SCHWA) ** delivery.articulation
    formants = gaussian_filter1d(formants[index].astype(np.float32), 0.018 * FRAME_RATE, axis=0)  # (frames, 3)
    amplitudes = np.array([(phone.voicing, phone.aspiration, phone.frication) for phone in phones], dtype=np.float32)
    amplitudes = gaussian_filter1d(amplitudes[index], 0.005 * FRAME_RATE, axis=0)  # (frames, 3)
    amplitudes *= 10 ** (delivery.emphasis * (accents - 0.5) / 20)[:, None].astype(np.float32)
    voicing, aspiration, frication = amplitudes.T[:, :, None]  # each (frames, 1)

    tract = _tract(formants, delivery.tract)
    octaves = np.log2(np.maximum(FREQUENCIES, 100) / 1000)
    voice = voicing * tract * (_glottis() * 10 ** (delivery.tilt * octaves / 20))
    aspiration = aspiration + voicing * 10 ** (delivery.breathiness / 20)
    centre = np.array([phone.noise for phone in phones], dtype=np.float32)[index, None]
    hiss = np.exp(-0.5 * (np.log2(np.maximum(FREQUENCIES, 100) / (centre * delivery.tract)) / 0.5) ** 2)
    return voice, aspiration * tract * 0.3 + frication * hiss


def _glottis() -> np.ndarray:
    """A glottal pulse's spectrum times the lips' radiation: -6 dB per octave; shape (n_frequencies,), 1 at 1 kHz."""
    s = FREQUENCIES * 1j / 120
    return np.asarray(s / (1 + s) ** 2 * 1000 / 120)


def _tract(formants: np.ndarray, scale: float) -> np.ndarray:
    """All-pole response of the vocal tract, 1 at 0 Hz; complex, shape (n_frames, n_frequencies).

    Args:
        formants: hertz, shape (n_frames, 3).
        scale: factor on the formants above the third, which stay where they are.
    """
    response = np.ones((len(formants), len(FREQUENCIES)), dtype=np.complex64)
    for centre, bandwidth in zip(formants.T[:, :, None], BANDWIDTHS, strict=True):
        response *= 1 - (FREQUENCIES / centre) ** 2 + 1j * FREQUENCIES * (bandwidth / centre**2)
    for centre, bandwidth in HIGHER_FORMANTS:
        ratio = FREQUENCIES / (centre * scale)
        response *= 1 - ratio**2 + 1j * ratio * (bandwidth / centre)
    return np.asarray(1 / response)


def _spectra(signal: np.ndarray) -> np.ndarray:
    """Short-time spectra up to 12 kHz, shape (n_frames, n_frequencies), of a signal of n_frames * HOP samples."""
    padded = np.pad(signal.astype(np.float32), (WINDOW // 2, WINDOW // 2))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[: len(signal) : HOP]
    window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)  # two overlap, and add up to one
    return np.asarray(fft.rfft(frames * window, N_FFT)[:, : len(FREQUENCIES)])


def _overlap_add(spectra: np.ndarray) -> np.ndarray:
    """The signal that has these short-time spectra; shape (n_frames * HOP,)."""
    frames = fft.irfft(spectra, N_FFT)  # (frames, N_FFT), zero-padded above 12 kHz
    n_frames, parts = len(frames), N_FFT // HOP
    signal = np.zeros((n_frames + parts, HOP), dtype=frames.dtype)
    for part in range(parts):
        signal[part : part + n_frames] += frames[:, part * HOP : (part + 1) * HOP]
    return signal.ravel()[WINDOW // 2 :][: n_frames * HOP]
