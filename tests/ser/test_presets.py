from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.serialize import modify_yaml

from ser.errors import InputError
from ser.params import AugmentParams, FeatureParams, TrainParams, load_params
from ser.presets import (
    PRESETS_FOLDER,
    Change,
    Preset,
    Published,
    find_preset,
    list_presets,
    overlay,
    preset_params,
    read_preset,
    read_text,
)
from tests.conftest import TOP

PARAMS = TOP / "params.yaml"
TEXT = read_text(PARAMS)
ABOUT = "about:\n  summary: a test\n"
SHIPPED = list_presets(TOP / PRESETS_FOLDER)


@pytest.fixture
def preset(tmp_path: Path) -> Callable[[str], Preset]:
    """Writes and reads the preset ``new.yaml`` of the given text under ``params:``."""

    def make(params: str) -> Preset:
        path = tmp_path / "new.yaml"
        path.write_text(f"{ABOUT}params: {params}\n")
        return read_preset(path)

    return make


def keys(values: Any, prefix: str = "") -> set[str]:
    if not isinstance(values, dict) or prefix in ("features.front_ends", "train.network"):  # set as a whole
        return {prefix}
    return set().union(*(keys(value, f"{prefix}.{key}" if prefix else key) for key, value in values.items()))


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda shipped: shipped.name)
def test_what_a_shipped_preset_gives_does_not_depend_on_earlier_edits(shipped: Preset) -> None:
    found = {setting.key for setting in shipped.settings}
    params = preset_params(shipped, PARAMS).model_dump()
    watching = {"train.logger"}  # which changes nothing
    assert found >= keys({name: params[name] for name in ("features", "augment", "train")}) - watching
    assert not {key for key in found if key.startswith(("demo.", "evaluate."))}
    if "split.protocol" in found:
        assert found >= {"split.fold", "split.test_corpora"}, "the protocol before may have needed them"


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda shipped: shipped.name)
def test_a_shipped_preset_applies_once_and_is_then_what_params_say(shipped: Preset, tmp_path: Path) -> None:
    new, _ = overlay(shipped, TEXT)
    assert overlay(shipped, new) == (new, [])
    (tmp_path / "params.yaml").write_text(new)
    expected = preset_params(shipped, PARAMS)
    for section in (FeatureParams, AugmentParams, TrainParams):
        assert load_params(section, tmp_path / "params.yaml") == getattr(expected, section.name)


def test_logmel_gap_is_what_the_project_comes_with() -> None:
    shipped = find_preset("logmel-gap", TOP / PRESETS_FOLDER)
    assert shipped.about.published is None
    new, changes = overlay(shipped, TEXT)
    assert changes == [
        Change("ingest.corpora", "[demo]", "[ravdess]"),
        Change("split.protocol", "speaker_independent", "stratified_80_10_10"),
        Change("train.calibrate", "true", "false"),
        Change("train.precision", "32-true", "bf16-mixed"),  # quicker; not every processor has it
    ]
    expected = TEXT
    for change in changes:
        name = change.key.split(".")[-1]
        expected = expected.replace(f" {name}: {change.old} #", f" {name}: {change.new} #", 1)
    assert new == expected


def test_only_values_change_and_they_are_written_as_the_preset_writes_them(preset: Callable[[str], Preset]) -> None:
    new, changes = overlay(
        preset("""
          train: {learning_rate: 5e-4, batch_size: 8, patience: 100}
          augment:
            noise:
              snr_db: # lists may have a line for each entry
                - 5
                - 20.50
          ingest:
            relabel:
              calm: neutral
              boredom: null
            custom: {csv: 'a, b.csv', age: "years"}
        """),
        TEXT,
    )
    expected = [
        Change("train.learning_rate", "1e-3", "5e-4"),
        Change("train.batch_size", "32", "8"),
        Change("train.patience", "15", "100"),
        Change("augment.noise.snr_db", "[15, 35]", "[5, 20.50]"),
        Change("ingest.relabel", "{}", "{calm: neutral, boredom: null}"),
        Change("ingest.custom.csv", "''", "'a, b.csv'"),
        Change("ingest.custom.age", "''", '"years"'),
    ]
    assert changes == expected
    text = TEXT
    for key, old, value in expected:
        name = key.split(".")[-1]
        assert text.count(f" {name}: {old} #") == 1
        text = text.replace(f" {name}: {old} #", f" {name}: {value} #")
    assert new == text


def test_a_value_that_is_written_differently_stays_as_it_is(preset: Callable[[str], Preset]) -> None:
    same = preset("{train: {learning_rate: 0.001}, features: {duration: 3}, augment: {noise: {snr_db: [15.0, 35.0]}}}")
    assert overlay(same, TEXT) == (TEXT, [])
    assert overlay(preset("{}"), TEXT) == (TEXT, [])


