"""What is to be known about the model that comes with the package: ser/release/card.md."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from benchmarks.markdown import LEFT_OUT
from benchmarks.summary import TABLE
from benchmarks.table import TOP
from ser.corpora import find_corpus
from ser.model_files.onnx_file import OnnxModel

CARD = TOP / "ser" / "release" / "card.md"


def card(model: bytes, metrics: Mapping[str, Any]) -> str:
    """Markdown, of an exported model, what the stages' metrics hold, and the benchmarks' table.

    Raises:
        InputError: it is no exported model.
    """
    description = OnnxModel(model, Path("model.onnx")).description
    known = {name: find_corpus(name) for name in description.trained_on}
    corpora = [
        {
            "title": one.title,
            "language": one.language,
            "licence": one.licence,
            "source": one.source,
            "recordings": metrics["ingest"][name]["utterances"],
            "speakers": metrics["ingest"][name]["speakers"],
        }
        for name, one in known.items()
    ]
    left_out = _left_out(TABLE).merge(
        _left_out(TABLE.with_name("table-speaker.csv")), on="split", suffixes=("", "_told")
    )
    titles = left_out["split"].str.removeprefix(LEFT_OUT).map(lambda name: find_corpus(name).title)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(),  # of HTML, which this is not
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template("card.md.jinja").render(
        classes=description.classes,
        corpora=corpora,
        n_languages=len({one.language for one in known.values()}),
        megabytes=f"{len(model) / 1e6:.1f}",
        trained_md5=description.trained_md5,
        scores=metrics["test"],
        interval=metrics["test"]["interval_95"]["uar"],
        exported=metrics["export"],
        left_out=left_out.assign(title=titles).to_dict("records"),
        mean=left_out[["uar", "ece", "uar_told", "ece_told"]].mean().to_dict(),
    )


def _left_out(path: Path) -> pd.DataFrame:
    """The rows in which this model's recipe was tested on a corpus that was left out."""
    table = pd.read_csv(path)
    return table[(table["system"] == "release") & table["split"].str.startswith(LEFT_OUT)]
