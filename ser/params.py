"""Typed, closed schema of params.yaml: one section, one model, one stage."""

import re
import reprlib
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    Strict,
    ValidationError,
    model_serializer,
    model_validator,
)

from ser.console import printable
from ser.errors import InputError

PARAMS_FILE = Path("params.yaml")

MAX_BYTES = 1 << 17
"""Of params.yaml or a preset."""

MAX_LABEL = 64
"""Characters of the name of an emotion or a corpus."""

MAX_EMOTIONS = 100
"""That a model tells apart."""

MAX_SHOWN = 80
"""Characters of a value or a key in an error message."""

Seed = Annotated[int, Field(ge=0, lt=2**32)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
CountOrZero = Annotated[int, Field(ge=0, le=1_000_000)]
CorpusName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=MAX_LABEL)]
"""Of a recipe, or one of those that are code: `ser.corpora.find_corpus` knows which there are."""

ProtocolName = Literal[
    "speaker_independent",
    "stratified_80_10_10",
    "random_80_20",
    "kaggle_leaky",
    "luna5",
    "emobox6",
    "loso",
    "cross_corpus",
    "leave_one_corpus_out",
]
Precision = Literal["float32", "int8"]
Copies = Annotated[int, Field(ge=0, le=100)]
Dropout = Annotated[float, Field(ge=0, lt=1)]


def _printable(text: str) -> str:
    if printable(text) != text:
        raise ValueError(f"expected text that can be printed, got '{printable(text)}'")
    return text


Printable = AfterValidator(_printable)
Text = Annotated[str, Field(max_length=1000), Printable]
Label = Annotated[str, Field(min_length=1, max_length=MAX_LABEL), Printable]


def _ascending(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] > limits[1]:
        raise ValueError(f"expected [low, high], got [{limits[0]:g}, {limits[1]:g}]")
    return limits


# YAML has lists where Python has tuples: the tuple is lenient, its numbers are not.
Range = Annotated[tuple[float, float], Strict(False), AfterValidator(_ascending)]
PositiveRange = Annotated[
    tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]], Strict(False), AfterValidator(_ascending)
]


class Section(BaseModel):
    """A part of params.yaml: frozen, no unknown keys, no silent conversion between types."""

    # Built when it is first used: `ser predict` needs one section of all these, and starts the sooner.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)
    name: ClassVar[str]


_UNUSED = Field(default=None)