def test_a_mapping_that_is_a_value_is_replaced_as_a_whole(preset: Callable[[str], Preset]) -> None:
    old = TEXT.replace("relabel: {}", "relabel: {calm: neutral, boredom: null}")
    new, changes = overlay(preset("{ingest: {relabel: {ps: surprised}}}"), old)
    assert changes == [Change("ingest.relabel", "{calm: neutral, boredom: null}", "{ps: surprised}")]
    assert new == TEXT.replace("relabel: {}", "relabel: {ps: surprised}")


def test_of_the_same_front_ends_and_networks_each_value_is_set_alone(preset: Callable[[str], Preset]) -> None:
    new, changes = overlay(preset("{train: {network: {logmel_gap: {conv_dropout: 0.5, dense_dropout: 0.0}}}}"), TEXT)
    assert changes == [Change("train.network.logmel_gap.conv_dropout", "0.0", "0.5")]
    assert new == TEXT.replace("conv_dropout: 0.0 #", "conv_dropout: 0.5 #")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_others_take_their_place_and_what_was_said_of_them_goes(preset: Callable[[str], Preset], end: str) -> None:
    text = TEXT.replace("\n", end)
    written = "{functionals: {input_dropout: 0.8, hidden_dropout: 0.5}}"
    front_ends = "{contours_functionals: {hop_length: 160}}"
    new, changes = overlay(preset(f"{{features: {{front_ends: {front_ends}}}, train: {{network: {written}}}}}"), text)
    assert changes == [
        Change(
            "features.front_ends",
            "{log_mel: {n_fft: 1024, hop_length: 512, n_mels: 64, f_min: 50.0, f_max: 8000.0, top_db: 80.0}}",
            front_ends,
        ),
        Change("train.network", "{logmel_gap: {conv_dropout: 0.0, dense_dropout: 0.0}}", written),
    ]
    before, _, rest = text.partition(f"  network: # one, with settings of its own{end}")
    _, _, behind = rest.partition(f"before the last dense layer{end}")
    assert new.endswith(f"  network: {written} # one, with settings of its own{end}{behind}")
    head = before[: before.index("  front_ends:")]
    assert new.startswith(f"{head}  front_ends: {front_ends} # one or more, each with settings of its own;")
    assert "dB kept below the loudest cell" not in new


def test_lists_and_mappings_as_dvc_exp_run_writes_them_are_replaced(
    preset: Callable[[str], Preset], tmp_path: Path
) -> None:
    (tmp_path / "params.yaml").write_text(TEXT)
    with modify_yaml(tmp_path / "params.yaml") as values:
        values["augment"]["noise"]["snr_db"] = [10, 20]
        values["ingest"]["relabel"] = {"calm": "neutral", "boredom": None}
    old = (tmp_path / "params.yaml").read_text()
    assert "\n    - 10\n    - 20\n" in old
    assert "\n    calm: neutral\n    boredom:\n" in old
    new, changes = overlay(preset("{augment: {noise: {snr_db: [15, 35]}}, ingest: {relabel: {}}}"), old)
    assert [change.old for change in changes] == ["[10, 20]", "{calm: neutral, boredom: null}"]
    # DVC writes null as nothing
    assert new == TEXT.replace("noise_db: null", "noise_db:     ")


def test_comments_around_a_list_of_several_lines_stay(preset: Callable[[str], Preset]) -> None:
    old = TEXT.replace(
        "corpora: [demo] # any", "corpora: # which\n    # and\n    - demo # one\n\n    - tess # two\n  # any"
    )
    new, _ = overlay(preset("{ingest: {corpora: [ravdess]}}"), old)
    assert new == TEXT.replace("corpora: [demo] # any", "corpora: [ravdess] # which\n    # and # two\n  # any")


@pytest.mark.parametrize(("text", "end"), [(TEXT.replace("\n", "\r\n"), "\r\n"), ("\ufeff# é 🙂\n" + TEXT, "\n")])
def test_line_ends_and_characters_stay(preset: Callable[[str], Preset], text: str, end: str) -> None:
    new, changes = overlay(preset("{train: {patience: 7}, features: {sampling_rate: 24000}}"), text)
    assert len(changes) == 2
    assert new == text.replace("patience: 15", "patience: 7").replace("sampling_rate: 22050", "sampling_rate: 24000")
    assert new.count(end) == text.count(end)


