import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ser.errors import InputError
from ser.params import (
    MAX_BYTES,
    AugmentParams,
    FeatureParams,
    FrontEnds,
    IngestParams,
    Networks,
    SplitParams,
    TrainParams,
    load_params,
)
from tests.settings import hears, log_mel
from tests.settings import network as example_network

PARAMS = Path(__file__).resolve().parents[2] / "params.yaml"


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = PARAMS.read_text()
    assert old in text
    path = tmp_path / "params.yaml"
    path.write_text(text.replace(old, new, 1))
    return path


def test_every_section_of_the_project_loads() -> None:
    assert load_params(SplitParams, PARAMS).protocol == "speaker_independent"
    assert load_params(AugmentParams, PARAMS).noise.snr_db == (15.0, 35.0)


def test_no_trimming_is_a_value_of_its_own(tmp_path: Path) -> None:
    assert load_params(FeatureParams, changed(tmp_path, "trim_db: 40.0", "trim_db: null")).trim_db is None


LOG_MEL = """    log_mel:
      n_fft: 1024 # samples in a window
      hop_length: 512 # samples between windows
      n_mels: 64 # mel bands
      f_min: 50.0 # hertz, lower edge of the lowest band
      f_max: 8000.0 # hertz, upper edge of the highest band
      top_db: 80.0 # dB kept below the loudest cell, which is the reference: recording level does not matter
"""
MFCC = "{n_fft: 1024, hop_length: 512, n_mels: 64, f_min: 50.0, f_max: 8000.0, top_db: 80.0, n_mfcc: 40}"
CONTOURS = "{hop_length: 160}"


@pytest.mark.parametrize("front_end", ["mfcc", "mfcc_deltas"])
def test_more_coefficients_than_bands_are_refused(tmp_path: Path, front_end: str) -> None:
    path = changed(tmp_path, LOG_MEL, f"    {front_end}: {MFCC.replace('n_mfcc: 40', 'n_mfcc: 65')}\n")
    with pytest.raises(InputError, match=rf"front_ends\.{front_end}: expected n_mfcc <= n_mels, got 65 > 64$"):
        load_params(FeatureParams, path)


def test_the_file_names_every_front_end_and_every_network() -> None:
    text = PARAMS.read_text()
    for choice in (FrontEnds, Networks):
        for name, settings in choice.kinds().items():
            assert re.search(rf"\b{name}\b", text), name
            for key in settings.model_fields:
                assert f"{key}:" in text, (name, key)


@pytest.mark.parametrize("choice", [FrontEnds, Networks])
def test_what_the_file_shows_of_another_choice_is_one(choice: type[FrontEnds] | type[Networks]) -> None:
    shown = re.findall(r"^    # (\w+: \{.*\})(?: #.*)?$", PARAMS.read_text(), re.MULTILINE)
    values = {name: value for line in shown for name, value in YAML(typ="safe").load(line).items()}
    found = {name: value for name, value in values.items() if name in choice.model_fields}
    assert len(found) == 5
    for name, value in found.items():
        assert [*choice.model_validate({name: value}).used] == [name]


def test_only_what_is_used_is_written_down() -> None:
    features, train = load_params(FeatureParams, PARAMS), load_params(TrainParams, PARAMS)
    assert [*features.model_dump()["front_ends"]] == ["log_mel"]
    assert train.model_dump()["network"] == {"logmel_gap": {"conv_dropout": 0.0, "dense_dropout": 0.0}}
    assert FeatureParams.model_validate_json(features.model_dump_json()) == features


