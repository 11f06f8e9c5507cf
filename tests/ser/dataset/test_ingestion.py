import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from ser.audio.decode import decode
from ser.audio.signal import resample
from ser.dataset import ingestion
from ser.dataset.ingestion import Ingested
from ser.dataset.scanning import scan
from ser.dataset.scans import Scan, read_scan, write_scan
from ser.errors import InputError
from ser.params import CustomParams, IngestParams
from tests.conftest import CORPORA, clip, limited_files, write_clip

SUB_FOLDERS = CustomParams(csv="", path="", emotion="", speaker="", gender="", age="", language="")
STRICT = IngestParams(
    corpora=("ravdess",),
    recipes="ser/corpora/recipes",
    max_rejected=0,
    keep_duplicates=False,
    relabel={},
    emotions="union",
    custom=SUB_FOLDERS,
)
KEEPING = STRICT.model_copy(update={"keep_duplicates": True})


def ingest(folder: Path, params: IngestParams = STRICT) -> Ingested:
    """Scan one RAVDESS folder and ingest it."""
    return ingestion.ingest([scan(folder, "ravdess", params.custom)], params)


def reasons(ingested: Ingested) -> dict[str, str]:
    return {Path(row.path).name: row.reason for row in ingested.rejected.itertuples()}


def test_every_recording_becomes_a_row_with_its_labels_and_its_audio(ravdess_folder: Callable[..., Path]) -> None:
    folder = ravdess_folder(actors=2)
    metadata = ingest(folder, STRICT).metadata
    assert len(metadata) == 16
    row = metadata.set_index("utterance_id").loc["ravdess_03-01-05-01-01-01-02"]
    assert (row["emotion"], row["gender"], row["speaker"]) == ("angry", "female", "ravdess_02")
    assert (row["sampling_rate"], row["channels"], row["duration"]) == (16_000, 1, 0.4)
    assert row["path"] == (folder / "Actor_02/03-01-05-01-01-01-02.wav").as_posix()
    assert metadata["utterance_id"].is_monotonic_increasing
    assert metadata["audio_hash"].nunique() == 16


def test_official_flat_and_kaggle_layouts_give_the_same_utterances(
    ravdess_folder: Callable[..., Path], tmp_path: Path
) -> None:
    official = ravdess_folder(actors=2)
    flat, kaggle = tmp_path / "flat", tmp_path / "kaggle"
    flat.mkdir()
    for path in official.rglob("*.wav"):
        shutil.copy(path, flat)
    shutil.copytree(official, kaggle)
    shutil.copytree(official, kaggle / "audio_speech_actors_01-24")
    tables = [ingest(folder, STRICT).metadata.drop(columns="path") for folder in (official, flat, kaggle)]
    pd.testing.assert_frame_equal(tables[0], tables[1])
    pd.testing.assert_frame_equal(tables[0], tables[2])


def test_copies_are_listed_and_kept_once_or_all(ravdess_folder: Callable[..., Path]) -> None:
    folder = ravdess_folder(actors=1)
    shutil.copytree(folder / "Actor_01", folder / "audio_speech_actors_01-24" / "Actor_01")
    once = ingest(folder, STRICT)
    assert len(once.metadata) == 8
    assert once.metrics()["left_out"]["duplicate"] == 8
    assert once.metrics()["unusable"]["total"] == 0
    assert once.rejected.iloc[0]["detail"].endswith("Actor_01/03-01-01-01-01-01-01.wav")
    assert not once.metadata["path"].str.contains("audio_speech").any()
    once.check(STRICT)

    both = ingest(folder, KEEPING).metadata
    assert len(both) == 16
    assert both["utterance_id"].is_unique
    assert sorted(both["utterance_id"])[:2] == ["ravdess_03-01-01-01-01-01-01", "ravdess_03-01-01-01-01-01-01~2"]


def resave(source: Path, target: Path, sampling_rate: int = 16_000, level: float = 1.0, channels: int = 1) -> None:
    """Store a recording in another way."""
    samples, rate = decode(source)
    signal = level * resample(samples[:, 0], rate, sampling_rate)
    target.parent.mkdir(exist_ok=True)
    soundfile.write(target, np.stack([signal] * channels, axis=1), sampling_rate)


