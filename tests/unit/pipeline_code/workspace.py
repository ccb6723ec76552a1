"""A tiny world for the jobs: raw files, a contract, an encoder with random weights, and the chain of jobs."""

import json
import random
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from pipeline_code.jobs import baselines, evaluate, prepare, train, validate

CONTRACT = Path(__file__).resolve().parents[3] / "config" / "contracts" / "amazon-snippets.toml"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SAYS = {
    "positive": ["great", "good", "love", "excellent"],
    "negative": ["bad", "awful", "hate", "broken"],
    "neutral": ["box", "came", "today", "blue"],
}
FILLER = ["the", "phone", "sound", "it", "is", "was", "and", "very", "screen", "cable"]
SHARES = {"train": ".6", "validation": ".2", "test": ".2"}
RATINGS = {"positive": [3, 2, 3, 2], "negative": [-3, -2, -3, -2], "neutral": [0, 1, -1, 0]}


def write_raw(directory: Path, groups: int = 40, sentences: int = 5, seed: int = 1) -> None:
    """Texts and ratings in the layout of the default source, BOM and CRLF included."""
    generator = random.Random(seed)  # noqa: S311 - test data
    texts, ratings = [], []
    for group in range(1, groups + 1):
        for number in range(1, sentences + 1):
            label = generator.choice(list(SAYS))
            words = generator.choices(FILLER, k=generator.randint(1, 12)) + generator.choices(
                SAYS[label], k=3
            )
            generator.shuffle(words)
            texts.append(f"{group}_{number}\t0\t{' '.join(words)}.\r\n")
            ratings.append(f"{group}_{number}\t0\t0.5\t{RATINGS[label]}\r\n")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "amazonReviewSnippets_GroundTruth.txt").write_bytes("".join(texts).encode())
    (directory / "amazonReviewSnippets_anonDataRatings.txt").write_bytes(
        ("\ufeff" + "".join(ratings)).encode()
    )


