"""From the cells to the tables and the picture of README and docs/.

python -m benchmarks.summary
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

import pandas as pd
import typer

from benchmarks.cells import ADAPTED, CELLS
from benchmarks.claims_picture import draw_claims
from benchmarks.documents import write_block
from benchmarks.left_out_picture import draw_left_out
from benchmarks.markdown import (
    HONEST,
    LEFT_OUT,
    ablation_table,
    adapted_table,
    claims_table,
    copies_table,
    costs_table,
    left_out,
    left_out_table,
    score_table,
)
from benchmarks.scores import summarise
from benchmarks.table import AUDITS, TOP, averaged_name, read_table_definition, varied_preset
from ser.errors import user_errors
from ser.evaluation.predictions import Source
from ser.params import EvaluateParams, load_params
from ser.presets import Preset, list_presets
from ser.storage import read_json, write_table

TABLE = TOP / "benchmarks" / "results" / "table.csv"
COSTS = TOP / "benchmarks" / "results" / "costs.json"
PICTURE = TOP / "benchmarks" / "results" / "claims.png"
LEFT_OUT_PICTURE = TOP / "benchmarks" / "results" / "left_out.png"


def main() -> None:
    """Score all cells, write benchmarks/results/, and fill in README and docs/."""
    with user_errors():
        params = load_params(EvaluateParams)
        table = summarise(CELLS, AUDITS, params)
        adapted = {source: summarise(ADAPTED / source, AUDITS, params) for source in get_args(Source)}
        presets = list_presets(TOP / "presets")
        write_table(table, TABLE)
        for source, rows in adapted.items():
            write_table(rows, TABLE.with_name(f"table-{source}.csv"))
        draw_claims(table, presets, PICTURE)
        draw_left_out(left_out(table, adapted), LEFT_OUT_PICTURE)
        for path, name, block in blocks(table, adapted, presets):
            write_block(path, name, block)
        typer.echo(f"{TABLE}: {len(table)} rows of {int(table['cells'].sum())} cells")


def blocks(
    table: pd.DataFrame, adapted: Mapping[Source, pd.DataFrame], presets: Sequence[Preset]
) -> list[tuple[Path, str, str]]:
    """Say what stands where: the document, the name of the block, its text."""
    results = TOP / "docs" / "results.md"
    one_corpus = ~table["split"].map(lambda name: len(table_corpora(name)) > 1)
    definition = read_table_definition()
    variants = definition.variants
    # Of systems that are tested on RAVDESS alone: the other figures stand under "corpora".
    compared = [preset for preset in presets if preset.name in set(table.loc[one_corpus, "system"])]
    preset = table["system"].isin({preset.name for preset in presets})
    varied = table["system"].isin(variants)
    averaged = {averaged_name(name, len(definition.seeds)) for name in definition.averaged}
    ours = {preset.name for preset in presets if preset.about.origin == "ours"}
    varied_ours = {name for name in variants if varied_preset(name) in ours}
    ablated = table["system"].isin(ours | averaged | varied_ours)
    elsewhere = table["system"].isin(varied_ours) & (table["split"] != HONEST)
    return [
        (TOP / "README.md", "figures", claims_table(table, compared, "docs/")),
        (results, "claims", claims_table(table, compared, "")),
        (
            results,
            "systems",
            score_table(table[(preset | elsewhere | table["system"].isin(averaged)) & one_corpus]),
        ),
        (
            results,
            "corpora",
            score_table(table[preset & ~one_corpus & ~table["split"].str.startswith(LEFT_OUT)]),
        ),
        (results, "left-out", left_out_table(table, adapted)),
        (
            results,
            "adapted",
            adapted_table(table[table["system"].isin(adapted["speaker"]["system"]) & one_corpus], adapted),
        ),
        (results, "variants", score_table(table[varied & ~ablated])),
        (results, "ablations", ablation_table(table[ablated & (table["split"] == HONEST)])),
        (results, "toolkits", score_table(table[~preset & ~varied & ~ablated])),
        (results, "costs", costs_table(read_json(COSTS), table)),
        (TOP / "docs" / "systems" / "mfcc-3conv.md", "copies", copies_table(CELLS / "mfcc-3conv")),
        *(
            (
                TOP / "docs" / "systems" / f"{preset.name}.md",
                "figures",
                score_table(table[table["system"] == preset.name]),
            )
            for preset in presets
        ),
    ]


def table_corpora(split: str) -> tuple[str, ...]:
    """The corpora of a split, or of the first fold of a protocol."""
    splits = read_table_definition().splits
    return splits[split if split in splits else f"{split}-0"].corpora


if __name__ == "__main__":
    typer.run(main)