def test_a_recording_at_another_rate_or_in_stereo_is_a_copy_whatever_its_name(
    ravdess_folder: Callable[..., Path],
) -> None:
    folder = ravdess_folder(actors=1)
    angry, happy = (folder / "Actor_01" / f"03-01-{emotion}-01-01-01-01.wav" for emotion in ("05", "03"))
    resave(angry, folder / "11025" / angry.name, sampling_rate=11_025)
    resave(angry, folder / "quiet" / "03-01-05-02-01-01-01.wav", level=0.3)
    resave(happy, folder / "stereo" / happy.name, channels=2)
    ingested = ingest(folder)
    details = {Path(row.path).relative_to(folder).as_posix(): row.detail for row in ingested.rejected.itertuples()}
    assert set(details) == {"11025/" + angry.name, "quiet/03-01-05-02-01-01-01.wav", "stereo/" + happy.name}
    assert "11,025 Hz instead of 16,000" in details["11025/" + angry.name]
    assert details["stereo/" + happy.name].endswith(f": the same audio as {happy}; 2 channels instead of 1")
    assert len(ingested.metadata) == 8
    left_out = ingested.metrics()["left_out"]
    assert (left_out["duplicate"], left_out["altered_copy"]) == (1, 2)
    assert ingested.metrics()["unusable"]["total"] == 0
    kept = ingest(folder, KEEPING)
    assert len(kept.metadata) == 11
    assert kept.rejected.empty


def test_the_copy_of_the_highest_rate_is_kept(ravdess_folder: Callable[..., Path]) -> None:
    folder = ravdess_folder(actors=1)
    original = folder / "Actor_01" / "03-01-05-01-01-01-01.wav"
    resave(original, folder / "better" / original.name, sampling_rate=48_000)
    ingested = ingest(folder)
    assert ingested.rejected[["path", "reason"]].to_numpy().tolist() == [[original.as_posix(), "altered copy"]]
    assert ingested.metadata["sampling_rate"].max() == 48_000


def test_a_copy_whose_original_is_rejected_is_kept(ravdess_folder: Callable[..., Path]) -> None:
    folder = ravdess_folder(actors=1)
    original = folder / "Actor_01" / "03-01-05-01-01-01-01.wav"
    write_clip(folder / "other" / original.name, 77)
    resave(original, folder / "lower" / "03-01-05-02-01-01-01.wav", sampling_rate=11_025)
    ingested = ingest(folder)
    assert reasons(ingested) == {original.name: "name clash"}
    assert "ravdess_03-01-05-02-01-01-01" in set(ingested.metadata["utterance_id"])


