from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser.dataset.splits import assign_splits, read_splits, write_splits
from ser.errors import InputError
from ser.params import SplitParams

SPEAKER_INDEPENDENT = SplitParams(
    protocol="speaker_independent", fold=0, test_corpora=(), validation_fraction=0.15, test_fraction=0.2, seed=0
)
STRATIFIED = SPEAKER_INDEPENDENT.model_copy(update={"protocol": "stratified_80_10_10"})

Make = Callable[..., pd.DataFrame]


def joined(metadata: pd.DataFrame, params: SplitParams) -> pd.DataFrame:
    return metadata.merge(assign_splits(metadata, params), on="utterance_id", validate="one_to_one")


def test_no_speaker_is_in_two_subsets(make_metadata: Make) -> None:
    table = joined(make_metadata(speakers=24), SPEAKER_INDEPENDENT)
    assert len(table[["speaker", "subset"]].drop_duplicates()) == 24


def test_24_speakers_are_divided_16_4_4_with_as_many_women_as_men(make_metadata: Make) -> None:
    table = joined(make_metadata(speakers=24), SPEAKER_INDEPENDENT).drop_duplicates("speaker")
    counts = table.groupby(["subset", "gender"]).size()
    assert counts["test"].to_dict() == {"female": 2, "male": 2}
    assert counts["validation"].to_dict() == {"female": 2, "male": 2}
    assert counts["train"].to_dict() == {"female": 8, "male": 8}


def test_a_rare_gender_is_heard_in_the_test_before_the_train_subset(make_metadata: Make) -> None:
    metadata = make_metadata(speakers=12)
    metadata.loc[~metadata["speaker"].isin(["toy_02", "toy_04"]), "gender"] = "male"
    table = joined(metadata, SPEAKER_INDEPENDENT).drop_duplicates("speaker")
    assert set(table.loc[table["subset"] == "test", "gender"]) == {"female", "male"}


def test_three_speakers_suffice_and_two_do_not(make_metadata: Make) -> None:
    table = joined(make_metadata(speakers=3), SPEAKER_INDEPENDENT).drop_duplicates("speaker")
    assert sorted(table["subset"]) == ["test", "train", "validation"]
    with pytest.raises(InputError, match="2 speakers, dealt corpus by corpus, cannot fill train, validation and test"):
        assign_splits(make_metadata(speakers=2), SPEAKER_INDEPENDENT)


def test_the_split_of_24_speakers_stays_as_it_was_published(make_metadata: Make) -> None:
    table = joined(ravdess(make_metadata), SPEAKER_INDEPENDENT)
    assert actors(table, "test") == {6, 19, 20, 21}
    assert actors(table, "validation") == {9, 10, 11, 16}
    table = joined(make_metadata(speakers=16), SPEAKER_INDEPENDENT)  # as many as demo has
    assert actors(table, "test") == {5, 6, 10, 13}
    assert actors(table, "validation") == {8, 15}


def test_every_corpus_is_dealt_as_if_it_were_alone(make_metadata: Make) -> None:
    both = two_corpora(make_metadata)
    together = joined(both, SPEAKER_INDEPENDENT)
    toy = joined(both[both["corpus"] == "toy"], SPEAKER_INDEPENDENT)
    pd.testing.assert_frame_equal(together[together["corpus"] == "toy"], toy)


def test_of_two_speakers_one_is_tested_and_of_one_none(make_metadata: Make) -> None:
    both = two_corpora(make_metadata)
    tess = joined(both, SPEAKER_INDEPENDENT).query("corpus == 'tess'").drop_duplicates("speaker")
    assert sorted(tess["subset"]) == ["test", "train"]
    left_out = both["speaker"] == "tess_01"
    tess = joined(both[~left_out], SPEAKER_INDEPENDENT).query("corpus == 'tess'")
    assert set(tess["subset"]) == {"train"}


