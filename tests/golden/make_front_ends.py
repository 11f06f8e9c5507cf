"""Make front_ends.npz: what librosa gives, for the modules of `ser.front_ends` to agree with.

Run it from the project's top folder: ``python tests/golden/make_front_ends.py``. librosa 0.11.0 made the file.
"""

from pathlib import Path

import librosa
import numpy as np

SETTINGS = {
    "default": {"sr": 22050, "n_fft": 1024, "hop_length": 512, "n_mels": 64, "fmin": 50.0, "fmax": 8000.0},
    "dense": {"sr": 16000, "n_fft": 400, "hop_length": 160, "n_mels": 40, "fmin": 0.0, "fmax": 8000.0},
}
TOP_DB = {"default": 80.0, "dense": 30.0}
N_MFCC = {"default": 40, "dense": 13}


def make_signal(sampling_rate: int) -> np.ndarray:
    """Half a second of a gliding harmonic tone over noise, with a pause: float32, shape (n_samples,)."""
    time = np.arange(sampling_rate // 2) / sampling_rate
    phase = 2 * np.pi * (140 * time + 60 * time**2)
    tone = sum(np.sin(k * phase) / k for k in range(1, 20))
    tone *= np.abs(time - 0.3) > 0.05
    noise = np.random.default_rng(0).standard_normal(len(time))
    return (0.2 * tone + 0.003 * noise).astype(np.float32)


def main() -> None:
    arrays = {}
    for name, settings in SETTINGS.items():
        signal = make_signal(int(settings["sr"]))
        power = librosa.feature.melspectrogram(y=signal, power=2, center=True, pad_mode="constant", **settings)
        log_mel = librosa.power_to_db(power, ref=np.max, amin=1e-10, top_db=TOP_DB[name])
        mfcc = librosa.feature.mfcc(S=log_mel, n_mfcc=N_MFCC[name])
        deltas = [librosa.feature.delta(mfcc, order=order) for order in (1, 2)]
        arrays[f"{name}_signal"] = signal
        arrays[f"{name}_log_mel"] = log_mel
        arrays[f"{name}_mfcc"] = mfcc
        arrays[f"{name}_mfcc_deltas"] = np.concatenate([mfcc, *deltas])
    np.savez_compressed(Path(__file__).with_name("front_ends.npz"), **arrays)


if __name__ == "__main__":
    main()
