"""Small WAV files named by each corpus's rules, read as the stages read them."""

import os
from pathlib import Path

import pytest

from ser.dataset.ingestion import ingest
from ser.dataset.scanning import scan
from ser.dataset.scans import Scan, write_scan
from ser.dataset.splits import assign_splits
from ser.params import CustomParams, IngestParams, SplitParams
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
        recipes="ser/corpora/recipes",
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


TABLE = CustomParams(
    csv="labels.csv", path="path", emotion="emotion", speaker="speaker", gender="", age="", language=""
)


def left_out(found: Scan) -> dict[str, str]:
    return {Path(row.path).name: row.reason for row in found.rejected.itertuples()}


def write_table(folder: Path, rows: dict[str, tuple[str, str]]) -> None:
    lines = ["path,emotion,speaker", *(f"{path},{emotion},{speaker}" for path, (emotion, speaker) in rows.items())]
    (folder / "labels.csv").write_text("\n".join(lines), encoding="utf-8")


def test_emo_db_is_read_as_it_is_published(tmp_path: Path) -> None:
    for seed, name in enumerate(("03a01Fa", "16a02Lb", "11a05Wb")):
        write_clip(tmp_path / "wav" / f"{name}.wav", seed)
        for folder, content in (("lablaut", "; Lautschrift: ä\n0.1 a\n"), ("labsilb", "0.1 1\n"), ("silb", "")):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / f"{name}.{folder}").write_text(content, encoding="latin-1")
    (tmp_path / "erkennung.txt").write_text("Satz  erkannt\n03a01Fa  90,00\n")
    (tmp_path / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (tmp_path / "__MACOSX" / "wav").mkdir(parents=True)
    (tmp_path / "__MACOSX" / "wav" / "._03a01Fa.wav").write_bytes(b"\0\5\x16\7")
    found = scan(tmp_path, "emodb", None)
    assert found.utterances["utterance_id"].tolist() == ["emodb_03a01Fa", "emodb_11a05Wb", "emodb_16a02Lb"]
    assert len(found.rejected) == 12
    assert set(found.rejected["reason"]) == {"no recording"}
    strict = IngestParams(
        corpora=("emodb",),
        recipes="ser/corpora/recipes",
        max_rejected=0,
        keep_duplicates=False,
        relabel={"boredom": None},
        emotions="union",
        custom=SUB_FOLDERS,
    )
    ingested = ingest([found], strict)
    ingested.check(strict)
    assert ingested.metrics()["unusable"]["total"] == 0
    assert ingested.metrics()["left_out"]["no_recording"] == 12


def test_a_damaged_recording_is_damage_and_one_by_another_name_is_found(tmp_path: Path) -> None:
    write_clip(tmp_path / "03a01Fa.wav", 0).rename(tmp_path / "03a01Fa.txt")
    whole = write_clip(tmp_path / "16a02Lb.wav", 1).read_bytes()
    (tmp_path / "16a02Lb.wav").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "11a05Wb.wav").write_text("version https://git-lfs.github.com/spec/v1\n")
    (tmp_path / "08a01Fd.ape").write_bytes(b"MAC \x96\x0f")
    found = scan(tmp_path, "emodb", None)
    assert found.utterances["utterance_id"].tolist() == ["emodb_03a01Fa"]
    assert left_out(found) == {"16a02Lb.wav": "truncated", "11a05Wb.wav": "not audio", "08a01Fd.ape": "not audio"}


def test_a_table_that_labels_a_part_of_a_folder_means_that_part(tmp_path: Path) -> None:
    for seed in range(6):
        write_clip(tmp_path / "clips" / f"{seed}.wav", seed)
    (tmp_path / "clips" / "broken.wav").write_bytes(b"RIFF")
    (tmp_path / "README.md").write_text("About.\n")
    write_table(tmp_path, {"clips/1.wav": ("sad", "a"), "clips\\4.wav": ("happy", "b")})
    found = scan(tmp_path, "custom", TABLE)
    assert found.utterances["utterance_id"].tolist() == ["custom_clips/1", "custom_clips/4"]
    unlisted = {f"{seed}.wav": "not listed" for seed in (0, 2, 3, 5)}
    assert left_out(found) == unlisted | {"broken.wav": "not listed", "README.md": "no recording"}
    assert len(found.conditions) == 2
    strict = IngestParams(
        corpora=("custom",),
        recipes="ser/corpora/recipes",
        max_rejected=0,
        keep_duplicates=False,
        relabel={},
        emotions="union",
        custom=TABLE,
    )
    ingest([found], strict).check(strict)


