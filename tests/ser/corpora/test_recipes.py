"""Every recipe, on small files made under its corpus's published rules."""

import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from ser.corpora import CORPORA
from ser.dataset.ingestion import ingest
from ser.dataset.scanning import scan
from ser.errors import InputError
from ser.params import CustomParams, IngestParams
from tests.conftest import clip, write_clip

# From a recording to emotion, speaker, gender, intensity, statement, repetition and language.
RECORDINGS: dict[str, dict[str, tuple[str, str, str, str, str, str, str]]] = {
    "aesdd": {
        "anger/a03 (4).wav": ("angry", "4", "", "", "03", "", "el"),
        "happiness/h20(1)b.wav": ("happy", "1", "", "", "20", "b", "el"),
        "Fear/F01 (2).wav": ("fearful", "2", "", "", "01", "", "el"),
    },
    "ased": {
        "05Angry/a5-03-01-02-50.wav": ("angry", "50", "male", "", "03", "01", "am"),
        "01Neutral/n1-01-02-01-03.wav": ("neutral", "03", "female", "", "01", "02", "am"),
        "04Sad/S4-04-02-01-29.wav": ("sad", "29", "female", "", "04", "02", "am"),
    },
    "asvp_esd": {
        "actor_12/03-01-06-01-02-12-02-01-01-16.wav": ("fearful", "12", "male", "normal", "02", "", ""),
        "actor_103/03-02-13-02-01-103-03-03.wav": ("breath", "103", "female", "high", "01", "", ""),
    },
    "cafe": {
        "Colère/Fort/01-C-2-1.wav": ("angry", "01", "male", "strong", "1", "", "fr"),
        "dégoût/faible/12-d-1-6.wav": ("disgust", "12", "female", "mild", "6", "", "fr"),
        "Neutre/02-N-0-3.wav": ("neutral", "02", "female", "", "3", "", "fr"),
        "Neutre/02-N-04.wav": ("neutral", "02", "female", "", "04", "", "fr"),
    },
    "emotale": {
        "DK_004_A_5.wav": ("angry", "004", "", "", "5", "", "da"),
        "EN_017_B_1.wav": ("boredom", "017", "", "", "1", "", "en"),
    },
    "emov_db": {
        "bea_Amused/amused_1-15_0001.wav": ("amused", "bea", "female", "", "0001", "", "en"),
        "sam_Amused/amused_1-15_0001.wav": ("amused", "sam", "male", "", "0001", "", "en"),
        "jenie/Angry/anger_1-28_0011.wav": ("angry", "jenie", "female", "", "0011", "", "en"),
        "josh/Sleepy/sleepiness_1-28_0002.wav": ("sleepiness", "josh", "male", "", "0002", "", "en"),
    },
    "emovo": {
        "f1/dis-f1-b1.wav": ("disgust", "f1", "female", "", "b1", "", "it"),
        "M3/GIO-M3-N5.WAV": ("happy", "m3", "male", "", "n5", "", "it"),
    },
    "esd": {
        "0001/Angry/0001_000351.wav": ("angry", "0001", "female", "", "000351", "", "zh"),
        "0011/HAPPY/train/0011_000701.wav": ("happy", "0011", "male", "", "000701", "", "en"),
    },
    "iemocap": {
        "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav": (
            *("neutral", "Ses01_female", "female", "", "impro01", "", "en"),
        ),
        "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_M001.wav": (
            *("no agreement", "Ses01_male", "male", "", "impro01", "", "en"),
        ),
        "Session5/sentences/wav/Ses05M_script01_1b/Ses05M_script01_1b_F003.wav": (
            *("excited", "Ses05_female", "female", "", "script01_1b", "", "en"),
        ),
    },
    "jl_corpus": {
        "female1_angry_10a_1.wav": ("angry", "female1", "female", "", "10a", "1", "en"),
        "male2_encouraging_15b_2.wav": ("encouraging", "male2", "male", "", "15b", "2", "en"),
    },
    "meld": {
        "train_splits/dia0_utt0.wav": ("neutral", "Chandler", "", "", "also I was the point person", "", "en"),
        "dev_splits_complete/dia0_utt0.wav": ("happy", "Phoebe", "", "", "Oh, my God!", "", "en"),
    },
    "mesd": {
        "Anger_C_A_abajo.wav": ("angry", "", "", "", "abajo", "", "es"),
        f"Sadness_F_B_{unicodedata.normalize('NFD', 'adiós')}.wav": ("sad", "", "female", "", "adiós", "", "es"),
    },
    "msp_podcast": {
        "Audios/MSP-PODCAST_0001_0008.wav": ("neutral", "30", "male", "", "", "", "en"),
        "Audios/MSP-PODCAST_1023_0235.wav": ("no agreement", "", "", "", "", "", "en"),
    },
    "nemo": {
        "samples/EB0_anger_14.wav": ("angry", "EB0", "female", "", "Ten miesiąc minął.", "", "pl"),
        "samples/MK0_surprised_2.wav": ("surprised", "MK0", "male", "", "Dzieci muszą dużo jeść.", "", "pl"),
    },
    "shemo": {
        "female/F01A01.wav": ("angry", "F01", "female", "", "01", "", "fa"),
        "male/M40F12.wav": ("fearful", "M40", "male", "", "12", "", "fa"),
    },
    "subesco": {
        "F_01_OISHI_S_1_ANGRY_1.wav": ("angry", "F_01", "female", "", "1", "1", "bn"),
        "M_10_MOHIT_S_10_SURPRISE_5.wav": ("surprised", "M_10", "male", "", "10", "5", "bn"),
    },
    "turev": {
        "Sad/1157_hl_acik.wav": ("sad", "1157", "", "", "acik", "", "tr"),
        "CALM/1234_sk_algi.wav": ("calm", "1234", "", "", "algi", "", "tr"),
    },
    "urdu": {
        "Angry/SM1_F10_A010.wav": ("angry", "SM1", "male", "", "", "", "ur"),
        "Sad/SF3_F2_S02.wav": ("sad", "SF3", "female", "", "", "", "ur"),
    },
}