def test_two_corpora_of_two_speakers_leave_nobody_to_validate(make_metadata: Make) -> None:
    both = two_corpora(make_metadata)
    few = both[(both["corpus"] == "tess") | both["speaker"].isin(["toy_01", "toy_02"])]
    with pytest.raises(InputError, match="4 speakers, dealt corpus by corpus, cannot fill"):
        assign_splits(few, SPEAKER_INDEPENDENT)


def test_80_10_10_holds_for_every_emotion(make_metadata: Make) -> None:
    table = joined(make_metadata(speakers=10, takes=4), STRATIFIED)
    counts = table.groupby(["subset", "emotion"]).size()
    assert (counts["train"] == 32).all()
    assert (counts["validation"] == 4).all()
    assert (counts["test"] == 4).all()


def test_a_rare_emotion_cannot_be_stratified(make_metadata: Make) -> None:
    metadata = make_metadata(speakers=10, takes=1)
    with pytest.raises(InputError, match="emotion 'calm' has 9 utterances"):
        assign_splits(metadata.drop(metadata.index[metadata["emotion"] == "calm"][0]), STRATIFIED)


@given(
    seed=st.integers(0, 2**32 - 1),
    protocol=st.sampled_from(["speaker_independent", "stratified_80_10_10", "random_80_20", "loso"]),
)
def test_a_split_covers_all_and_depends_on_the_seed_alone(seed: int, protocol: str) -> None:
    # A fixture cannot be shared between hypothesis's examples.
    emotions = ["neutral", "happy"]
    rows = [
        {
            "utterance_id": f"u{s:02}{e}{k}",
            "corpus": "toy",
            "speaker": f"s{s}",
            "gender": ["female", "male"][s % 2],
            "emotion": e,
        }
        for s in range(8)
        for e in emotions
        for k in range(3)
    ]
    metadata = pd.DataFrame(rows)
    params = SPEAKER_INDEPENDENT.model_copy(update={"seed": seed, "protocol": protocol})
    splits = assign_splits(metadata, params)
    assert splits["utterance_id"].tolist() == sorted(metadata["utterance_id"])
    assert set(splits["subset"]) == {"train", "validation", "test"}
    shuffled = metadata.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(assign_splits(shuffled, params), splits)


def test_another_seed_gives_another_split(make_metadata: Make) -> None:
    metadata = make_metadata(speakers=24)
    for params in (SPEAKER_INDEPENDENT, STRATIFIED):
        other = params.model_copy(update={"seed": 1})
        assert not assign_splits(metadata, params).equals(assign_splits(metadata, other))


def test_splits_come_back_from_their_file_and_an_unknown_subset_does_not(make_metadata: Make, tmp_path: Path) -> None:
    splits = assign_splits(make_metadata(speakers=4), SPEAKER_INDEPENDENT)
    path = tmp_path / "splits.csv"
    write_splits(splits, path)
    pd.testing.assert_frame_equal(read_splits(path), splits)
    path.write_text(path.read_text().replace("train", "dev"))
    with pytest.raises(InputError, match="expected one of train, validation, test, got 'dev'"):
        read_splits(path)


CROSS_CORPUS = SPEAKER_INDEPENDENT.model_copy(update={"protocol": "cross_corpus", "test_corpora": ("tess",)})


def two_corpora(make_metadata: Make) -> pd.DataFrame:
    """8 speakers of toy with 8 emotions, and 2 of tess, which has no calm."""
    tess = make_metadata(speakers=2).assign(corpus="tess")
    for column in ("utterance_id", "speaker"):
        tess[column] = tess[column].str.replace("toy", "tess")
    return pd.concat([make_metadata(speakers=8), tess[tess["emotion"] != "calm"]], ignore_index=True)


