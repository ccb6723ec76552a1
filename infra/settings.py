"""What differs between environments: one typed model, read from config/<environment>.toml."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from infra.constructs.instances import is_arm

ROOT = Path(__file__).resolve().parent.parent
EnvironmentName = Literal["dev", "staging", "prod"]


def _x86(instance_type: str) -> str:
    if is_arm(instance_type):
        raise ValueError("it has ARM processors and the images are built for x86: choose another type")
    return instance_type


def _sequence_length(tokens: int) -> int:
    if tokens != 0 and not 8 <= tokens <= 512:
        raise ValueError("must be 0, which chooses it from the data, or 8 to 512 tokens")
    return tokens


InstanceType = Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$"), AfterValidator(_x86)]
Flag = Literal["True", "False"]
Share = Annotated[float, Field(gt=0.0, lt=1.0)]
# The retention periods CloudWatch Logs accepts, in days.
RetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2557, 3653]


class SettingsError(ValueError):
    """A settings file cannot be used; the message names the file, the key and what to do."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Processing(_Section):
    """Machines of the Validate, Prepare, Baselines and Evaluate jobs."""

    instance_type: InstanceType
    instance_count: int = Field(ge=1, le=20)
    volume_gb: int = Field(ge=10, le=1024)
    max_runtime_minutes: int = Field(ge=5, le=24 * 60)


class Training(_Section):
    """Machines of the Train job. The image holds CUDA builds; it runs on CPU types too, only slower."""

    instance_type: InstanceType
    instance_count: int = Field(ge=1, le=20)
    volume_gb: int = Field(ge=10, le=1024)
    max_runtime_minutes: int = Field(ge=5, le=5 * 24 * 60)
    input_mode: Literal["File", "FastFile"]


class Features(_Section):
    """Defaults of the feature parameters."""

    max_seq_length: Annotated[int, AfterValidator(_sequence_length)]
    truncation: Literal["Head", "HeadTail"]
    train_split: Share
    validation_split: Share
    test_split: Share
    split_protocol: Literal["Hash", "Course"]
    # Job roles may write and read below keys that begin with `features` only.
    offline_prefix: str = Field(pattern=r"^features([A-Za-z0-9/_-]*[A-Za-z0-9])?$")

    @model_validator(mode="after")
    def _splits_add_to_one(self) -> Self:
        total = self.train_split + self.validation_split + self.test_split
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"train_split + validation_split + test_split must be 1, not {total:g}")
        return self


class Hyperparameters(_Section):
    """Defaults of the fine-tuning parameters."""

    epochs: int = Field(ge=1, le=100)
    learning_rate: float = Field(gt=0.0, le=0.1)
    train_batch_size: int = Field(ge=1, le=4096)
    train_steps_per_epoch: int = Field(ge=0)
    validation_batch_size: int = Field(ge=1, le=4096)
    validation_steps_per_epoch: int = Field(ge=0)
    freeze_bert_layer: Flag
    run_validation: Flag
    balance_dataset: Flag
    imbalance: Literal["None", "ClassWeights", "LogitAdjustment", "FocalLoss", "Resample"]
    focal_gamma: float = Field(ge=0.0, le=10.0)
    logit_adjustment_tau: float = Field(ge=0.0, le=3.0)
    tune_thresholds: Flag
    overfit_check: Flag
    seed: int = Field(ge=0, le=2**31 - 1)


class Gate(_Section):
    """What a model must reach before it is registered, and how it enters the registry."""

    min_accuracy: float = Field(ge=0.0, le=1.0)
    approval_status: Literal["PendingManualApproval", "Approved", "Rejected"]


class Serving(_Section):
    """Machines of the endpoint."""

    instance_type: InstanceType
    instance_count: int = Field(ge=1, le=100)


class Operations(_Section):
    """Retention and notification."""

    removal: Literal["destroy", "retain"]
    log_retention_days: RetentionDays
    access_log_days: int = Field(ge=1, le=3650)
    noncurrent_version_days: int = Field(ge=1, le=3650)
    alarm_email: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


class Settings(_Section):
    """Everything that an environment may set."""

    environment: EnvironmentName
    account: str | None = Field(default=None, pattern=r"^\d{12}$")
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    contract: str = Field(pattern=r"\.toml$")
    cache_days: int = Field(ge=1, le=365)
    processing: Processing
    training: Training
    features: Features
    hyperparameters: Hyperparameters
    gate: Gate
    serving: Serving
    operations: Operations
    tags: dict[str, str]

    @property
    def contract_path(self) -> Path:
        """Absolute path of the data contract."""
        return ROOT / self.contract


def load_settings(environment: str, *, directory: Path = ROOT / "config") -> Settings:
    """Read the settings of one environment.

    Raises
    ------
    SettingsError
        When the environment is unknown, the file is missing or no TOML, a key is unknown or missing,
        a value has the wrong type or is out of range, or the contract file does not exist.
    """
    if environment not in get_args(EnvironmentName):
        known = ", ".join(get_args(EnvironmentName))
        raise SettingsError(f"environment {environment!r} is unknown: choose one of {known}")
    path = directory / f"{environment}.toml"
    try:
        settings = Settings.model_validate(_read(path))
    except ValidationError as error:
        raise SettingsError(_explain(path, error)) from error
    if settings.environment != environment:
        raise SettingsError(f"{path}: environment: must be {environment!r}, not {settings.environment!r}")
    if not settings.contract_path.is_file():
        raise SettingsError(f"{path}: contract: there is no file {settings.contract_path}")
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: the settings file is missing: write it, dev.toml is a model") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error


def _explain(path: Path, error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"]) or "(file)"
        message = "unknown key" if problem["type"] == "extra_forbidden" else problem["msg"]
        value = problem["input"]
        found = "" if isinstance(value, dict) else f" (found {value!r})"
        lines.append(f"{path}: {key}: {message}{found}")
    return "\n".join(lines)