EVALUATION = """% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[6.2901 - 8.2357]\t{}\t{}\t[2.5000, 2.5000, 2.5000]
C-E2:\tNeutral;\t()
[10.0100 - 11.3925]\t{}\t{}\t[2.5000, 2.5000, 2.5000]
"""
MELD = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID\n"
TABLES = {
    "iemocap": {
        "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt": EVALUATION.format(
            "Ses01F_impro01_F000", "neu", "Ses01F_impro01_M001", "xxx"
        ),
        "Session5/dialog/EmoEvaluation/Ses05M_script01_1b.txt": EVALUATION.format(
            "Ses05M_script01_1b_F003", "exc", "Ses05M_script01_1b_M004", "ang"
        ),
    },
    "meld": {
        "train_sent_emo.csv": f"{MELD}1,also I was the point person,Chandler,neutral,neutral,0,0\n",
        "dev_sent_emo.csv": f'{MELD}1,"Oh, my God!",Phoebe,joy,positive,0,0\n',
        "test_sent_emo.csv": f"{MELD}1,Why?,Mark,surprise,positive,0,0\n",
    },
    "msp_podcast": {
        "Labels/labels_consensus.csv": "FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set\n"
        "MSP-PODCAST_0001_0008.wav,N,2.2,4.0,2.6,30,Male,Test1\n"
        "MSP-PODCAST_1023_0235.wav,X,2.2,4.0,2.6,Unknown,Unknown,Train\n",
    },
    "nemo": {
        "data.tsv": "file_id\temotion\traw_text\tspeaker_id\tgender\tage\n"
        "EB0_anger_14.wav\tanger\tTen miesiąc minął.\t        EB0\tfemale\t27\n"
        "samples\\MK0_surprised_2.wav\tsurprised\tDzieci muszą dużo jeść.\t        MK0\tmale\t23\n",
    },
}
FIELDS = ("emotion", "speaker", "gender", "intensity", "statement", "repetition", "language")
NO_CSV = CustomParams(csv="", path="", emotion="", speaker="", gender="", age="", language="")
OLD = {"crema_d", "emodb", "ravdess", "savee", "tess"}  # each has a file of its own


