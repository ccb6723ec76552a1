"""The course's material: its reviews, its tokenizer, and the rows that the labs' jobs left behind."""

import csv
import gzip
import io
import json
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from pipeline_code.reviews import store
from pipeline_code.reviews.contract import Contract, read_contract
from pipeline_code.reviews.encoder import load_tokenizer
from pipeline_code.reviews.features import Featurizer
from pipeline_code.reviews.sources import Fault, Row, read_source
from pipeline_code.reviews.tokenization import TokenizersBackend
from pipeline_code.reviews.truncation import HEAD, truncation_for
from pipeline_code.reviews.validation import Judge, Review

ROOT = Path(__file__).resolve().parents[2]
SHARED_DATA = Path(os.environ.get("BERTLINE_SHARED_DATA", ROOT.parent / "shared" / "data"))
CONTRACT = Path(__file__).with_name("womens-clothing.toml")
REVIEWS = SHARED_DATA / "womens" / "womens_clothing_reviews.csv.gz"
TOKENIZER = SHARED_DATA / "roberta_tokenizer"
GOLDEN = SHARED_DATA / "lab_splits"

LENGTH = 128
PAD = 1
POSITIONS = 514
LABELS = {"negative": 2051, "neutral": 2464, "positive": 15147}

Json = dict[str, Any]


def missing() -> str | None:
    """Why the suite cannot run here, or None."""
    absent = [path for path in (REVIEWS, TOKENIZER / "vocab.json", GOLDEN) if not path.exists()]
    return f"no course data: {absent[0]} (BERTLINE_SHARED_DATA names another folder)" if absent else None


def write_reviews(directory: Path) -> Path:
    """The CSV under `directory`; its first column, the row number, gets the name that the file left out."""
    text = gzip.decompress(REVIEWS.read_bytes()).decode()
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "womens_clothing_reviews.csv"
    path.write_text("row" + text, newline="")
    return path


def write_encoder(directory: Path) -> Path:
    """RoBERTa's tokenizer in an encoder folder; of the weights, which no test here reads, only the file."""
    tokenizer = Tokenizer(
        models.BPE.from_file(str(TOKENIZER / "vocab.json"), str(TOKENIZER / "merges.txt"), unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(directory / "tokenizer.json"))
    (directory / "config.json").write_text(
        json.dumps({"max_position_embeddings": POSITIONS, "pad_token_id": PAD})
    )
    (directory / "model.safetensors").touch()
    return directory


@cache
def contract() -> Contract:
    """Our contract for the course's reviews."""
    return read_contract(CONTRACT)


def judged(directory: Path) -> Iterator[Review | Fault]:
    """Every row of the CSV below `directory`, judged by the contract."""
    rules = contract()
    judge = Judge(rules)
    for source in rules.sources:
        for row in read_source(source, rules, directory):
            yield judge.check(row, source) if isinstance(row, Row) else row


def accepted(directory: Path) -> list[Review]:
    """The reviews that satisfy the contract, in the order of the file."""
    return [item for item in judged(directory) if isinstance(item, Review)]


def features(rows: Iterable[Json], encoder: Path, length: int = LENGTH) -> list[Json]:
    """Our features of rows that have a `review_body`, cut at the head to `length` tokens."""
    tokenizer = load_tokenizer(encoder)
    featurizer = Featurizer(TokenizersBackend(tokenizer), truncation_for(tokenizer, HEAD, length))
    empty = dict.fromkeys(store.SCHEMA.names)
    reviews = [empty | {name: row[name] for name in row if name in empty} for row in rows]
    made, _ = featurizer.features(pa.RecordBatch.from_pylist(reviews, schema=store.SCHEMA))
    found: list[Json] = made.to_pylist()
    return found


def padded(row: Json) -> list[int]:
    """Ids of a row, padded to the labs' 128."""
    ids: list[int] = row["input_ids"]
    return ids + [PAD] * (LENGTH - len(ids))


@cache
def golden_rows() -> tuple[Json, ...]:
    """The rows of the labs' own test and validation files, `input_ids` as lists."""
    found: list[Json] = []
    for path in sorted(GOLDEN.glob("*.tsv.gz")):
        content = io.StringIO(gzip.decompress(path.read_bytes()).decode(), newline="")
        for row in csv.DictReader(content, delimiter="\t"):
            found.append(row | {"file": path.name, "input_ids": json.loads(row["input_ids"])})
    return tuple(found)


def as_in_the_lab(text: str) -> str:
    """A text as the course's copy of the file has it: commas and line ends became spaces."""
    return text.translate(str.maketrans(",\r\n", "   "))
