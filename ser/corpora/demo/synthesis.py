"""A corpus of synthetic voices, named as RAVDESS names its recordings.

It stands in for recordings where none can be downloaded, so that the pipeline runs and its figures move when parameters
move. It says nothing about emotion in people. Everything that a speaker does is drawn from ``params.seed`` and from the
clip's own codes, never from the order of work.

Source:
    The *directions* of the emotional effects are those of the tables below. Their *sizes*, and the spread between and
    within speakers, are chosen here so that a small network is neither perfect nor at chance on unheard speakers.

    * happy, sad, angry, fearful, and calm after "tenderness": Juslin & Laukka (2003), Psychological Bulletin 129(5),
      770-814, table 11. Level, tempo, high-frequency energy, pitch, its variability and contour, irregularity.
    * disgust, and what the first leaves open: Murray & Arnott (1993), J. Acoust. Soc. Am. 93(2), 1097-1108, table 1.
      The two disagree about fear: its pitch varies little in the first and much in the second; here it varies little.
    * surprised: Scherer & Oshinsky (1977), Motivation and Emotion 1(4), 331-346, table on p. 340, which is of tone
      sequences. Fast, high, widely varying, rising.
"""

from functools import partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.io import wavfile

from ser.corpora.demo.phones import DOGS_ARE_SITTING_BY_THE_DOOR, KIDS_ARE_TALKING_BY_THE_DOOR
from ser.corpora.demo.voice import SAMPLING_RATE, Delivery, synthesise
from ser.parallel import parallel_map
from ser.params import DemoParams
from ser.storage import replacing_folder

ACTORS = {f"{number:02}": "male" if number % 2 else "female" for number in range(1, 25)}
EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgust",
    "08": "surprised",
}
REPETITIONS = ("01", "02")
STATEMENTS = {"01": KIDS_ARE_TALKING_BY_THE_DOOR, "02": DOGS_ARE_SITTING_BY_THE_DOOR}


_CLIPS = "Actor_[0-9][0-9]/03-01-[0-9][0-9]-01-[0-9][0-9]-[0-9][0-9]-[0-9][0-9].wav"
"""The clips' names. RAVDESS has others beside them: its emotions are also spoken with strong intensity, 02."""


class Manner(NamedTuple):
    """What changes between utterances of one vocal tract: an offset from another manner in each of these.

    Attributes:
        pitch: semitones.
        pitch_range: octaves, that is, doublings of the accents' size.
        contour: semitones by which the end rises.
        tempo: octaves; 1 is twice as fast.
        level: dB.
        emphasis: dB by which accents are louder.
        tilt: dB per octave; higher is more high-frequency energy.
        jitter: octaves.
        breathiness: dB.
        articulation: octaves; below 0 vowels are slurred.
    """

    pitch: float
    pitch_range: float
    contour: float
    tempo: float
    level: float
    emphasis: float
    tilt: float
    jitter: float
    breathiness: float
    articulation: float


