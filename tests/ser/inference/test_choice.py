from pathlib import Path

import pytest

from ser.errors import InputError
from ser.inference import choice
from ser.inference.choice import choose_model
from ser.model_files.export import describe, to_onnx
from ser.model_files.safetensors_file import Model, write_model


def exported(model: Model, *corpora: str) -> bytes:
    trained = Model(model.classifier, model.description.model_copy(update={"trained_on": corpora}))
    return to_onnx(trained, describe(trained, Path(__file__), None))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_model: Model) -> Path:
    """A project without a model, and a package with one."""
    box = tmp_path / "package" / "model.onnx"
    box.parent.mkdir()
    box.write_bytes(exported(small_model, "ravdess", "emodb"))
    monkeypatch.setattr(choice, "IN_THE_BOX", box)
    folder = tmp_path / "project"
    (folder / "models").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def train(project: Path, model: Model, *corpora: str) -> None:
    (project / "models/model.onnx").write_bytes(exported(model, *corpora))


def test_the_one_that_is_named_answers_whatever_it_heard(project: Path, small_model: Model) -> None:
    train(project, small_model, "demo")
    chosen = choose_model(Path("models/model.onnx"))
    assert (chosen.origin, chosen.said()) == ("named", None)
    assert chosen.facts() == {"origin": "named", "file": "models/model.onnx", "trained_on": ["demo"]}


@pytest.mark.parametrize("corpora", [("tess",), ("demo", "tess"), ("custom",)])
def test_a_projects_model_that_heard_people_answers(
    project: Path, small_model: Model, corpora: tuple[str, ...]
) -> None:
    train(project, small_model, *corpora)
    chosen = choose_model()
    assert (chosen.origin, chosen.path) == ("project", Path("models/model.onnx"))
    assert chosen.said() == f"models/model.onnx, trained on {', '.join(corpora)}"


def test_a_projects_model_that_was_not_exported_answers(project: Path, small_model: Model) -> None:
    write_model(small_model, project / "models/model.safetensors")
    chosen = choose_model()
    assert (chosen.origin, chosen.path) == ("project", Path("models/model.safetensors"))


def test_without_one_that_of_the_package_answers(project: Path) -> None:
    chosen = choose_model()
    assert chosen.facts() == {"origin": "package", "file": "model.onnx", "trained_on": ["ravdess", "emodb"]}
    assert chosen.said() == "the one in the package, trained on ravdess, emodb"


def test_one_of_synthetic_voices_is_passed_over_and_that_is_said(project: Path, small_model: Model) -> None:
    train(project, small_model, "demo")
    chosen = choose_model()
    assert chosen.origin == "package"
    assert chosen.said() == (
        "the one in the package, trained on ravdess, emodb; models/model.onnx heard synthetic voices alone,"
        " --model models/model.onnx asks it"
    )


def test_one_that_is_damaged_is_not_passed_over(project: Path) -> None:
    (project / "models/model.onnx").write_bytes(b"no model")
    with pytest.raises(InputError, match=r"^models/model\.onnx: not a readable model file"):
        choose_model()


def test_where_there_is_none_the_line_says_what_to_do(project: Path, small_model: Model) -> None:
    choice.IN_THE_BOX.unlink()
    with pytest.raises(
        InputError, match=r"^no model: models/model.onnx: no such file; `dvc repro` trains one; --model"
    ):
        choose_model()
    train(project, small_model, "demo")
    with pytest.raises(InputError, match=r"^no model: models/model.onnx heard synthetic voices alone; --model"):
        choose_model()
