"""Small corpora and tables that many tests start from."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import soundfile

from ser.dataset.metadata import COLUMNS, EMOTIONS
from ser.model_files.description import FORMAT, ExportedDescription, ModelDescription, Scores
from ser.params import FeatureParams, FrontEnds, LogMelParams
from tests.settings import network

if TYPE_CHECKING:
    from ser.model_files.safetensors_file import Model

TOP = Path(__file__).resolve().parent.parent
CORPORA = TOP.parent / "shared" / "corpora"


def clip(seed: int, seconds: float = 0.4, sampling_rate: int = 16_000) -> np.ndarray:
    """A hummed tone with vibrato and breath, different for every seed; shape (n_samples,)."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * sampling_rate)) / sampling_rate
    f0 = rng.uniform(100, 300) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(1, 6) * time))
    phase = 2 * np.pi * np.cumsum(f0) / sampling_rate
    hum = sum(np.sin(k * phase) * rng.uniform(0.2, 1) / k for k in range(1, 12))
    return (0.1 * (hum + 0.05 * rng.normal(size=len(time)))).astype(np.float32)


def write_clip(path: Path, seed: int, seconds: float = 0.4, sampling_rate: int = 16_000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, clip(seed, seconds, sampling_rate), sampling_rate, subtype="PCM_16")
    return path


@pytest.fixture
def ravdess_folder(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of short clips named by RAVDESS's rules: actors x 8 emotions x statements x repetitions."""

    def make(folder: str = "raw", actors: int = 4, statements: int = 1, repetitions: int = 1) -> Path:
        for seed, (actor, emotion, statement, repetition) in enumerate(
            product(range(1, actors + 1), range(1, 9), range(1, statements + 1), range(1, repetitions + 1))
        ):
            name = f"03-01-{emotion:02}-01-{statement:02}-{repetition:02}-{actor:02}.wav"
            write_clip(tmp_path / folder / f"Actor_{actor:02}" / name, seed)
        return tmp_path / folder

    return make


@pytest.fixture
def make_metadata() -> Callable[..., pd.DataFrame]:
    """Makes a metadata table without recordings: speakers (odd male, even female) x 8 emotions x takes."""

    def make(speakers: int = 8, takes: int = 2) -> pd.DataFrame:
        rows = []
        for number, (speaker, emotion, take) in enumerate(product(range(1, speakers + 1), EMOTIONS, range(takes))):
            rng = np.random.default_rng(number)
            row: dict[str, object] = dict.fromkeys(COLUMNS, "")
            row |= {
                "utterance_id": f"toy_{speaker:02}_{emotion}_{take}",
                "corpus": "toy",
                "path": f"data/raw/toy/{number}.wav",
                "emotion": emotion,
                "gender": "male" if speaker % 2 else "female",
                "speaker": f"toy_{speaker:02}",
                "sampling_rate": 16_000,
                "channels": 1,
                "duration": 1.0,
                "audio_hash": f"{number:064x}",
                "fingerprint": rng.bytes(64).hex(),
            }
            rows.append(row)
        return pd.DataFrame(rows)

    return make


@contextmanager
def limited_files(n_bytes: int) -> Iterator[None]:
    """Let this process write no file beyond so many bytes, as if the disk were full; pytest's own log is one, too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(scope="session")
def small_front_end() -> FeatureParams:
    """A front end whose spectrograms are quick to make and to train on: 8 bands, 13 frames."""
    return FeatureParams(
        sampling_rate=8_000,
        duration=0.4,
        trim_db=40.0,
        front_ends=FrontEnds(
            log_mel=LogMelParams(n_fft=512, hop_length=256, n_mels=8, f_min=50.0, f_max=4_000.0, top_db=80.0)
        ),
    )


def untrained_model(
    front_end: FeatureParams,
    architecture: str = "logmel_gap",
    classes: tuple[str, ...] = EMOTIONS,
    members: int = 1,
) -> "Model":
    """A model whose probabilities differ from one another and from recording to recording."""
    import torch  # noqa: PLC0415 (most tests do without)

    from ser.features.front_end import shapes  # noqa: PLC0415
    from ser.model_files.safetensors_file import Model  # noqa: PLC0415
    from ser.models.classifier import Classifier, ensemble  # noqa: PLC0415

    torch.manual_seed(0)
    description = ModelDescription(
        format=FORMAT,
        network=network(architecture),
        members=members,
        classes=classes,
        front_end=front_end,
        trained_on=("toy",),
        temperature=1.0,
    )
    sizes = shapes(front_end)
    classifier = ensemble([Classifier(len(classes), sizes, description.network) for _ in range(members)])
    classifier.standardise_by(
        {name: (np.linspace(-50, -20, shape[0]), np.linspace(2, 9, shape[0])) for name, shape in sizes.items()}
    )
    return Model(classifier.eval(), description)


@pytest.fixture(scope="session")
def small_model(small_front_end: FeatureParams) -> "Model":
    return untrained_model(small_front_end)


@pytest.fixture(scope="session")
def exported_description(small_model: "Model") -> ExportedDescription:
    leaks = {"train_test": {"shared_speakers": 0, "same_recording": 0, "near_identical": 0}}
    return ExportedDescription(
        **dict(small_model.description),
        trained_md5="0123456789abcdef" * 2,
        test=Scores(uar=0.5, accuracy=0.625, protocol="speaker_independent", leaks=leaks),
    )


@pytest.fixture(scope="session")
def small_onnx(small_model: "Model", exported_description: ExportedDescription) -> bytes:
    """`small_model`, exported."""
    from ser.model_files.export import to_onnx  # noqa: PLC0415

    return to_onnx(small_model, exported_description)


@pytest.fixture(scope="session")
def whisper_model(small_front_end: FeatureParams) -> "Model":
    """An untrained network that standardises by source, as if utterances had differed by 1e-9 in validation."""
    from tests.settings import hears  # noqa: PLC0415

    front_end = hears(small_front_end.model_copy(update={"duration": 0.5}), "whisper_log_mel")
    model = untrained_model(front_end, "whisper")
    return replace(model, description=model.description.model_copy(update={"spread": 1e-9}))


@pytest.fixture(scope="session")
def whisper_onnx(whisper_model: "Model") -> bytes:
    """`whisper_model`, exported."""
    from ser.model_files.export import describe, to_onnx  # noqa: PLC0415

    return to_onnx(whisper_model, describe(whisper_model, Path(__file__), None))