def test_sections_come_from_a_preset_without_a_change_to_any_file(preset: Callable[[str], Preset]) -> None:
    params = preset_params(preset("{train: {learning_rate: 5e-4}, ingest: {relabel: {calm: neutral}}}"), PARAMS)
    assert (params.train.learning_rate, params.train.batch_size) == (0.0005, 32)
    assert params.ingest.relabel == {"calm": "neutral"}
    assert read_text(PARAMS) == TEXT


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("{train: {learning_rat: 1}}", "train.learning_rat: unknown key"),
        ("{trian: {model: x}}", "trian: unknown key"),
        ("{augment: {noise: {snr: 1}}}", "augment.noise.snr: unknown key"),
        ("{augment: {noise.copies: 1}}", "augment.noise.copies: unknown key"),
        ("{train: {seed: '0'}}", "train.seed: expected an integer, got '0'"),
        ("{ingest: {keep_duplicates: 0}}", "ingest.keep_duplicates: expected a boolean, got 0"),
        ("{demo: {seed: false}}", "demo.seed: expected an integer, got False"),
        ("{train: {patience: }}", "train.patience: expected an integer, got None"),
        ("{train: {patience: {a: 1}}}", "train.patience: expected an integer, got {'a': 1}"),
        ("{train: 5}", "train: expected a mapping, got 5"),
        ("{features: {sampling_rate: 8000}}", "features: front_ends.log_mel: expected f_min < f_max <= samp"),
    ],
)
def test_a_setting_that_does_not_fit_names_the_preset_and_the_key(
    preset: Callable[[str], Preset], params: str, message: str
) -> None:
    bad = preset(params)
    for use in (lambda: overlay(bad, TEXT), lambda: preset_params(bad, PARAMS)):
        with pytest.raises(InputError) as caught:
            use()
        assert str(caught.value).startswith(f"{bad.path}: {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a mapping, got None"),
        ("about: [", "not YAML"),
        ("about: " + "[" * 5000, "not YAML"),
        (f"about: {'9' * 5000}", "not YAML"),
        (ABOUT + "params: {[a]: 1}\n", "params.('a',).[key]: expected a string, got ('a',)"),
        (ABOUT + "params: {train: {[a]: 1}}\n", "params.train: expected text as a key, got [a]"),
        ("#" * 200_000, "expected at most 131,072 bytes, found more"),
        ("params: {}\n", "about: this key is missing"),
        (ABOUT, "params: this key is missing"),
        (ABOUT + "params:\n", "params: expected a dictionary, got None"),
        (ABOUT + "params: {}\nparam: {}\n", "param: unknown key"),
        (ABOUT + "params: {train: {seed: 0, seed: 1}}\n", "not YAML"),
        ("about: {summary: ''}\nparams: {}\n", "about.summary: "),
    ],
)
def test_a_file_that_is_no_preset_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "new.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_preset(path)
    assert str(caught.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("low: 0.7", "low: 70", "about.published.low: expected less than or equal to 1, got 70"),
        ("low: 0.7", "low: 0.9", "about.published: expected low <= high, got 0.9 > 0.85"),
        ("  published", "  origin: ours\n  published", "about: origin: ours has no published claim"),
        ("random_80_20", "random", "about.published.protocol: expected 'speaker_independent', "),
        ("accuracy", "f1", "about.published.score: expected 'accuracy', 'uar' or 'macro_f1', got 'f1'"),
    ],
)
def test_a_claim_is_checked(tmp_path: Path, old: str, new: str, message: str) -> None:
    published = "{claim: 70 to 85 %, protocol: random_80_20, score: accuracy, low: 0.7, high: 0.85}"
    path = tmp_path / "new.yaml"
    path.write_text(f"{ABOUT}  published: {published}\nparams: {{}}\n")
    assert read_preset(path).about.published == Published(
        claim="70 to 85 %", protocol="random_80_20", score="accuracy", low=0.7, high=0.85
    )
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError) as caught:
        read_preset(path)
    assert str(caught.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("patience: 15", "patience: many", "train.patience: expected an integer, got 'many'"),
        ("patience: 15", "patience: [", "not YAML"),
        ("patience: 15", "patience: &n 15", "train.patience: a value behind a YAML anchor, alias or merge cannot"),
        ("  patience: 15", "  <<: {patience: 15}", "train.patience: a value behind a YAML anchor, alias or merge"),
    ],
)
def test_params_that_cannot_be_overlaid_are_named(
    preset: Callable[[str], Preset], old: str, new: str, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        overlay(preset("{train: {patience: 20}}"), TEXT.replace(old, new))
    assert str(caught.value).startswith(f"params.yaml: {message}")


def test_a_file_that_is_not_utf_8_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("about: é".encode("latin-1"))
    with pytest.raises(InputError, match=r"latin\.yaml: not UTF-8: "):
        read_preset(tmp_path / "latin.yaml")


@pytest.mark.parametrize("name", ["logmel", "../presets/logmel-gap", "logmel-gap.yaml", "/etc/passwd", ""])
def test_only_the_name_of_a_file_in_the_folder_is_a_name(name: str) -> None:
    names = ", ".join(shipped.name for shipped in SHIPPED)
    with pytest.raises(InputError) as caught:
        find_preset(name, TOP / PRESETS_FOLDER)
    assert str(caught.value) == f"preset '{name}' is not known, expected one of {names}"


def test_presets_are_listed_by_name_and_a_folder_without_any_says_where_to_run(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.yaml").write_text(ABOUT + "params: {}\n")
    assert [preset.name for preset in list_presets(tmp_path)] == ["a", "b"]
    with pytest.raises(InputError, match="none: no preset here; run this from the project's top folder"):
        list_presets(tmp_path / "none")
