"""What the table compares: the splits that benchmarks/table.yaml names, and the corpora behind them."""

import json
from collections.abc import Mapping
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import Field, Strict
from ruamel.yaml import YAML

from ser.dataset.ingestion import ingest
from ser.dataset.scans import read_scan
from ser.errors import InputError
from ser.params import (
    CorpusName,
    IngestParams,
    Label,
    Params,
    ProtocolName,
    Section,
    Seed,
    SplitParams,
    TrainParams,
    load_params,
    validated,
)
from ser.presets import find_preset, preset_params

TOP = Path(__file__).resolve().parent.parent
TABLE = TOP / "benchmarks" / "table.yaml"
SCANS = TOP / "benchmarks" / "data" / "scans"
AUDITS = TOP / "benchmarks" / "results" / "splits"
"""What the subsets of each split share: SPLIT-SEED.json."""


class SplitDefinition(Section):
    """A split of the table."""

    corpora: Annotated[tuple[CorpusName, ...], Strict(False)]
    protocol: ProtocolName
    fold: int = 0
    test_corpora: Annotated[tuple[CorpusName, ...], Strict(False)] = ()
    relabel: dict[str, Label | None] = Field(default_factory=dict)
    """As ``ingest.relabel``."""

    def params(self, seed: int) -> SplitParams:
        """Settings of the split stage: of what is not tested, a tenth validates, of utterances or of speakers."""
        return SplitParams(
            protocol=self.protocol,
            fold=self.fold,
            test_corpora=self.test_corpora,
            validation_fraction=0.1,
            test_fraction=0.2,
            seed=seed,
        )


class Variant(Section):
    """A preset, or a variant of one, with other settings."""

    of: str
    params: Annotated[dict[str, Any], Field(min_length=1)]
    """Keys of `Params`, with dots: ``train.perturb.tilt_db``."""

    @property
    def has_own_features(self) -> bool:
        """Whether it has features of its own."""
        return any(not key.startswith("train.") for key in self.params)


class Table(Section):
    """All of benchmarks/table.yaml."""

    seeds: Annotated[tuple[Seed, ...], Strict(False), Field(min_length=1)]
    splits: dict[str, SplitDefinition]
    variants: dict[str, Variant]
    averaged: Annotated[tuple[str, ...], Strict(False)]
    """Systems whose seeds are also averaged."""


def read_table_definition(path: Path = TABLE) -> Table:
    """Read which splits and seeds there are.

    Raises:
        InputError: a value does not fit.
    """
    values = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return validated(Table, values, str(path))


def find_split(name: str) -> SplitDefinition:
    """Look a split up.

    Raises:
        InputError: there is no such split.
    """
    splits = read_table_definition().splits
    if name not in splits:
        raise InputError(f"split '{name}' is not in {TABLE.name}, expected one of {', '.join(splits)}")
    return splits[name]


def varied_preset(name: str) -> str:
    """Say which preset a system is, or is a variant of."""
    variants = read_table_definition().variants
    return varied_preset(variants[name].of) if name in variants else name


def find_system(name: str) -> tuple[str, TrainParams]:
    """Look up a preset or a variant of one.

    Returns:
        Whose features it reads, and how it is trained.

    Raises:
        InputError: there is none of that name, or a variant sets what there is not.
    """
    variant = read_table_definition().variants.get(name)
    heard = find_system(variant.of)[0] if variant and not variant.has_own_features else name
    return heard, system_params(name).train


def system_params(name: str) -> Params:
    """All settings of a preset or of a variant of one.

    Raises:
        InputError: there is none of that name, or a variant sets what there is not.
    """
    variant = read_table_definition().variants.get(name)
    if variant is None:
        return preset_params(find_preset(name, TOP / "presets"))
    values = system_params(variant.of).model_dump()
    for key, value in variant.params.items():
        *path, last = key.split(".")
        reduce(getitem, path, values)[last] = value  # a key that is new is refused below
    return validated(Params, values, f"{TABLE.name}: variants: {name}")


def read_corpora(
    corpora: tuple[str, ...], *, keep_duplicates: bool, relabel: Mapping[str, str | None] | None = None
) -> pd.DataFrame:
    """Read the metadata of scanned corpora, labels as they are, or as ``ingest.relabel`` would have them.

    Raises:
        InputError: a file of them cannot be used.
    """
    params = load_params(IngestParams).model_copy(
        update={
            "corpora": corpora,
            "max_rejected": 0,
            "keep_duplicates": keep_duplicates,
            "relabel": dict(relabel or {}),
            "emotions": "union",
        }
    )
    ingested = ingest([read_scan(SCANS / corpus) for corpus in corpora], params)
    ingested.check(params)
    return ingested.metadata


def as_kaggle_copy(metadata: pd.DataFrame) -> pd.DataFrame:
    """Every recording twice, as the Kaggle copy of RAVDESS has it; the second one's id ends in ``~2``.

    It is what `ser.dataset.ingestion.ingest` makes of that copy when duplicates are kept.
    """
    twins = metadata.assign(utterance_id=metadata["utterance_id"] + "~2")
    return pd.concat([metadata, twins]).sort_values("utterance_id", ignore_index=True)


def base_ids(utterance_ids: pd.Series) -> pd.Series:
    """The ids under which features are stored: those of the first copies."""
    return utterance_ids.str.removesuffix("~2")


def averaged_name(system: str, seeds: int) -> str:
    """What the mean of a system's seeds is called."""
    return f"{system}-x{seeds}"


def _shown(value: Any) -> str:
    """A value as JSON; of front ends or networks, which."""
    return ", ".join(value) if isinstance(value, dict) else json.dumps(value)


def varied_systems() -> dict[str, tuple[str, str]]:
    """From a system that varies another to the other's name and what is changed."""
    definition = read_table_definition()
    varied = {
        name: (variant.of, "<br>".join(f"`{key}: {_shown(value)}`" for key, value in variant.params.items()))
        for name, variant in definition.variants.items()
    }
    seeds = len(definition.seeds)
    return varied | {
        averaged_name(name, seeds): (name, f"mean probabilities of {seeds} seeds") for name in definition.averaged
    }