def test_cross_corpus_tests_on_one_corpus_what_it_learnt_on_another(make_metadata: Make) -> None:
    table = joined(two_corpora(make_metadata), CROSS_CORPUS)
    assert set(table.loc[table["subset"] == "test", "corpus"]) == {"tess"}
    assert set(table.loc[table["subset"].isin(["train", "validation"]), "corpus"]) == {"toy"}
    assert set(table.loc[table["emotion"] == "calm", "subset"]) == {"unused"}
    assert "unused" not in set(table.loc[table["emotion"] != "calm", "subset"])
    assert len(table.loc[table["corpus"] == "toy", ["speaker", "subset"]].drop_duplicates()) == 8 + 8  # calm is unused


@pytest.mark.parametrize(
    ("test_corpora", "message"),
    [
        (("savee",), "'savee' was not ingested; there is tess, toy"),
        (("tess", "toy"), "^every corpus is tested: nothing is left to train on$"),
    ],
)
def test_cross_corpus_needs_both_sides(make_metadata: Make, test_corpora: tuple[str, ...], message: str) -> None:
    params = CROSS_CORPUS.model_copy(update={"test_corpora": test_corpora})
    with pytest.raises(InputError, match=message):
        assign_splits(two_corpora(make_metadata), params)


def test_leaving_one_corpus_out_tests_each_in_turn_as_cross_corpus_does(make_metadata: Make) -> None:
    metadata = two_corpora(make_metadata)
    for fold, corpus in enumerate(("tess", "toy")):
        out = SPEAKER_INDEPENDENT.model_copy(update={"protocol": "leave_one_corpus_out", "fold": fold})
        named = CROSS_CORPUS.model_copy(update={"test_corpora": (corpus,)})
        if corpus == "tess":
            pd.testing.assert_frame_equal(assign_splits(metadata, out), assign_splits(metadata, named))
        table = joined(metadata[metadata["speaker"] != "toy_01"], out)
        assert set(table.loc[table["subset"] == "test", "corpus"]) == {corpus}
    with pytest.raises(InputError, match="leave_one_corpus_out has folds 0 to 1 here, got 2"):
        assign_splits(metadata, out.model_copy(update={"fold": 2}))
    with pytest.raises(InputError, match="every corpus is tested"):
        assign_splits(metadata[metadata["corpus"] == "toy"], out.model_copy(update={"fold": 0}))


def test_cross_corpus_needs_shared_emotions(make_metadata: Make) -> None:
    metadata = two_corpora(make_metadata)
    metadata.loc[metadata["corpus"] == "tess", "emotion"] = "boredom"
    with pytest.raises(InputError, match="share 0 emotions"):
        assign_splits(metadata, CROSS_CORPUS)


def test_utterances_without_a_speaker_cannot_be_split_by_speaker(make_metadata: Make) -> None:
    metadata = make_metadata(speakers=8)
    metadata.loc[3, "speaker"] = ""
    with pytest.raises(InputError, match="1 utterances have no speaker, the first is toy_01_calm_1"):
        assign_splits(metadata, SPEAKER_INDEPENDENT)


def params_of(protocol: str, fold: int = 0) -> SplitParams:
    return SPEAKER_INDEPENDENT.model_copy(update={"protocol": protocol, "fold": fold})


def ravdess(make_metadata: Make) -> pd.DataFrame:
    """24 actors of RAVDESS by name."""
    metadata = make_metadata(speakers=24)
    return metadata.assign(corpus="ravdess", speaker=metadata["speaker"].str.replace("toy", "ravdess"))


def actors(table: pd.DataFrame, subset: str) -> set[int]:
    return set(table.loc[table["subset"] == subset, "speaker"].str[-2:].astype(int))


LUNA_TEST = [(2, 5, 14, 15, 16), (3, 6, 7, 13, 18), (10, 11, 12, 19, 20), (8, 17, 21, 23, 24), (1, 4, 9, 22)]
LUNA_VALIDATION = [(3, 6), (10, 11), (8, 17), (1, 14), (2, 5)]
EMOBOX_TEST = [
    (1, 11, 20, 21), (4, 10, 12, 14), (8, 9, 19, 23), (3, 5, 7, 24), (2, 15, 16, 18), (6, 13, 17, 22)
]  # fmt: skip