class Choice(Section):
    """Sections by name, of which those are written down that are used."""

    @model_serializer(mode="wrap")
    def _used_alone(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = serialise(self)
        return {name: section for name, section in written.items() if section is not None}

    @classmethod
    def kinds(cls) -> dict[str, Any]:
        """The class of each section, used or not, by name."""
        return {name: get_args(field.annotation)[0] for name, field in cls.model_fields.items()}

    @property
    def used(self) -> dict[str, Any]:
        """The sections that are used, by name."""
        return {name: section for name in type(self).model_fields if (section := getattr(self, name)) is not None}


class DemoParams(Section):
    """The synthetic corpus."""

    name = "demo"
    speakers: Annotated[int, Field(ge=4, le=24, multiple_of=2)]
    expressiveness: Annotated[float, Field(ge=0, le=3)]
    seed: Seed


class CustomParams(Section):
    """Your own corpus, in data/raw/custom: where its labels are. An empty column name says that there is none."""

    csv: str
    path: str
    emotion: str
    speaker: str
    gender: str
    age: str
    language: str

    @model_validator(mode="after")
    def _what_every_row_needs_is_named(self) -> Self:
        if self.csv and not (self.path and self.emotion):
            raise ValueError(f"the columns of {self.csv} that hold path and emotion must be named")
        return self


def _written(name: Any) -> Any:
    return str(name) if isinstance(name, int | float) and not isinstance(name, bool) else name


EmotionName = Annotated[str, BeforeValidator(_written)]
"""As a corpus has it, be it a number, which YAML does not take for a text."""


class IngestParams(Section):
    """Which corpora are read, what is tolerated in them, and how their labels become one set."""

    name = "ingest"
    corpora: Annotated[tuple[CorpusName, ...], Strict(False), Field(min_length=1)]
    recipes: Annotated[str, Field(min_length=1, max_length=1000), Printable]
    max_rejected: Annotated[int, Field(ge=0)]
    keep_duplicates: bool
    relabel: dict[EmotionName, Label | None]
    emotions: Literal["union", "intersection"]
    custom: CustomParams

    @model_validator(mode="after")
    def _no_corpus_twice(self) -> Self:
        if len(set(self.corpora)) < len(self.corpora):
            raise ValueError(f"a corpus is named twice in {list(self.corpora)}")
        return self


class SplitParams(Section):
    """How utterances are assigned to train, validation and test."""

    name = "split"
    protocol: ProtocolName
    fold: CountOrZero
    test_corpora: Annotated[tuple[CorpusName, ...], Strict(False)]
    validation_fraction: Fraction
    test_fraction: Fraction
    seed: Seed

    @model_validator(mode="after")
    def _some_train_is_left(self) -> Self:
        if self.validation_fraction + self.test_fraction >= 1:
            raise ValueError("validation_fraction + test_fraction leave nothing to train on")
        if (self.protocol == "cross_corpus") != bool(self.test_corpora):
            raise ValueError("test_corpora names the tested corpora of protocol cross_corpus, and of no other")
        return self


MAX_FRAMES = 15_000
"""Of a recording's features: a minute of 4 ms hops. A model file may not ask for gigabytes."""

MAX_WINDOWED = 1 << 24
"""Samples in all windows of a recording together, which overlap: a minute of 4 ms hops, 1,024 in each."""

MAX_VALUES = 1 << 20
"""Bands times frames of a recording."""


class PerturbParams(Section):
    """Changes of train spectrograms or contours, drawn anew in every epoch."""

    noise_db: Range | None
    tilt_db: Annotated[float, Field(ge=0, le=40)]
    stretch: PositiveRange
    shift_frames: CountOrZero
    shift_mels: CountOrZero
    mask_frames: CountOrZero
    mask_mels: CountOrZero


NO_PERTURBATION = PerturbParams(
    noise_db=None, tilt_db=0.0, stretch=(1.0, 1.0), shift_frames=0, shift_mels=0, mask_frames=0, mask_mels=0
)


class FrontEndParams(Section):
    """The settings of one front end.

    Attributes:
        arrays: the names of what it gives.
        perturbable: what `PerturbParams` can change in it.
        mixable: whether a weighted mean of two recordings' arrays is an array of the kind.
    """

    arrays: ClassVar[tuple[str, ...]]
    perturbable: ClassVar[frozenset[str]] = frozenset()
    mixable: ClassVar[bool] = True

    def check(self, sampling_rate: int, n_samples: int) -> None:
        """Refuse settings that cannot analyse so many samples.

        Raises:
            ValueError: they cannot, or what they ask for takes too much memory.
        """


def _check_size(n_frames: int, window: int, n_bands: int = 1) -> None:
    """Refuse features that take too much memory to make or to keep."""
    if n_frames > MAX_FRAMES:
        raise ValueError(f"expected at most {MAX_FRAMES:,} frames of hop_length in duration, got {n_frames:,}")
    if n_frames * window > MAX_WINDOWED or n_frames * n_bands > MAX_VALUES:
        raise ValueError(
            f"expected {n_frames:,} frames to take less memory: at most {MAX_WINDOWED:,} samples in windows,"
            f" got {n_frames * window:,}, and {MAX_VALUES:,} mel bands, got {n_frames * n_bands:,}"
        )


class LogMelParams(FrontEndParams):
    """Front end `log_mel`: a spectrogram in mel bands."""

    arrays = ("log_mel",)
    perturbable = frozenset(PerturbParams.model_fields)
    n_fft: Annotated[int, Field(ge=32, le=16_384, multiple_of=2)]
    hop_length: Annotated[int, Field(ge=1, le=16_384)]
    n_mels: Annotated[int, Field(ge=1, le=512)]
    f_min: Annotated[float, Field(ge=0)]
    f_max: Annotated[float, Field(gt=0)]
    top_db: Annotated[float, Field(gt=0, le=200)]

    def check(self, sampling_rate: int, n_samples: int) -> None:
        """Refuse settings that cannot analyse so many samples."""
        if not self.f_min < self.f_max <= sampling_rate / 2:
            raise ValueError(
                f"expected f_min < f_max <= sampling_rate / 2 = {sampling_rate / 2:g},"
                f" got f_min {self.f_min:g} and f_max {self.f_max:g}"
            )
        if self.hop_length > self.n_fft:
            raise ValueError(f"expected hop_length <= n_fft, got {self.hop_length} > {self.n_fft}")
        _check_size(self.n_frames(n_samples), self.n_fft, self.n_mels)

    def n_frames(self, n_samples: int) -> int:
        """Count the frames of so many samples: they are centred on multiples of the hop."""
        return 1 + n_samples // self.hop_length


class MfccParams(LogMelParams):
    """Front end `mfcc`: cepstral coefficients of such a spectrogram."""

    arrays = ("mfcc",)
    perturbable = frozenset()
    n_mfcc: Annotated[int, Field(ge=1, le=512)]

    def check(self, sampling_rate: int, n_samples: int) -> None:
        """Refuse settings that cannot analyse so many samples."""
        super().check(sampling_rate, n_samples)
        if self.n_mfcc > self.n_mels:
            raise ValueError(f"expected n_mfcc <= n_mels, got {self.n_mfcc} > {self.n_mels}")


class MfccDeltasParams(MfccParams):
    """Front end `mfcc_deltas`: the coefficients, and how fast they change."""

    arrays = ("mfcc_deltas",)


class ContoursFunctionalsParams(FrontEndParams):
    """Front end `contours_functionals`: contours of a voice, and their functionals."""

    arrays = ("contours", "functionals")
    perturbable = frozenset({"stretch", "shift_frames", "mask_frames"})
    hop_length: Annotated[int, Field(ge=1, le=16_384)]

    def check(self, sampling_rate: int, n_samples: int) -> None:
        """Refuse settings that cannot analyse so many samples."""
        # A voice is followed in windows of 46 ms, of which several copies are kept.
        _check_size(self.n_frames(n_samples), sampling_rate // 10)

    def n_frames(self, n_samples: int) -> int:
        """Count the frames of so many samples: they are centred on multiples of the hop."""
        return 1 + n_samples // self.hop_length


EncoderShape = Annotated[
    tuple[Annotated[int, Field(ge=1, le=200)], Annotated[int, Field(ge=1, le=10_000)]], Strict(False)
]
"""Layers, the encoder's input included, and their width."""


class PretrainedParams(FrontEndParams):
    """Front end `pretrained`: an audio encoder of the Hugging Face hub, or a local folder in its format."""

    arrays = ("encoder",)
    encoder: Annotated[str, Field(min_length=1, max_length=1000), Printable]
    shape: EncoderShape


class WhisperLogMelParams(FrontEndParams):
    """Front end `whisper_log_mel`: the spectrogram that the encoders of Whisper read."""

    arrays = ("whisper_log_mel",)
    perturbable = frozenset(PerturbParams.model_fields)
    mixable = False  # their ends differ
    n_mels: Literal[80, 128]

    def check(self, sampling_rate: int, n_samples: int) -> None:
        """Refuse settings that cannot analyse so many samples."""
        if sampling_rate != 16_000:
            raise ValueError(f"expected features.sampling_rate: 16000, which Whisper hears, got {sampling_rate}")
        if n_samples > 30 * sampling_rate:
            raise ValueError(f"expected a duration of at most the 30 s that Whisper hears, got {n_samples / 16_000:g}")
        if self.n_frames(n_samples) < 10:
            raise ValueError(f"expected a duration of at least 0.1 s, got {n_samples / 16_000:g}")

    def n_frames(self, n_samples: int) -> int:
        """Count the frames of so many samples: 10 ms each."""
        return n_samples // 160


class FrontEnds(Choice):
    """The front ends by name, modules of `ser.front_ends`; those that are named are used."""

    log_mel: LogMelParams | None = _UNUSED
    mfcc: MfccParams | None = _UNUSED
    mfcc_deltas: MfccDeltasParams | None = _UNUSED
    contours_functionals: ContoursFunctionalsParams | None = _UNUSED
    whisper_log_mel: WhisperLogMelParams | None = _UNUSED
    pretrained: PretrainedParams | None = _UNUSED

    @model_validator(mode="after")
    def _something_is_heard(self) -> Self:
        if not self.used:
            raise ValueError(f"expected one of {', '.join(type(self).model_fields)}, got none")
        twice = [name for name, count in Counter(self.arrays).items() if count > 1]
        if twice:
            raise ValueError(f"expected front ends that give different arrays, got {twice[0]} from two")
        return self

    @property
    def arrays(self) -> tuple[str, ...]:
        """The names of all that they give."""
        return tuple(name for settings in self.used.values() for name in settings.arrays)


class FeatureParams(Section):
    """From a recording to features of fixed size."""

    name = "features"
    sampling_rate: Annotated[int, Field(ge=4_000, le=96_000)]
    duration: Annotated[float, Field(gt=0, le=60)]
    trim_db: Annotated[float, Field(gt=0, le=120)] | None
    front_ends: FrontEnds

    @model_validator(mode="after")
    def _analysis_is_possible(self) -> Self:
        for front_end, settings in self.front_ends.used.items():
            try:
                settings.check(self.sampling_rate, self.n_samples)
            except ValueError as error:
                raise ValueError(f"front_ends.{front_end}: {error}") from None
        return self

    @property
    def n_samples(self) -> int:
        """Samples of the signal that is analysed."""
        return round(self.duration * self.sampling_rate)

    @property
    def encoder(self) -> str | None:
        """The pretrained encoder that is heard through, if one is."""
        return self.front_ends.pretrained.encoder if self.front_ends.pretrained else None


class NoiseParams(Section):
    """White noise added to the waveform."""

    copies: Copies
    snr_db: Range


class PitchShiftParams(Section):
    """The pitch moved, the duration kept."""

    copies: Copies
    semitones: Range


class TimeStretchParams(Section):
    """The duration changed, the pitch kept."""

    copies: Copies
    rate: PositiveRange


class AugmentParams(Section):
    """Copies of the train utterances, changed on the waveform."""

    name = "augment"
    noise: NoiseParams
    pitch_shift: PitchShiftParams
    time_stretch: TimeStretchParams
    seed: Seed


SPECTROGRAMS = (("log_mel",), ("mfcc",), ("mfcc_deltas",))
"""Any one array of bands over time."""


class NetworkParams(Section):
    """The settings of one network.

    Attributes:
        reads: the arrays that it is given, by name and in this order; of several choices, the one that the front ends
            have.
    """

    reads: ClassVar[tuple[tuple[str, ...], ...]]


class ConvolutionsParams(NetworkParams):
    """Of a network that convolves bands over time."""

    reads = SPECTROGRAMS
    conv_dropout: Dropout
    dense_dropout: Dropout


class ContourResnetParams(NetworkParams):
    """Of network `contour_resnet`."""

    reads = (("contours",),)
    channel_dropout: Dropout
    noise: Annotated[float, Field(ge=0, le=10)]
    conv_dropout: Dropout
    dense_dropout: Dropout


class FunctionalsParams(NetworkParams):
    """Of network `functionals`."""

    reads = (("functionals",),)
    input_dropout: Dropout
    hidden_dropout: Dropout


class LateFusionParams(NetworkParams):
    """Of network `late_fusion`: of each of its two."""

    reads = (("contours", "functionals"),)
    contour_resnet: ContourResnetParams
    functionals: FunctionalsParams


class LayerWeightedParams(NetworkParams):
    """Of network `layer_weighted`."""

    reads = (("encoder",),)
    dropout: Dropout


class WhisperParams(NetworkParams):
    """Of network `whisper`."""

    reads = (("whisper_log_mel",),)
    encoder: Annotated[str, Field(min_length=1, max_length=1000), Printable]
    width: Annotated[int, Field(ge=64, le=1280, multiple_of=64)]
    layers: Annotated[int, Field(ge=1, le=32)]
    tuned_layers: Annotated[int, Field(ge=0, le=32)]
    encoder_rate: Annotated[float, Field(gt=0, le=1)]
    dropout: Dropout

    @model_validator(mode="after")
    def _no_more_are_tuned_than_there_are(self) -> Self:
        if self.tuned_layers > self.layers:
            raise ValueError(f"expected at most {self.layers} tuned_layers, of as many layers, got {self.tuned_layers}")
        return self


class Networks(Choice):
    """The networks by name, modules of `ser.models`; the one that is named is used."""

    logmel_gap: ConvolutionsParams | None = _UNUSED
    logmel_4conv: ConvolutionsParams | None = _UNUSED
    mfcc_dense: ConvolutionsParams | None = _UNUSED
    mfcc_3conv: ConvolutionsParams | None = _UNUSED
    logmel_vgg: ConvolutionsParams | None = _UNUSED
    attentive_resnet: ConvolutionsParams | None = _UNUSED
    functionals: FunctionalsParams | None = _UNUSED
    contour_resnet: ContourResnetParams | None = _UNUSED
    late_fusion: LateFusionParams | None = _UNUSED
    layer_weighted: LayerWeightedParams | None = _UNUSED
    whisper: WhisperParams | None = _UNUSED

    @model_validator(mode="after")
    def _one_is_used(self) -> Self:
        if len(self.used) != 1:
            raise ValueError(
                f"expected one of {', '.join(type(self).model_fields)}, got {', '.join(self.used) or 'none'}"
            )
        return self

    @property
    def architecture(self) -> str:
        """The name of the network that is used."""
        return next(iter(self.used))

    @property
    def settings(self) -> NetworkParams:
        """Of the network that is used."""
        settings: NetworkParams = self.used[self.architecture]
        return settings

    def reads(self, arrays: Collection[str]) -> tuple[str, ...]:
        """Say which of these arrays the network reads, in its order.

        Raises:
            ValueError: it does not read them, or not all that it reads are there, or it could read one or another.
        """
        found = [names for names in self.settings.reads if set(names) <= set(arrays)]
        if len(found) != 1:
            choices = " or ".join(" and ".join(names) for names in self.settings.reads)
            raise ValueError(f"network {self.architecture} reads {choices}, got {', '.join(arrays)}")
        return found[0]


Accelerator = Literal["cpu", "gpu", "mps", "auto"]

MAX_MEMBERS = 20
"""Networks whose probabilities a model averages. A model file may not ask for thousands."""


class TrainParams(Section):
    """The network, and how it is fitted."""

    name = "train"
    network: Networks
    members: Annotated[int, Field(ge=1, le=MAX_MEMBERS)]
    class_weights: bool
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    calibrate: bool
    keep: Literal["best", "last"]
    refit: bool
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    weight_decay: Annotated[float, Field(ge=0, le=1)]
    schedule: Literal["plateau", "one_cycle"]
    rate_factor: Annotated[float, Field(gt=0, le=1)]
    rate_patience: Count
    averaging: Annotated[float, Field(ge=0, lt=1)]
    mixup: Annotated[float, Field(ge=0, le=10)]
    perturb: PerturbParams
    batch_size: Count
    max_epochs: Count
    patience: Count
    precision: Literal["32-true", "bf16-mixed", "16-mixed"]
    accelerator: Accelerator
    logger: Literal["none", "dvclive", "tensorboard", "mlflow"]
    seed: Seed

    @model_validator(mode="after")
    def _nothing_looks_at_validation_in_a_refit(self) -> Self:
        if self.refit and self.schedule == "plateau" and self.rate_factor < 1:
            raise ValueError(
                "refit trains without validation, and schedule plateau needs it: expected one_cycle, or rate_factor 1.0"
            )
        return self


class EvaluateParams(Section):
    """How the test subset is scored."""

    name = "evaluate"
    bootstrap_samples: Annotated[int, Field(ge=100, le=1_000_000)]
    calibration_bins: Annotated[int, Field(ge=2, le=100)]
    seed: Seed


class ExportParams(Section):
    """The model file that runs without torch."""

    name = "export"
    precision: Precision


class Params(Section):
    """All of params.yaml."""

    demo: DemoParams
    ingest: IngestParams
    split: SplitParams
    features: FeatureParams
    augment: AugmentParams
    train: TrainParams
    evaluate: EvaluateParams
    export: ExportParams

    @model_validator(mode="after")
    def _network_and_front_ends_fit(self) -> Self:
        front_ends, train = self.features.front_ends, self.train
        read = train.network.reads(front_ends.arrays)
        perturbable: set[str] = set()
        for front_end, settings in front_ends.used.items():
            if not set(settings.arrays) & set(read):
                raise ValueError(f"network {train.network.architecture} reads nothing of front end {front_end}")
            perturbable |= settings.perturbable
            if train.mixup and not settings.mixable:
                raise ValueError(f"train.mixup: what front end {front_end} gives of two recordings cannot be mixed")
        for key, value in train.perturb:
            if value != getattr(NO_PERTURBATION, key) and key not in perturbable:
                raise ValueError(
                    f"train.perturb.{key} changes nothing that front end {', '.join(front_ends.used)} gives"
                )
        return self


AnySection = TypeVar("AnySection", bound=Section)


def load_params(section: type[AnySection], path: Path = PARAMS_FILE) -> AnySection:
    """Read `path`, check all of it, and return one section.

    The whole file is checked whichever section is asked for, so that a mistake in `train` is found before an hour of
    feature extraction.

    Raises:
        InputError: the file is missing or is not YAML, or a value is not what the schema says; names file, key, what
            was expected and what was found.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415 (slow to import, and a model file's description does without it)

    with yaml_errors(path):
        # YAML 1.2, as DVC reads it: 1e-2 is a number, `no` is a word.
        values = YAML(typ="safe", pure=True).load(read_text(path))
    params: AnySection = getattr(validated(Params, values, str(path)), section.name)
    return params


def read_text(path: Path) -> str:
    """Read UTF-8 text with its line ends as they are.

    Raises:
        InputError: the file is missing, is larger than `MAX_BYTES`, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise InputError(f"{path}: expected at most {MAX_BYTES:,} bytes, found more")
        return content.decode("utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; run this from the project's top folder") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8: {error}") from None


@contextmanager
def yaml_errors(path: Path) -> Iterator[None]:
    """Turn what reading YAML raises into an `InputError`.

    That is, too: a date or a number that is none, one of more than 4,300 digits, a tag that does not fit its value, a
    list as a key, and brackets in brackets without end.
    """
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415 (as above)

    try:
        yield
    except (YAMLError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path}: not YAML: {error}") from None


def validated(model: type[AnySection], values: Any, where: str) -> AnySection:
    """Make a `model` of `values`.

    Args:
        model: the section to make.
        values: what YAML or JSON gave.
        where: what an error message calls their source.

    Raises:
        InputError: the first value that does not fit.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{where}: {_first_error(error)}") from None


def _first_error(error: ValidationError) -> str:
    # A misspelt key is both unknown and missing: the unknown one is what the user wrote.
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    key = ".".join(str(part)[:MAX_SHOWN] for part in first["loc"])
    prefix = f"{key}: " if key else ""
    match first["type"]:
        case "missing":
            return f"{prefix}this key is missing"
        case "extra_forbidden":
            return f"{prefix}unknown key"
        case "value_error":
            return prefix + first["msg"].removeprefix("Value error, ")
    expected = (
        first["msg"]
        .replace("Input should be", "expected")
        .replace("String should have", "expected")
        .replace("String should match", "expected text to match")
        .replace("Keys should be strings", "expected text as a key")
        .replace("a valid ", "a ")
        .replace("a int", "an int")
        .replace("a tuple", "a list")
    )
    expected = re.sub(r"a dictionary or instance of \w+", "a mapping", expected)
    return f"{prefix}{expected}, got {_shown(first['input'])}"


def _shown(value: Any) -> str:
    """A value as Python writes it, shortened: what is short in YAML, with anchors, can be without end."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = MAX_SHOWN
    try:
        return short.repr(value)
    except ValueError:  # Python writes no more than 4,300 digits of a number
        return "a number beyond measure"