def test_what_a_table_names_is_meant_whatever_it_looks_like(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing to hear\n")
    write_table(tmp_path, {"notes.txt": ("sad", "a")})
    assert left_out(scan(tmp_path, "custom", TABLE)) == {"notes.txt": "not audio"}


def test_linked_folders_are_scanned_and_a_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    write_clip(tmp_path / "disk" / "session" / "1.wav", 1)
    (tmp_path / "corpus" / "sad").mkdir(parents=True)
    (tmp_path / "corpus" / "happy").symlink_to(tmp_path / "disk", target_is_directory=True)
    (tmp_path / "corpus" / "sad" / "round").symlink_to("..", target_is_directory=True)
    (tmp_path / "corpus" / "sad" / "gone.wav").symlink_to("nowhere")
    (tmp_path / "corpus" / "sad" / "gone too.wav").symlink_to("gone too.wav")
    found = scan(tmp_path / "corpus", "custom", SUB_FOLDERS)
    assert found.utterances["utterance_id"].tolist() == ["custom_happy/session/1"]
    assert found.utterances["path"].tolist() == [f"{tmp_path.as_posix()}/corpus/happy/session/1.wav"]
    assert left_out(found) == {"gone.wav": "missing", "gone too.wav": "missing"}


def test_spellings_of_one_speaker_are_not_in_train_and_in_test(tmp_path: Path) -> None:
    spellings = ("1", "01", "1.0", "2", "3", " 3", "4", "S5", "s05", "6")
    rows = {f"{number}.wav": (("sad", "happy")[number % 2], speaker) for number, speaker in enumerate(spellings)}
    for seed, name in enumerate(rows):
        write_clip(tmp_path / name, seed)
    write_table(tmp_path, rows)
    found = scan(tmp_path, "custom", TABLE)
    assert [note.partition("labels.csv: ")[2] for note in found.notes] == [
        "speakers '1', '01', '1.0' are taken for one, '1'",
        "speakers 'S5', 's05' are taken for one, 'S5'",
    ]
    speakers = found.utterances.set_index("utterance_id")["speaker"]
    for seed in range(5):
        params = SplitParams(
            protocol="speaker_independent",
            fold=0,
            test_corpora=(),
            validation_fraction=0.2,
            test_fraction=0.4,
            seed=seed,
        )
        subsets = assign_splits(found.utterances, params).set_index("utterance_id")["subset"]
        assert subsets.groupby(speakers).nunique().max() == 1
        assert subsets[[f"custom_{number}" for number in (0, 1, 2)]].nunique() == 1


def test_a_name_that_is_not_utf_8_is_one_rejected_file(tmp_path: Path) -> None:
    write_clip(tmp_path / "wav/03a01Fa.wav", 0)
    write_clip(tmp_path / "wav/03a01Wa.wav", 1)
    (tmp_path / "wav/03a01Wa.wav").rename(os.fsdecode(bytes(tmp_path) + b"/wav/03a01Wa\xff.wav"))
    found = scan(tmp_path, "emodb", None)
    assert list(found.utterances["utterance_id"]) == ["emodb_03a01Fa"]
    assert list(found.rejected["reason"]) == ["impossible name"]
    assert found.rejected["detail"][0].endswith(": its name is not UTF-8, which tables are written in; rename the file")
    write_scan(found, tmp_path / "scan")
    assert "03a01Wa\\udcff.wav" in (tmp_path / "scan/rejected.csv").read_text()
