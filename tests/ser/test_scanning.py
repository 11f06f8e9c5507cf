"""Small WAV files named by each corpus's rules, read as the stages read them."""

from pathlib import Path

import pytest

from ser.ingestion import ingest
from ser.params import CustomParams, IngestParams
from ser.scanning import scan
from tests.conftest import write_clip

SUB_FOLDERS = CustomParams(csv="", path="", emotion="", speaker="", gender="", age="", language="")

FILES: dict[str, dict[str, tuple[str, ...]]] = {
    "ravdess": {
        "Actor_12/03-01-06-01-02-01-12.wav": ("03-01-06-01-02-01-12", "fearful", "female", "12", "", "speech"),
        "03-02-05-02-01-01-11.wav": ("03-02-05-02-01-01-11", "angry", "male", "11", "", "song"),
    },
    "tess": {
        "OAF_Fear/OAF_back_fear.wav": ("OAF_back_fear", "fearful", "female", "OAF", "64", "speech"),
        "YAF_back_ps.wav": ("YAF_back_ps", "surprised", "female", "YAF", "26", "speech"),
    },
    "crema_d": {
        "AudioWAV/1001_DFA_ANG_XX.wav": ("1001_DFA_ANG_XX", "angry", "male", "1001", "51", "speech"),
        "AudioWAV/1002_IEO_SAD_HI.wav": ("1002_IEO_SAD_HI", "sad", "female", "1002", "21", "speech"),
    },
    "savee": {
        "DC/a01.wav": ("DC_a01", "angry", "male", "DC", "", "speech"),
        "JE/a01.wav": ("JE_a01", "angry", "male", "JE", "", "speech"),
        "KL_su03.wav": ("KL_su03", "surprised", "male", "KL", "", "speech"),
    },
    "emodb": {
        "wav/03a01Fa.wav": ("03a01Fa", "happy", "male", "03", "31", "speech"),
        "wav/16a02Lb.wav": ("16a02Lb", "boredom", "female", "16", "31", "speech"),
    },
    "custom": {
        "happy/1.wav": ("happy/1", "happy", "", "", "", ""),
        "sad/1.wav": ("sad/1", "sad", "", "", "", ""),
    },
}
"""Corpus, path, and what is to be read: name, emotion, gender, speaker, age and vocal channel."""


def write_corpora(top: Path) -> None:
    paths = [top / corpus / path for corpus, files in FILES.items() for path in files]
    for seed, path in enumerate(paths):
        write_clip(path, seed)


@pytest.mark.parametrize("corpus", FILES)
def test_recordings_are_read_by_their_corpus_s_rules(corpus: str, tmp_path: Path) -> None:
    write_corpora(tmp_path)
    found = scan(tmp_path / corpus, corpus, SUB_FOLDERS)
    assert found.rejected.empty
    rows = found.utterances.set_index("path")
    for path, (name, emotion, gender, speaker, age, channel) in FILES[corpus].items():
        row = rows.loc[(tmp_path / corpus / path).as_posix()]
        assert row["utterance_id"] == f"{corpus}_{name}"
        assert row["speaker"] == (f"{corpus}_{speaker}" if speaker else "")
        assert (row["emotion"], row["gender"], row["age"], row["vocal_channel"]) == (emotion, gender, age, channel)
        assert (row["sampling_rate"], row["channels"], row["duration"]) == (16_000, 1, 0.4)


def test_all_corpora_come_together_in_one_run(tmp_path: Path) -> None:
    write_corpora(tmp_path)
    params = IngestParams(
        corpora=tuple(FILES),
        max_rejected=0,
        keep_duplicates=False,
        relabel={"boredom": None},
        emotions="union",
        custom=SUB_FOLDERS,
    )
    ingested = ingest([scan(tmp_path / corpus, corpus, SUB_FOLDERS) for corpus in FILES], params)
    assert ingested.rejected["reason"].tolist() == ["left out by relabel"]
    assert len(ingested.metadata) == 12
    assert ingested.metadata["utterance_id"].is_unique
    assert ingested.metrics()["all"]["speakers"] == 10