def write_encoder(directory: Path) -> Path:
    """A two-layer BERT with random weights; its tokenizer file has padding and truncation baked in."""
    words = [*SPECIAL, ".", *FILLER, *(word for group in SAYS.values() for word in group)]
    tokenizer = Tokenizer(models.WordPiece({word: at for at, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(directory)
    tokenizer.enable_padding(length=64, pad_token="[PAD]")
    tokenizer.enable_truncation(64)
    tokenizer.save(str(directory / "tokenizer.json"))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(directory)
    return directory


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Environment variables for the time of a job."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield


def _shaping(changes: dict[str, str]) -> list[str]:
    """What Validate and Prepare are both told about lengths and splits."""
    values = {"max_seq_length": "12", "truncation": "Head", "split_protocol": "Hash", "seed": "1"}
    values |= {f"{split}_split_percentage": share for split, share in SHARES.items()}
    return [
        item
        for name, value in (values | changes).items()
        for item in (f"--{name.replace('_', '-')}", str(value))
    ]


@dataclass
class Workspace:
    """Directories of one run of the jobs."""

    root: Path

    def __getattr__(self, name: str) -> Path:
        return self.root / name

    def fill(self) -> "Workspace":
        """Write what the jobs start from."""
        write_raw(self.raw)
        write_encoder(self.encoder)
        self.contract.mkdir()
        (self.contract / "contract.toml").write_text(CONTRACT.read_text())
        self.prices.mkdir()
        (self.prices / "prices.toml").write_text('[instance_hour]\n"ml.m5.large" = 0.115\n')
        (self.root / "resourceconfig.json").write_text('{"current_host": "algo-1", "hosts": ["algo-1"]}')
        return self

    def validate(self, **changes: str) -> None:
        """Run Validate; `changes` are arguments with underscores for hyphens."""
        folders = {"input": "raw", "reviews": "reviews", "quarantine": "quarantine"}
        folders |= {"report": "validation", "encoder": "encoder", "dataset": "datasets"}
        validate.main([*self._directories(**folders), *_shaping(changes)])

    def prepare_arguments(
        self, *, host: str = "algo-1", hosts: tuple[str, ...] = ("algo-1",), **changes: str
    ) -> list[str]:
        """Arguments of Prepare on one host; `changes` as for `validate`."""
        config = self.root / "resourceconfig.json"
        config.write_text(json.dumps({"current_host": host, "hosts": hosts}))
        folders = {"reviews": "reviews", "validation-report": "validation", "encoder": "encoder"}
        folders |= {"train": "train", "validation": "checked", "test": "test"}
        folders |= {"report": "prepared", "dataset": "stored-datasets"}
        return [*self._directories(**folders), *_shaping(changes), "--resource-config", str(config)]

    def prepare(self, **changes: Any) -> None:
        """Run Prepare on one host."""
        prepare.main(self.prepare_arguments(**changes))

    def prepare_on(self, count: int, **changes: str) -> None:
        """Run Prepare on several hosts, each with its share of Validate's files, as SageMaker shards them."""
        hosts = tuple(f"algo-{number}" for number in range(1, count + 1))
        shards = sorted((self.root / "reviews").iterdir())
        for number, host in enumerate(hosts):
            share = self.root / f"reviews-{host}"
            share.mkdir()
            for path in shards[number::count]:
                shutil.copyfile(path, share / path.name)
            arguments = self.prepare_arguments(host=host, hosts=hosts, **changes)
            arguments[arguments.index("--reviews-dir") + 1] = str(share)
            prepare.main(arguments)

    def baselines(self, live: str = "contract", package: str = "none") -> None:
        """Run Baselines; `live` is the folder of the live model's archive."""
        folders = {"train": "train", "validation": "checked", "test": "test", "live": live}
        arguments = [*self._directories(**folders, output="baseline"), "--live-package", package]
        baselines.main([*arguments, "--seed", "1"])

    def train(self, *extra: str, into: str = "trained") -> Path:
        """Train and return the model directory."""
        values = {
            "SM_CHANNEL_TRAIN": "train",
            "SM_CHANNEL_VALIDATION": "checked",
            "SM_CHANNEL_ENCODER": "encoder",
            "SM_CHANNEL_CONTRACT": "contract",
            "SM_MODEL_DIR": into,
        }
        # Random weights need hundreds of steps to learn by heart what a pre-trained encoder learns in ten.
        arguments = {"epochs": "2", "learning_rate": "0.003", "train_batch_size": "16"}
        arguments["overfit_check"] = "False"
        arguments |= dict(zip(extra[::2], extra[1::2], strict=True))
        with environment({name: str(self.root / folder) for name, folder in values.items()}):
            train.main([item for name, value in arguments.items() for item in (f"--{name}", value)])
        return self.root / into

    def pack(self, model: Path) -> None:
        """Make model.tar.gz as SageMaker does."""
        self.packed.mkdir(exist_ok=True)
        with tarfile.open(self.packed / "model.tar.gz", "w:gz") as tar:
            for path in sorted(model.iterdir()):
                tar.add(path, path.name)

    def evaluate(
        self, output: str = "evaluation", min_accuracy: str = "0.5", contract: str = "contract"
    ) -> Path:
        folders = {"baselines": "baseline", "validation": "validation", "prepare": "prepared"}
        folders |= {"prices": "prices"}
        evaluate.main(
            [
                *self._directories(model="packed", test="test", contract=contract, output=output, **folders),
                *("--min-accuracy", min_accuracy, "--seed", "1", "--deploy-instance-type", "ml.m5.large"),
            ]
        )
        return self.root / output

    def _directories(self, **folders: str) -> list[str]:
        pairs = {"contract": "contract"} | folders
        return [item for name, folder in pairs.items() for item in (f"--{name}-dir", str(self.root / folder))]