@pytest.mark.parametrize("fold", range(5))
def test_luna5_has_the_published_actors(make_metadata: Make, fold: int) -> None:
    table = joined(ravdess(make_metadata), params_of("luna5", fold))
    assert actors(table, "test") == set(LUNA_TEST[fold])
    assert actors(table, "validation") == set(LUNA_VALIDATION[fold])
    assert actors(table, "train") == set(range(1, 25)) - set(LUNA_TEST[fold]) - set(LUNA_VALIDATION[fold])


@pytest.mark.parametrize("fold", range(6))
def test_emobox6_has_the_published_actors_and_validates_on_others(make_metadata: Make, fold: int) -> None:
    table = joined(ravdess(make_metadata), params_of("emobox6", fold))
    assert actors(table, "test") == set(EMOBOX_TEST[fold])
    assert len(actors(table, "validation")) >= 2
    parts = [actors(table, subset) for subset in ("train", "validation", "test")]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 24


@pytest.mark.parametrize(("protocol", "n_folds"), [("luna5", 5), ("emobox6", 6), ("loso", 24)])
def test_every_speaker_is_tested_in_exactly_one_fold(make_metadata: Make, protocol: str, n_folds: int) -> None:
    metadata = ravdess(make_metadata)
    tested = [actors(joined(metadata, params_of(protocol, fold)), "test") for fold in range(n_folds)]
    assert sorted(actor for fold in tested for actor in fold) == list(range(1, 25))
    with pytest.raises(InputError, match=f"{protocol} has folds 0 to {n_folds - 1} here, got {n_folds}"):
        assign_splits(metadata, params_of(protocol, n_folds))


def test_protocols_without_folds_have_fold_0_alone(make_metadata: Make) -> None:
    with pytest.raises(InputError, match="random_80_20 has folds 0 to 0 here, got 1"):
        assign_splits(make_metadata(), params_of("random_80_20", 1))


def test_published_folds_are_of_ravdess_alone(make_metadata: Make) -> None:
    with pytest.raises(InputError, match="is of RAVDESS's actors; 'toy' was ingested"):
        assign_splits(make_metadata(speakers=24), params_of("luna5"))
    metadata = ravdess(make_metadata)
    with pytest.raises(InputError, match="fold 0 of luna5 needs ravdess_05, who is not in the corpus"):
        assign_splits(metadata[metadata["speaker"] != "ravdess_05"], params_of("luna5"))


def test_random_80_20_tests_a_fifth_of_the_utterances(make_metadata: Make) -> None:
    table = joined(make_metadata(speakers=10), params_of("random_80_20"))
    counts = table["subset"].value_counts()
    assert counts["test"] == 32
    assert counts["validation"] == 20  # 0.15 of the other 128, rounded up
    assert counts["train"] == 108


def test_kaggle_leaky_needs_its_copies_and_trains_on_most_of_its_test(make_metadata: Make) -> None:
    metadata = make_metadata(speakers=10)
    with pytest.raises(InputError, match=r"needs the copies left in: .* ingest.keep_duplicates: true"):
        assign_splits(metadata, params_of("kaggle_leaky"))
    twice = pd.concat([metadata, metadata.assign(utterance_id=metadata["utterance_id"] + "~2")], ignore_index=True)
    table = joined(twice, params_of("kaggle_leaky"))
    test = table[table["subset"] == "test"]
    assert len(test) == 64
    assert test["audio_hash"].isin(table.loc[table["subset"] == "train", "audio_hash"]).mean() > 0.5


def test_one_emotion_to_train_on_is_refused(make_metadata: Callable[..., pd.DataFrame]) -> None:
    metadata = make_metadata(speakers=6, takes=2)
    alone = metadata[metadata["emotion"] == "sad"]
    with pytest.raises(InputError, match="at least two emotions to train on, found 'sad' alone"):
        assign_splits(alone, SPEAKER_INDEPENDENT)
