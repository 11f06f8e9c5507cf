"""How many recordings of a source it takes to adapt to it, and what happens if they carry one emotion.

    python -m benchmarks.cell release others-to-emovo 0 --keep emovo.safetensors
    python -m benchmarks.measurements.adaptation others-to-emovo=emovo.safetensors

Each argument is a split and a model of preset `release` that was trained on it. Fills in docs/adaptation.md.
"""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from benchmarks.cells import FEATURES, read_split, read_stores
from benchmarks.documents import write_block
from benchmarks.markdown import LEFT_OUT
from benchmarks.table import TOP
from ser.errors import user_errors
from ser.features.examples import Examples
from ser.features.subsets import class_indices, select_test_rows
from ser.inference.adaptation import FEWEST, ONE_EMOTION
from ser.model_files.safetensors_file import Model, read_model
from ser.model_files.source import drawn_towards, spread
from ser.models.source import embeddings, held_statistics
from ser.storage import write_json

PAGE = TOP / "docs" / "adaptation.md"
RESULTS = TOP / "benchmarks" / "results" / "adaptation.json"
SIZES = (5, 10, 20, 50, 100, 200, 400)
DRAWS = 50


def main(models: Annotated[list[str], typer.Argument(help="SPLIT=FILE")]) -> None:
    """Measure, and write the results and the page."""
    with user_errors():
        results = {}
        for split, file in (pair.split("=", 1) for pair in models):
            model = read_model(Path(file))
            results[split.removeprefix(LEFT_OUT)] = measure(model, split)
            typer.echo(f"{split}: measured")
        write_json(results, RESULTS)
        write_block(PAGE, "curve", curve_table(results))
        write_block(PAGE, "one-emotion", one_emotion_table(results))


def measure(model: Model, split: str) -> dict[str, Any]:
    """Adapt a model to random parts of the corpus that was left out, and to recordings of one emotion of a speaker."""
    utterances = read_split(split, 0)
    features, _ = read_stores(FEATURES / "release", utterances)
    table = select_test_rows(features, utterances[["utterance_id", "subset"]])
    actual = class_indices(table["emotion"], list(model.description.classes))
    arrays = {name: (array,) for name, array in features.arrays.items()}
    heard = embeddings(model.classifier, Examples(arrays, table.index.to_numpy(), actual).chunks(64))
    trained = held_statistics(model.classifier)

    def logits(rows: np.ndarray, statistics: np.ndarray) -> np.ndarray:
        standard = torch.from_numpy((rows - statistics[0]) / statistics[1])
        return model.classifier.network.linear(standard).detach().numpy()  # type: ignore[operator, union-attr]

    def uar(predicted: np.ndarray) -> float:
        return float(np.mean([(predicted[actual == one] == one).mean() for one in np.unique(actual)]))

    rng = np.random.default_rng(0)
    curve = {}
    for size in (size for size in SIZES if size < len(heard)):
        drawn = (rng.permutation(len(heard))[:size] for _ in range(DRAWS))
        scores = [uar(logits(heard, drawn_towards(trained, heard[some])).argmax(axis=1)) for some in drawn]
        curve[str(size)] = {"mean": float(np.mean(scores)), "low": min(scores), "high": max(scores)}
    plain = logits(heard, trained)
    own = np.empty_like(plain)
    sources = []
    for speaker in table["speaker"].unique():
        of_speaker = (table["speaker"] == speaker).to_numpy()
        own[of_speaker] = logits(heard[of_speaker], drawn_towards(trained, heard[of_speaker]))
        for emotion in (None, *np.unique(actual)):
            some = of_speaker & ((actual == emotion) if emotion is not None else True)
            if some.sum() >= FEWEST / 4:
                told = logits(heard[some], drawn_towards(trained, heard[some]))
                sources.append(
                    {
                        "one": emotion is not None,
                        "spread": spread(plain[some]) / (model.description.spread or np.nan),
                        "plain": float((plain[some].argmax(axis=1) == actual[some]).mean()),
                        "told": float((told.argmax(axis=1) == actual[some]).mean()),
                    }
                )
    return {
        "plain": uar(plain.argmax(axis=1)),
        "curve": curve,
        "all": uar(logits(heard, drawn_towards(trained, heard)).argmax(axis=1)),
        "speaker": uar(own.argmax(axis=1)),
        "sources": sources,
    }


def curve_table(results: dict[str, Any]) -> str:
    """Markdown: UAR by the number of recordings."""
    lines = ["| left out | as it comes | " + " | ".join(map(str, SIZES)) + " | all | each speaker by itself |"]
    lines.append("|" + "---|" * (len(SIZES) + 4))
    for corpus, found in results.items():
        points = (found["curve"].get(str(size)) for size in SIZES)
        cells = (f"{one['mean']:.3f} [{one['low']:.3f}, {one['high']:.3f}]" if one else "" for one in points)
        lines.append(
            f"| `{corpus}` | {found['plain']:.3f} | {' | '.join(cells)} | {found['all']:.3f} | {found['speaker']:.3f} |"
        )
    return "\n".join(lines)


def one_emotion_table(results: dict[str, Any]) -> str:
    """Markdown: what adapting does to recordings of one emotion, and how many such sources are told from others."""
    lines = ["| left out | recognised, one emotion, as it comes | adapted | such sources that are refused |"]
    lines[0] += " whole speakers that are refused |"
    lines.append("|" + "---|" * 5)
    for corpus, found in results.items():
        one, whole = ([source for source in found["sources"] if source["one"] == alone] for alone in (True, False))
        plain, told = (np.mean([source[key] for source in one]) for key in ("plain", "told"))
        refused = [sum(source["spread"] < ONE_EMOTION for source in kind) for kind in (one, whole)]
        lines.append(
            f"| `{corpus}` | {plain:.2f} | {told:.2f} | {refused[0]} of {len(one)} | {refused[1]} of {len(whole)} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