def make(folder: Path, corpus: str) -> Path:
    for seed, name in enumerate(RECORDINGS[corpus]):
        write_clip(folder / name, seed)
    for name, text in TABLES.get(corpus, {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "README.txt").write_text("about this corpus\n")
    return folder


def test_every_recipe_is_tested_here_or_by_itself() -> None:
    assert {*RECORDINGS, *OLD, "baved", "demo", "custom"} == set(CORPORA)


@pytest.mark.parametrize("corpus", RECORDINGS)
def test_recordings_named_by_the_rules_are_read_and_nothing_else(corpus: str, tmp_path: Path) -> None:
    found = scan(make(tmp_path, corpus), corpus, None)
    rows = found.utterances.set_index("path")
    for name, expected in RECORDINGS[corpus].items():
        row = rows.loc[(tmp_path / name).as_posix()]
        labels = dict(zip(FIELDS, expected, strict=True))
        labels["speaker"] = labels["speaker"] and f"{corpus}_{labels['speaker']}"
        assert {field: row[field] for field in FIELDS} == labels, name
    assert len(rows) == len(RECORDINGS[corpus]) == rows["utterance_id"].nunique()
    assert list(found.rejected["reason"]) == ["no recording"]  # README.txt; a table that was read is not passed over


@pytest.mark.parametrize("corpus", RECORDINGS)
def test_a_name_of_no_corpus_says_what_was_expected(corpus: str, tmp_path: Path) -> None:
    read = CORPORA[corpus].open_reader(make(tmp_path, corpus), None)
    with pytest.raises(InputError, match=r"expected .* found 'take 1, second try'"):
        read(tmp_path / "take 1, second try.wav")


def test_levels_of_emotion_are_refused_with_a_line(tmp_path: Path) -> None:
    write_clip(tmp_path / "0/0-m-21-0-1-105.wav", 0)
    with pytest.raises(
        InputError, match=r"^BAVED cannot be used: its labels are levels of emotion \(low, normal, high\)"
    ):
        scan(tmp_path, "baved", None)


def test_a_recording_that_no_table_names_is_left_out_and_not_decoded(tmp_path: Path) -> None:
    (make(tmp_path, "nemo") / "samples" / "EB0_fear_1.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    found = scan(tmp_path, "nemo", None)
    reasons = {Path(path).name: reason for path, reason in found.rejected[["path", "reason"]].itertuples(index=False)}
    assert reasons == {"EB0_fear_1.wav": "not listed", "README.txt": "no recording"}


def test_a_table_that_is_missing_is_a_line(tmp_path: Path) -> None:
    (make(tmp_path, "nemo") / "data.tsv").unlink()
    with pytest.raises(
        InputError, match=rf"^{tmp_path.as_posix()}: no table of nEMO's labels: .*data.tsv has a row for each"
    ):
        scan(tmp_path, "nemo", None)


def test_rows_that_contradict_each_other_are_a_line(tmp_path: Path) -> None:
    table = make(tmp_path, "nemo") / "data.tsv"
    rows = table.read_text(encoding="utf-8")
    table.write_text(rows + rows.splitlines()[1].replace("\tanger\t", "\tfear\t") + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"data.tsv: line 4: EB0_anger_14 stands in an earlier row otherwise"):
        scan(tmp_path, "nemo", None)


def test_a_row_is_brought_together_by_the_name_without_its_extension_and_nothing_else(tmp_path: Path) -> None:
    table = make(tmp_path, "msp_podcast") / "Labels/labels_consensus.csv"
    text = table.read_text(encoding="utf-8").replace("MSP-PODCAST_0001_0008.wav", "Audios\\MSP-PODCAST_0001_0008")
    table.write_text(text, encoding="utf-8")
    assert len(scan(tmp_path, "msp_podcast", None).utterances) == 2


def test_a_row_without_an_emotion_is_of_no_use(tmp_path: Path) -> None:
    table = make(tmp_path, "msp_podcast") / "Labels/labels_consensus.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",N,", ",n/a,"), encoding="utf-8")
    (detail,) = scan(tmp_path, "msp_podcast", None).rejected.query("reason == 'impossible name'")["detail"]
    assert detail.endswith("neither its name nor labels_consensus.csv gives an emotion")


def test_a_code_that_a_table_has_and_the_recipe_lacks_is_said(tmp_path: Path) -> None:
    table = make(tmp_path, "nemo") / "data.tsv"
    table.write_text(table.read_text(encoding="utf-8").replace("\tanger\t", "\trage\t"), encoding="utf-8")
    (detail,) = scan(tmp_path, "nemo", None).rejected.query("reason == 'impossible name'")["detail"]
    assert "emotion code rage is not a nEMO code (anger, fear, happiness, neutral, sadness, surprised)" in detail


def test_another_container_under_wav_and_another_rate_are_read_as_what_they_are(tmp_path: Path) -> None:
    aiff = tmp_path / "Colère/Fort/01-C-2-1.wav"
    aiff.parent.mkdir(parents=True)
    with aiff.open("wb") as file:
        soundfile.write(file, clip(0), 16_000, format="AIFF", subtype="PCM_16")
    stereo = np.stack([clip(1, sampling_rate=44_100)] * 2, axis=1)
    soundfile.write(tmp_path / "02-N-0-3.wav", stereo, 44_100, subtype="PCM_16")
    found = scan(tmp_path, "cafe", None)
    rows = found.utterances.set_index("emotion")
    assert rows["sampling_rate"].to_dict() == {"angry": 16_000, "neutral": 44_100}
    assert rows["channels"].to_dict() == {"angry": 1, "neutral": 2}
    assert sorted(found.conditions["container"]) == ["AIFF", "WAV"]


def test_folders_with_decomposed_letters_and_in_other_capitals_are_the_same(tmp_path: Path) -> None:
    folder = unicodedata.normalize("NFD", "COLÈRE")
    write_clip(tmp_path / folder / "FORT" / "01-C-2-1.wav", 0)
    (row,) = scan(tmp_path, "cafe", None).utterances.to_dict("records")
    assert (row["emotion"], row["intensity"], row["utterance_id"]) == ("angry", "strong", "cafe_01-C-2-1")


def test_a_path_of_windows_in_a_name_is_taken_apart() -> None:
    labels = CORPORA["emov_db"].open_reader(Path(), None)(Path("data\\bea_Amused\\amused_1-15_0001.wav"))
    assert (labels.speaker, labels.emotion) == ("bea", "amused")


def test_an_emotion_of_its_own_is_kept_until_it_is_relabelled_and_then_counted(tmp_path: Path) -> None:
    params = IngestParams(
        corpora=("iemocap",),
        recipes="ser/corpora/recipes",
        max_rejected=0,
        keep_duplicates=False,
        relabel={"excited": "happy", "no agreement": None},
        emotions="union",
        custom=NO_CSV,
    )
    found = scan(make(tmp_path, "iemocap"), "iemocap", None)
    with pytest.raises(InputError, match="emotions excited, no agreement are not among neutral, calm"):
        ingest([found], params.model_copy(update={"relabel": {}}))
    ingested = ingest([found], params)
    assert sorted(ingested.metadata["emotion"]) == ["happy", "neutral"]
    assert ingested.metrics()["left_out"]["left_out_by_relabel"] == 1


def test_a_hundred_thousand_recordings_are_read_in_seconds(tmp_path: Path) -> None:
    import time  # noqa: PLC0415

    names = [f"MSP-PODCAST_{podcast:04}_{turn:04}.wav" for podcast in range(100) for turn in range(1_000)]
    table = pd.DataFrame({"FileName": names, "EmoClass": "A", "SpkrID": "7", "Gender": "Female"})
    (tmp_path / "Labels").mkdir()
    table.to_csv(tmp_path / "Labels/labels_consensus.csv", index=False)
    start = time.process_time()
    read = CORPORA["msp_podcast"].open_reader(tmp_path, None)
    assert {read(tmp_path / "Audios" / name).emotion for name in names} == {"angry"}
    assert time.process_time() - start < 20  # about 4 on two slow cores