def test_every_unusable_file_is_rejected_with_its_reason(ravdess_folder: Callable[..., Path]) -> None:
    folder = ravdess_folder(actors=1)
    names = {
        "03-01-01-01-01-01-03.wav": "not audio",
        "03-01-02-01-01-01-03.wav": "empty",
        "03-01-03-01-01-01-03.wav": "silent",
        "03-01-04-01-01-01-03.wav": "truncated",
        "03-01-09-01-01-01-03.wav": "impossible name",
        "03-01-05-01-01-01-03.wav": "not finite",
        "README.txt": "no recording",
    }
    (folder / "03-01-01-01-01-01-03.wav").write_text("I am no recording.\n" * 50)
    (folder / "03-01-02-01-01-01-03.wav").touch()
    soundfile.write(folder / "03-01-03-01-01-01-03.wav", np.zeros(8000), 16_000)
    whole = write_clip(folder / "03-01-04-01-01-01-03.wav", 99).read_bytes()
    (folder / "03-01-04-01-01-01-03.wav").write_bytes(whole[: len(whole) // 2])
    write_clip(folder / "03-01-09-01-01-01-03.wav", 98)
    soundfile.write(folder / "03-01-05-01-01-01-03.wav", np.full(8000, np.nan), 16_000, subtype="FLOAT")
    (folder / "README.txt").write_text("About this corpus.\n" * 50)

    ingested = ingest(folder, STRICT)
    assert reasons(ingested) == names
    assert len(ingested.metadata) == 8
    assert ingested.metrics()["unusable"]["not_audio"] == 1
    assert ingested.metrics()["unusable"]["total"] == 6
    assert ingested.metrics()["left_out"]["no_recording"] == 1
    ingested.check(STRICT.model_copy(update={"max_rejected": 6}))
    with pytest.raises(InputError) as error:
        ingested.check(STRICT.model_copy(update={"max_rejected": 5}))
    assert str(error.value).startswith("6 files cannot be used, more than ingest.max_rejected = 5: 1 empty (1 .wav), ")
    assert str(error.value).endswith("mend them or move them away, or raise ingest.max_rejected")


def test_a_corpus_of_other_files_alone_says_what_they_are(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.lab").write_text("0.1 a\n")
    with pytest.raises(
        InputError, match=r"no usable recording of ravdess found: 3 no recording \(3 \.lab\); the table"
    ):
        ingest(tmp_path, STRICT).check(STRICT)


def test_copies_with_other_labels_are_all_rejected(ravdess_folder: Callable[..., Path]) -> None:
    folder = ravdess_folder(actors=1)
    shutil.copy(folder / "Actor_01/03-01-03-01-01-01-01.wav", folder / "03-01-05-01-02-01-01.wav")
    resave(folder / "Actor_01/03-01-04-01-01-01-01.wav", folder / "03-01-02-01-02-01-01.wav", sampling_rate=11_025)
    ingested = ingest(folder, STRICT)
    assert set(reasons(ingested).values()) == {"conflicting labels"}
    assert len(ingested.rejected) == 4
    assert not {"happy", "sad"} & set(ingested.metadata["emotion"])


def test_one_name_for_two_recordings_is_a_clash(ravdess_folder: Callable[..., Path]) -> None:
    folder = ravdess_folder(actors=1)
    write_clip(folder / "copy" / "03-01-03-01-01-01-01.wav", 77)
    ingested = ingest(folder, STRICT)
    assert set(reasons(ingested).values()) == {"name clash"}
    assert len(ingested.metadata) == 7


def test_a_folder_without_recordings_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no usable recording of ravdess found"):
        ingest(tmp_path, STRICT).check(STRICT)


def test_the_hash_is_of_the_audio_and_not_of_the_file(tmp_path: Path) -> None:
    name = "03-01-03-01-01-01-01"
    pcm = (clip(1) * 32_767).astype(np.int16)
    soundfile.write(tmp_path / f"{name}.wav", pcm, 16_000)
    soundfile.write(tmp_path / f"{name}.flac", pcm, 16_000)
    assert reasons(ingest(tmp_path, STRICT)) == {f"{name}.wav": "duplicate"}


@pytest.mark.slow
@pytest.mark.skipif(not CORPORA.exists(), reason="../shared/corpora is not beside this checkout")
def test_the_real_actor_7_holds_one_recording_twice_and_its_other_copies_are_known(tmp_path: Path) -> None:
    paths = sorted((CORPORA / "ravdess" / "Actor_07").glob("03-01-03-01-*.flac"))
    for path in paths:
        shutil.copy(path, tmp_path)
        resave(path, tmp_path / "22050" / f"{path.stem}.wav", sampling_rate=22_050, channels=2)
    altered = {f"{path.stem}.wav": "altered copy" for path in paths}
    assert reasons(ingest(tmp_path, STRICT)) == altered | {"03-01-03-01-02-02-07.flac": "duplicate"}


def scans(ravdess_folder: Callable[..., Path], tmp_path: Path) -> list[Scan]:
    """Two actors of RAVDESS, and a custom corpus of three recordings, one of them a copy of RAVDESS's."""
    ravdess = ravdess_folder(actors=2)
    custom = tmp_path / "custom"
    write_clip(custom / "angry" / "shout.wav", 501)
    write_clip(custom / "Boredom" / "yawn.wav", 502)
    (custom / "sad").mkdir()
    shutil.copy(ravdess / "Actor_01/03-01-04-01-01-01-01.wav", custom / "sad" / "copy.wav")
    return [scan(ravdess, "ravdess", SUB_FOLDERS), scan(custom, "custom", SUB_FOLDERS)]


BOTH = STRICT.model_copy(update={"corpora": ("ravdess", "custom"), "relabel": {"boredom": None}})


def test_corpora_come_together_without_colliding(ravdess_folder: Callable[..., Path], tmp_path: Path) -> None:
    together = ingestion.ingest(scans(ravdess_folder, tmp_path), BOTH)
    assert reasons(together) == {"copy.wav": "duplicate", "yawn.wav": "left out by relabel"}
    assert len(together.metadata) == 17
    row = together.metadata.set_index("utterance_id").loc["custom_angry/shout"]
    assert (row["emotion"], row["speaker"], row["gender"]) == ("angry", "", "")
    metrics = together.metrics()
    assert metrics["all"]["utterances"] == 17
    assert (metrics["ravdess"]["utterances"], metrics["custom"]["utterances"]) == (16, 1)
    assert (metrics["all"]["speakers"], metrics["custom"]["speakers"]) == (2, 0)
    assert metrics["unusable"]["total"] == 0


def test_an_unknown_emotion_lists_what_has_no_name(ravdess_folder: Callable[..., Path], tmp_path: Path) -> None:
    found = scans(ravdess_folder, tmp_path)
    with pytest.raises(InputError, match=r"ingest.relabel: emotions boredom are not among neutral, calm, .*"):
        ingestion.ingest(found, BOTH.model_copy(update={"relabel": {}}))
    with pytest.raises(InputError, match=r"ingest.relabel: 'anger' is no emotion of the corpora: angry, boredom, .*"):
        ingestion.ingest(found, BOTH.model_copy(update={"relabel": {"boredom": None, "anger": "angry"}}))


def test_more_emotions_than_a_model_tells_apart_are_refused(
    ravdess_folder: Callable[..., Path], tmp_path: Path
) -> None:
    """As where the column of a file's number was named for that of its emotion."""
    found = scans(ravdess_folder, tmp_path)
    custom = found[1].utterances
    many = pd.concat([custom.iloc[[0]].assign(emotion=f"no. {number}") for number in range(100)], ignore_index=True)
    names = {emotion: emotion for emotion in many["emotion"]}
    params = BOTH.model_copy(update={"relabel": names})
    with pytest.raises(InputError, match=r"expected at most 100 emotions, found 10\d; is the column"):
        ingestion.ingest([found[0], dataclasses.replace(found[1], utterances=many)], params)


def test_emotions_can_be_merged_and_kept_to_what_all_corpora_have(
    ravdess_folder: Callable[..., Path], tmp_path: Path
) -> None:
    relabel = {"boredom": "neutral", "calm": "neutral"}
    params = BOTH.model_copy(update={"relabel": relabel, "emotions": "intersection"})
    together = ingestion.ingest(scans(ravdess_folder, tmp_path), params)
    assert set(together.metadata["emotion"]) == {"angry", "neutral"}
    assert set(together.metadata.loc[together.metadata["corpus"] == "custom", "emotion"]) == {"angry", "neutral"}
    assert together.metrics()["left_out"]["emotion_not_shared"] == 10
    neutral = together.metadata[
        (together.metadata["emotion"] == "neutral") & (together.metadata["corpus"] == "ravdess")
    ]
    assert len(neutral) == 4


def test_a_custom_corpus_is_labelled_by_its_csv(tmp_path: Path) -> None:
    write_clip(tmp_path / "c" / "a.wav", 1)
    write_clip(tmp_path / "c" / "b.wav", 2)
    (tmp_path / "c" / "labels.csv").write_text("file,label,who,sex\na.wav,Happy,ann,f\nb.wav,sad,bob,m\n")
    custom = CustomParams(
        csv="labels.csv", path="file", emotion="label", speaker="who", gender="sex", age="", language=""
    )
    found = scan(tmp_path / "c", "custom", custom)
    assert found.utterances[["emotion", "speaker", "gender"]].to_numpy().tolist() == [
        ["happy", "custom_ann", "female"],
        ["sad", "custom_bob", "male"],
    ]
    assert found.rejected.empty
    write_scan(found, tmp_path / "scan")
    pd.testing.assert_frame_equal(read_scan(tmp_path / "scan").utterances, found.utterances, check_dtype=False)


def test_one_emotion_is_refused(ravdess_folder: Callable[..., Path]) -> None:
    folder = ravdess_folder(actors=1)
    for path in folder.rglob("*.wav"):
        if path.name[6:8] != "05":
            path.unlink()
    with pytest.raises(InputError, match="at least two emotions, found 'angry' alone"):
        ingest(folder).check(STRICT)


def test_a_scan_that_finds_the_disk_full_names_its_folder(ravdess_folder: Callable[..., Path], tmp_path: Path) -> None:
    found = scan(ravdess_folder(actors=1), "ravdess", STRICT.custom)
    with pytest.raises(OSError, match="File too large") as caught, limited_files(100):
        write_scan(found, tmp_path / "scan")
    assert caught.value.filename == str(tmp_path / "scan")
    assert not (tmp_path / "scan").exists()
