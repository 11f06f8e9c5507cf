"""How much voice the voice gate finds in noise, and how much of the pauses it takes for voice.

    python -m benchmarks.measurements.voice_activity data/raw/ravdess

RAVDESS's clips, cut to what is within `TRIM_DB` of their loudest part and brought to levels `SPREAD_DB` apart, are set
between pauses of digital silence, and noise is added. All of a cut clip counts as voice, its own short pauses too.
The gate's thresholds were chosen with actors 1 to 4, who are not heard here.
"""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.documents import write_block
from ser.audio.decode import decode
from ser.audio.files import find_recordings
from ser.audio.signal import resample, to_mono, trim_silence
from ser.inference.frames import FRAME, FrameStream
from ser.inference.voice_activity import VoiceGate
from ser.storage import write_json

TOP = Path(__file__).resolve().parents[2]
PAGE = TOP / "docs" / "timeline.md"
RESULTS = TOP / "benchmarks" / "results" / "voice_activity.json"
RATE = 22_050
CLIPS = 200
TRIM_DB = 35.0
PEAK, SPREAD_DB = 0.1, 12.0
PAUSES = (0.5, 3.0)  # seconds
SNRS = (30, 20, 15, 10, 5, 0)  # dB, of the clips' mean power
UNHEARD = tuple(f"Actor_{number:02}" for number in range(5, 25))


def main(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="RAVDESS.")],
) -> None:
    """Measure, and write the results and the page."""
    results = {"clips": CLIPS, "pauses": list(PAUSES), "noise": measure(folder, CLIPS)}
    write_json(results, RESULTS)
    text = block(results)
    write_block(PAGE, "voice", text)
    typer.echo(text)


def measure(folder: Path, n_clips: int, snrs: Sequence[int] = SNRS) -> dict[str, dict[str, float]]:
    """Measure the gate, judging 10 s at once as `ser timeline` does, in noise of every kind and level.

    Returns:
        For each, such as ``pink 10``: the shares of voice that is ``found`` and of pauses that are ``false_alarms``.
    """
    rng = np.random.default_rng(0)
    paths = [path for path in find_recordings(folder) if path.parent.name in UNHEARD]
    chosen = [paths[i] for i in rng.permutation(len(paths))[:n_clips]]
    signal, voice = _scene(chosen, rng)
    power = float(np.mean(np.square(signal[voice])))
    results = {"none": _score(signal, voice)}
    for (kind, shape), snr in product((("white", 0.0), ("pink", 0.5)), snrs):
        noise = _noise(len(signal), shape, rng) * np.float32(np.sqrt(power / 10 ** (snr / 10)))
        results[f"{kind} {snr}"] = _score(signal + noise, voice)
    return results


def _scene(paths: list[Path], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Clips between pauses, and where they are, both of shape (n_samples,)."""
    parts, voice = [], []
    for path in paths:
        samples, sampling_rate = decode(path)
        clip = trim_silence(resample(to_mono(samples), sampling_rate, RATE), TRIM_DB)
        clip *= PEAK / np.abs(clip).max() * 10 ** (rng.uniform(-SPREAD_DB, SPREAD_DB) / 2 / 20)
        pause = round(rng.uniform(*PAUSES) * RATE)
        parts += [np.zeros(pause, np.float32), clip]
        voice += [np.zeros(pause, bool), np.ones(len(clip), bool)]
    return np.concatenate(parts), np.concatenate(voice)


def _noise(n_samples: int, shape: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of mean square 1 whose amplitude falls with frequency to the power `shape`."""
    spectrum = np.fft.rfft(rng.normal(size=1 << (n_samples - 1).bit_length()))
    noise = np.fft.irfft(spectrum / np.maximum(1, np.arange(len(spectrum))) ** shape)[:n_samples]
    scaled: np.ndarray = (noise / noise.std()).astype(np.float32)
    return scaled


def _score(signal: np.ndarray, voice: np.ndarray) -> dict[str, float]:
    stream = FrameStream(RATE)
    gate = VoiceGate(stream.frequencies)
    length = round(10 / FRAME) * stream.hop
    for start in range(0, len(signal), length):
        gate.update(stream.add(signal[start : start + length]).power)
    gate.update(stream.close().power)
    gate.close()
    found = np.zeros(len(signal), bool)
    for first, last in gate.phrases:
        found[first * stream.hop : last * stream.hop] = True
    return {"found": round(float(found[voice].mean()), 3), "false_alarms": round(float(found[~voice].mean()), 3)}


def block(results: dict[str, Any]) -> str:
    """Lay the results out as Markdown."""
    noise = results["noise"]

    def cells(kind: str, what: str) -> str:
        return " | ".join(f"{noise[f'{kind} {snr}'][what]:.0%}" for snr in SNRS)

    rows = ["| | no noise | " + " | ".join(f"{snr} dB" for snr in SNRS) + " |", "|---|" + "---|" * (1 + len(SNRS))]
    for kind, (what, label) in product(("white", "pink"), (("found", "found"), ("false_alarms", "false alarms"))):
        rows.append(f"| {kind} noise: {label} | {noise['none'][what]:.0%} | {cells(kind, what)} |")
    shortest, longest = results["pauses"]
    return "\n".join(
        [
            *rows,
            "",
            f"{results['clips']} clips of 20 actors, with pauses of {shortest:g} to {longest:g} s between them.",
        ]
    )


if __name__ == "__main__":
    typer.run(main)
