"""What a model file says about its weights; read without torch."""

import json
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, Strict, model_validator

from ser.errors import InputError
from ser.model_files.source import AdaptedStatistics, SourceStatistics
from ser.params import MAX_EMOTIONS, MAX_MEMBERS, FeatureParams, Label, Networks, Section, validated

FORMAT: Literal[5] = 5
"""Version of the description."""

METADATA_KEY = "ser"
"""Under which a model file holds its description, as JSON."""

MAX_BYTES = 1 << 28
"""Of a model file; the largest published system here has 18 MB."""

MAX_DESCRIPTION = 1 << 19
"""Characters of a description."""

Score = Annotated[float, Field(ge=0, le=1)]


def _no_label_twice(labels: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(labels)) < len(labels):
        raise ValueError("expected names that differ from one another, got one twice")
    return labels


Labels = Annotated[tuple[Label, ...], Strict(False), Field(max_length=MAX_EMOTIONS), AfterValidator(_no_label_twice)]


class ModelDescription(Section):
    """What a model file says about its weights.

    Attributes:
        format: `FORMAT`.
        network: its name, a module of `ser.models`, and settings.
        members: networks of this kind, whose probabilities are averaged.
        classes: the emotions, in the order of the logits.
        front_end: how a recording becomes the arrays that the network reads.
        trained_on: corpora whose utterances were trained on.
        temperature: what the logits are divided by before the softmax.
        spread: of the logits of utterances that were not trained on, as `ser.model_files.source.spread` tells it; None
            if the network standardises nothing by source.
        farthest: how far 99 of 100 such utterances are at most, as `ser.model_files.source.distance` tells it; None
            likewise.
    """

    format: Literal[5]
    network: Networks
    members: Annotated[int, Field(ge=1, le=MAX_MEMBERS)]
    classes: Annotated[Labels, Field(min_length=2)]
    front_end: FeatureParams
    trained_on: Labels
    temperature: Annotated[float, Field(ge=0.001, le=1000)]
    spread: Annotated[float, Field(ge=0)] | None = None
    farthest: Annotated[float, Field(gt=0)] | None = None


class Scores(Section):
    """How a model did on the test subset, as data/reports/test.json has it, and what that subset shared with train."""

    uar: Score
    accuracy: Score
    protocol: Label
    leaks: Annotated[dict[Label, dict[Label, Annotated[int, Field(ge=0, lt=2**63)]]], Field(max_length=100)]


class ExportedDescription(ModelDescription):
    """What an exported model says besides.

    Attributes:
        trained_md5: MD5 of the model file that was exported, as dvc.lock has it:
            ``git log -S MD5 -- dvc.lock`` finds the commit that trained it.
        test: None if it was exported without its scores.
        source: what the network standardises its embedding by, unless it is adapted: the statistics of train. None if
            it does nothing of the kind.
        adapted: the statistics of the source that it is adapted to, if it is.
    """

    trained_md5: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    test: Scores | None
    source: SourceStatistics | None = None
    adapted: AdaptedStatistics | None = None

    @model_validator(mode="after")
    def _adapted_is_like_source(self) -> Self:
        if self.adapted and (self.source is None or self.adapted.array.shape != self.source.array.shape):
            raise ValueError("adapted: expected statistics of as many values as source has")
        return self


AnyDescription = TypeVar("AnyDescription", bound=ModelDescription)


def parse_description(kind: type[AnyDescription], text: str, path: Path) -> AnyDescription:
    """Make a description of the JSON in a model file.

    Raises:
        InputError: it is too long, no JSON, of another format, or not a `kind`; the message names `path`.
    """
    if len(text) > MAX_DESCRIPTION:
        raise InputError(f"{path}: expected a description of at most {MAX_DESCRIPTION:,} characters, found more")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:  # the first for numbers of more than 4,300 digits, too
        raise InputError(f"{path}: its description is not JSON: {error}") from None
    version = values.get("format") if isinstance(values, dict) else None
    if isinstance(version, int) and version != FORMAT:
        raise InputError(
            f"{path}: a model file of format {version}, expected {FORMAT}: train it anew with `dvc repro`, or read it"
            " with the version of this package that wrote it"
        )
    return validated(kind, values, f"{path}: description")