EFFECTS = {
    "neutral": Manner(0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    "calm": Manner(-1, -0.4, -0.5, -0.12, -4, -1, -1.0, -0.7, 4, 0),
    "happy": Manner(3.5, 0.8, 1.5, 0.15, 3, 1, 0.5, -0.8, 0, 0.15),
    "sad": Manner(-1.5, -0.7, -1.5, -0.2, -6, -1.5, -2.0, 0.6, 3, -0.35),
    "angry": Manner(3, 0.6, -0.5, 0.15, 8, 4, 2.5, 0.9, -3, 0.2),
    "fearful": Manner(6, -0.6, 0.5, 0.25, -1, 1.5, -0.8, 1.4, 4, 0.1),
    "disgust": Manner(-2.5, 0.2, -3, -0.25, -1, 1, 0.8, 1.0, -2, 0),
    "surprised": Manner(6.5, 1.0, 6, 0.18, 4, 1, 1.3, 0, 2, 0),
}
"""What an emotion does to a neutral voice, at expressiveness 1, in a speaker who expresses it as most do."""

# Standard deviations of a manner: between speakers, between one speaker's ways with an emotion (a fraction of how much
# emotions differ), and between utterances.
SPEAKER_SPREAD = Manner(0, 0.2, 0.5, 0.06, 1.0, 0.5, 0.3, 0.3, 1, 0.06)
STYLE_SPREAD = 0.18
UTTERANCE_SPREAD = Manner(0.8, 0.2, 0.8, 0.05, 1.2, 0.5, 0.3, 0.3, 1, 0.06)


class Speaker(NamedTuple):
    """A vocal tract and its habits.

    Attributes:
        f0: hertz, of neutral speech.
        tract: factor on the formants.
        room: dB re full scale, of the background noise.
        habits: offset of neutral speech from the average speaker's.
    """

    f0: float
    tract: float
    room: float
    habits: Manner


def synthesise_corpus(params: DemoParams, out: Path) -> int:
    """Write the corpus to `out`, in place of an older one.

    Args:
        params: how many speakers, how expressive, and the seed.
        out: the folder to make: ``Actor_NN/03-01-EE-01-SS-RR-NN.wav``, 48 kHz, 16 bits, mono.

    Returns:
        Number of clips: 32 for every speaker, that is, 8 emotions, 2 statements, 2 repetitions.

    Raises:
        InputError: `out` holds something else.
    """
    actors = sorted(ACTORS)[: params.speakers]
    with replacing_folder(out, [_CLIPS]) as sibling:
        write = partial(_write_speaker, params, sibling)
        return sum(parallel_map(write, actors, label="synthesise", unit="speaker"))


def _write_speaker(params: DemoParams, folder: Path, actor: str) -> int:
    clips = list(product(EMOTIONS, STATEMENTS, REPETITIONS))
    (folder / f"Actor_{actor}").mkdir()
    for emotion, statement, repetition in clips:
        signal = _clip(params, actor, emotion, statement, repetition)
        path = folder / f"Actor_{actor}" / f"03-01-{emotion}-01-{statement}-{repetition}-{actor}.wav"
        wavfile.write(path, SAMPLING_RATE, np.round(signal * 32767).astype(np.int16))
    return len(clips)


def _clip(params: DemoParams, actor: str, emotion: str, statement: str, repetition: str) -> np.ndarray:
    """One utterance, named by its RAVDESS codes; shape (n_samples,), in [-1, 1]."""
    # No code is 0, so that no two of these lists are the same to NumPy, which ignores zeros at the end.
    codes = [params.seed, int(actor), int(emotion), int(statement), int(repetition)]
    speaker = _speaker(ACTORS[actor], np.random.default_rng(codes[:2]))
    style = _style(EMOTIONS[emotion], np.random.default_rng(codes[:3]))
    rng = np.random.default_rng(codes)
    manner = np.array(speaker.habits) + params.expressiveness * style + rng.normal(0, UTTERANCE_SPREAD)
    return synthesise(STATEMENTS[statement], _delivery(speaker, Manner(*manner)), rng)


def _speaker(gender: str, rng: np.random.Generator) -> Speaker:
    """Draw a speaker; women have a higher voice and a shorter vocal tract, with some overlap."""
    f0, tract = (120.0, 1.0) if gender == "male" else (205.0, 1.15)
    return Speaker(
        f0=f0 * 2 ** (rng.normal(0, 2) / 12),
        tract=tract * np.exp(rng.normal(0, 0.04)),
        room=rng.uniform(-82, -74),
        habits=Manner(*rng.normal(0, SPEAKER_SPREAD)),
    )


def _style(emotion: str, rng: np.random.Generator) -> np.ndarray:
    """One speaker's own way with an emotion, at expressiveness 1: weaker or stronger, and partly something else.

    Returns:
        Offset from the speaker's neutral habits, shape (n_fields of Manner,).
    """
    strength = np.clip(rng.normal(1, 0.2), 0.4, 1.6)
    differences = np.std(list(EFFECTS.values()), axis=0)
    return np.asarray(strength * np.array(EFFECTS[emotion]) + rng.normal(0, STYLE_SPREAD * differences))


def _delivery(speaker: Speaker, manner: Manner) -> Delivery:
    """From offsets to what the synthesiser is told, within what a voice can do."""
    return Delivery(
        f0=float(np.clip(speaker.f0 * 2 ** (manner.pitch / 12), 65, 600)),
        accent=float(np.clip(3 * 2**manner.pitch_range, 0, 14)),
        contour=float(np.clip(manner.contour, -12, 14)),
        tempo=float(np.clip(2**manner.tempo, 0.5, 2)),
        level=float(np.clip(-30 + manner.level, -50, -14)),
        emphasis=6 + manner.emphasis,
        tilt=-0.5 + manner.tilt,
        jitter=float(np.clip(0.006 * 2**manner.jitter, 0.001, 0.06)),
        breathiness=float(np.clip(-8 + manner.breathiness, -40, 12)),
        articulation=float(np.clip(0.9 * 2**manner.articulation, 0.4, 1.2)),
        tract=speaker.tract,
        room=speaker.room,
    )