def test_yaml_1_2_numbers_are_numbers(tmp_path: Path) -> None:
    path = changed(tmp_path, "learning_rate: 1e-3", "learning_rate: 2e-2")
    assert load_params(TrainParams, path).learning_rate == 0.02


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed: 0", "seed: twenty", "demo.seed: expected an integer, got 'twenty'"),
        ("seed: 0", "seed: 1.0", "demo.seed: expected an integer, got 1.0"),
        ("keep_duplicates: false", "keep_duplicates: 'no'", "ingest.keep_duplicates: expected a boolean, got 'no'"),
        ("n_mels: 64", "n_melz: 64", "features.front_ends.log_mel.n_melz: unknown key"),
        ("n_mels: 64", "# gone", "features.front_ends.log_mel.n_mels: this key is missing"),
        ("n_mels: 64", "n_mels: 0", "features.front_ends.log_mel.n_mels: expected greater than or equal to 1, got 0"),
        ("n_mels: 64", "n_mels: .inf", "features.front_ends.log_mel.n_mels: expected an integer"),
        ("corpora: [demo]", "corpora: [../demo]", "ingest.corpora.0: expected text to match pattern"),
        ("snr_db: [15, 35]", "snr_db: [35, 15]", "augment.noise.snr_db: expected [low, high], got [35, 15]"),
        ("snr_db: [15, 35]", "snr_db: 15", "augment.noise.snr_db: expected a list, got 15"),
        ("train:", "trian:", "trian: unknown key"),
        (
            "f_max: 8000.0",
            "f_max: 20000.0",
            "features: front_ends.log_mel: expected f_min < f_max <= samp",
        ),
        ("    log_mel:", "    mel:", "features.front_ends.mel: unknown key"),
        (LOG_MEL, "", "features.front_ends: expected a mapping, got None"),
        (
            LOG_MEL,
            "    log_mel:\n",
            "features.front_ends: expected one of log_mel, mfcc, mfcc_deltas, con",
        ),
        (LOG_MEL, f"    log_mel: {MFCC}\n", "features.front_ends.log_mel.n_mfcc: unknown key"),
        ("trim_db: 40.0", "trim_db: 0.0", "features.trim_db: expected greater than 0, got 0.0"),
        ("trim_db: 40.0", "trim_db: no", "features.trim_db: expected a number, got 'no'"),
        (
            LOG_MEL,
            f"    mfcc: {MFCC.replace('n_mfcc: 40', 'n_mfcc: 0')}\n",
            "features.front_ends.mfcc.n_mfcc: expected greater than or equal to 1, got 0",
        ),
        ("    logmel_gap:", "    resnet:", "train.network.resnet: unknown key"),
        (
            "    logmel_gap:",
            "    logmel_vgg: {conv_dropout: 0.1, dense_dropout: 0.1}\n    logmel_gap:",
            "train.network: expected ",
        ),
        (
            "conv_dropout: 0.0",
            "conv_dropout: 1.0",
            "train.network.logmel_gap.conv_dropout: expected less than 1",
        ),
        (
            "dense_dropout: 0.0",
            "dense_dropout: -0.1",
            "train.network.logmel_gap.dense_dropout: expected greater than or equal to 0, got",
        ),
        ("conv_dropout: 0.0", "noise: 0.1", "train.network.logmel_gap.noise: unknown key"),
        ("class_weights: false", "class_weights: 1", "train.class_weights: expected a boolean, got 1"),
        ("label_smoothing: 0.0", "label_smoothing: 1.0", "train.label_smoothing: expected less than 1, got 1.0"),
        ("rate_factor: 1.0", "rate_factor: 0.0", "train.rate_factor: expected greater than 0, got 0.0"),
        ("rate_factor: 1.0", "rate_factor: 1.5", "train.rate_factor: expected less than or equal to 1, got 1.5"),
        ("rate_patience: 5", "rate_patience: 0", "train.rate_patience: expected greater than or equal to 1, got 0"),
        ("precision: 32-true", "precision: bf16", "train.precision: expected '32-true', 'bf16-mixed' or '16-mixed'"),
        ("test_fraction: 0.2", "test_fraction: 0.9", "split: validation_fraction + test_fraction leave nothing"),
        ("corpora: [demo]", "corpora: []", "ingest.corpora: "),
        ("corpora: [demo]", "corpora: [demo, demo]", "ingest: a corpus is named twice in ['demo', 'demo']"),
        ("test_corpora: []", "test_corpora: [tess]", "split: test_corpora names the tested corpora of protocol cross"),
        ("protocol: speaker_independent", "protocol: cross_corpus", "split: test_corpora names the tested corpora"),
        ("csv: ''", "csv: my.csv\n    x: y", "ingest.custom.x: unknown key"),
        ("demo:", "demo: [", "not YAML"),
        ("demo:", "[a]: 1\ndemo:", "('a',): expected text as a key, got ('a',)"),
        ("demo:", "? {a: 1}\n: 1\ndemo:", "not YAML"),
        ("demo:", "? [[1]]\n: 1\ndemo:", "not YAML"),
        ("demo:", f"a: {'[' * 5000}\ndemo:", "not YAML"),
        ("demo:", f"a: {'{b: ' * 5000}\ndemo:", "not YAML"),
        ("demo:", f"{'x' * 500}: 1\ndemo:", f"{'x' * 80}: unknown key"),
        ("demo:", "a: 2026-99-99\ndemo:", "not YAML"),
        ("demo:", "a: !!int b\ndemo:", "not YAML"),
        ("n_mels: 64", f"n_mels: {10**400}", "features.front_ends.log_mel.n_mels: expected "),
        ("n_mels: 64", f"n_mels: 0x{'f' * 5000}", "features.front_ends.log_mel.n_mels: expected "),
        ("n_mels: 64", f"n_mels: {'9' * 5000}", "not YAML"),
        ("f_max: 8000.0", f"f_max: {10**400}", "features.front_ends.log_mel.f_max: expected "),
        (
            "hop_length: 512",
            f"hop_length: {2**63}",
            "features.front_ends.log_mel.hop_length: expected less than",
        ),
        ("fold: 0", f"fold: {2**63}", "split.fold: expected less than or equal to 1000000"),
        (
            LOG_MEL,
            '    pretrained: {encoder: "a\\e[2J", shape: [13, 768]}\n',
            "features.front_ends.pretrained.encoder: expected text that can be printed, got 'a\\x1b[2J'",
        ),
        ("relabel: {}", 'relabel: {sad: ""}', "ingest.relabel.sad: expected at least 1 character, got ''"),
        ("relabel: {}", f"relabel: {{sad: {'x' * 65}}}", "ingest.relabel.sad: expected at most 64 characters"),
        ("relabel: {}", 'relabel: {sad: "a\\e[2J"}', "ingest.relabel.sad: expected text that can be printed"),
        (
            LOG_MEL,
            f"    pretrained: {{encoder: {'x' * 2000}, shape: [13, 768]}}\n",
            "features.front_ends.pretrained.encoder: expected at most 1000 characters, got 'xxx",
        ),
        (
            LOG_MEL,
            "    pretrained: {encoder: '', shape: [13, 768]}\n",
            "features.front_ends.pretrained.encoder: expected at least 1 character, got ''",
        ),
    ],
)
def test_a_wrong_value_names_file_key_expectation_and_finding(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = changed(tmp_path, old, new)
    with pytest.raises(InputError) as caught:
        load_params(FeatureParams, path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert len(str(caught.value)) < len(str(path)) + 700


@pytest.mark.parametrize(
    ("front_ends", "network", "perturb", "message"),
    [
        ("log_mel", "logmel_gap", {"tilt_db: 0.0": "tilt_db: 3.0"}, None),
        ("mfcc", "logmel_gap", {}, None),
        ("mfcc", "logmel_gap", {"shift_frames: 0": "shift_frames: 3"}, "perturb.shift_frames changes nothing .*mfcc"),
        ("contours_functionals", "late_fusion", {"shift_frames: 0": "shift_frames: 3"}, None),
        ("contours_functionals", "contour_resnet", {"stretch: [1.0, 1.0]": "stretch: [0.9, 1.1]"}, None),
        ("contours_functionals", "functionals", {"mask_mels: 0": "mask_mels: 3"}, "perturb.mask_mels changes nothing"),
        ("contours_functionals", "functionals", {"noise_db: null": "noise_db: [-60, -30]"}, "perturb.noise_db changes"),
        ("contours_functionals", "logmel_gap", {}, "reads log_mel or mfcc or mfcc_deltas, got contours, functionals"),
        ("log_mel", "late_fusion", {}, "network late_fusion reads contours and functionals, got log_mel"),
        ("log_mel mfcc", "logmel_gap", {}, "reads log_mel or mfcc or mfcc_deltas, got log_mel, mfcc"),
        ("log_mel contours_functionals", "functionals", {}, "network functionals reads nothing of front end log_mel"),
    ],
)
def test_network_and_perturbation_fit_the_front_ends(
    tmp_path: Path, front_ends: str, network: str, perturb: dict[str, str], message: str | None
) -> None:
    settings = {"log_mel": MFCC.replace(", n_mfcc: 40", ""), "mfcc": MFCC, "contours_functionals": CONTOURS}
    chosen = "".join(f"    {name}: {settings[name]}\n" for name in front_ends.split())
    text = PARAMS.read_text().replace(LOG_MEL, chosen)
    for old, new in perturb.items():
        assert old in text
        text = text.replace(old, new, 1)
    values = YAML(typ="safe").load(text)
    values["train"]["network"] = example_network(network).model_dump()
    with (tmp_path / "params.yaml").open("w") as file:
        YAML().dump(values, file)
    if message is None:
        load_params(TrainParams, tmp_path / "params.yaml")
    else:
        with pytest.raises(InputError, match=message):
            load_params(TrainParams, tmp_path / "params.yaml")


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file; run this from the project's top folder"):
        load_params(SplitParams, tmp_path / "params.yaml")


def test_a_file_that_is_not_a_mapping_is_refused(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("- 1\n- 2\n")
    with pytest.raises(InputError, match="expected a"):
        load_params(SplitParams, tmp_path / "params.yaml")


def test_what_is_short_in_yaml_and_without_end_in_a_message_is_shortened(tmp_path: Path) -> None:
    rounds = "\n".join(f"b{i}: &b{i} [{', '.join([f'*b{i - 1}'] * 9)}]" for i in range(1, 30))
    (tmp_path / "params.yaml").write_text(f"b0: &b0 x\n{rounds}\ndemo: *b29\n")
    with pytest.raises(InputError) as caught:
        load_params(SplitParams, tmp_path / "params.yaml")
    assert len(str(caught.value)) < len(str(tmp_path)) + 300


def test_a_file_beyond_measure_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(InputError, match=r"params\.yaml: expected at most 131,072 bytes, found more"):
        load_params(SplitParams, tmp_path / "params.yaml")


WIDEST: dict[str, object] = {"sampling_rate": 48_000, "duration": 60.0}
"""A minute in the best quality; below, as many and as long windows of it as may be."""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("front_end", "values"),
    [
        ("log_mel", {"n_fft": 16_384, "hop_length": 2832, "n_mels": 512}),
        ("mfcc_deltas", {"n_fft": 8000, "hop_length": 1408, "n_mels": 512, "n_mfcc": 512}),
        ("contours_functionals", {"hop_length": 825}),
    ],
)
def test_no_front_end_takes_gigabytes(front_end: str, values: dict[str, int]) -> None:
    """What may be asked for takes less than one; a sixteenth more, in windows or in bands, may not."""
    widest = FeatureParams.model_validate(load_params(FeatureParams, PARAMS).model_dump() | WIDEST)
    allowed = hears(widest, front_end, f_max=20_000.0, **values)
    code = (
        "import sys, numpy as np; from ser.features.front_end import front_end; "
        "from ser.params import FeatureParams\n"
        "params = FeatureParams.model_validate_json(sys.argv[1])\n"
        "signal = np.random.default_rng(0).normal(0, 0.1, params.n_samples).astype(np.float32)\n"
        "front_end(signal, params); print(open('/proc/self/status').read())"
    )
    output = subprocess.check_output([sys.executable, "-c", code, allowed.model_dump_json()], text=True)
    # Not ru_maxrss: that of a new process begins with what the process that started it had.
    peak = re.search(r"VmHWM:\s+(\d+) kB", output)
    assert peak
    assert int(peak[1]) < 1 << 20
    with pytest.raises(ValueError, match="frames to take less memory"):
        hears(widest, front_end, f_max=20_000.0, **values | {"hop_length": values["hop_length"] * 15 // 16})


def test_frames_are_centred_on_every_hop(small_front_end: FeatureParams) -> None:
    assert small_front_end.n_samples == 3200
    assert log_mel(small_front_end).n_frames(small_front_end.n_samples) == 13


def test_emotions_to_be_renamed_may_be_numbers(tmp_path: Path) -> None:
    path = changed(tmp_path, "relabel: {}", "relabel: {0: neutral, 1: null, '02': sad, 1.5: angry}")
    assert load_params(IngestParams, path).relabel == {"0": "neutral", "1": None, "02": "sad", "1.5": "angry"}


@pytest.mark.parametrize("written", ["{true: happy}", "{null: happy}", "{happy: 1}"])
def test_what_is_no_name_of_an_emotion_is_refused(tmp_path: Path, written: str) -> None:
    with pytest.raises(InputError, match=r"params\.yaml: ingest\.relabel\..*: expected a string, got "):
        load_params(IngestParams, changed(tmp_path, "relabel: {}", f"relabel: {written}"))
