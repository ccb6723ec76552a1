"""The pre-trained encoder's directory: its tokenizer without baked-in padding, its fingerprints."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from pipeline_code.reviews.errors import BertlineError
from pipeline_code.reviews.files import read_json, require_directory, sha256_files

_FILES = ("config.json", "model.safetensors", "tokenizer.json")
SHORTEST = 8


class EncoderError(BertlineError):
    """The encoder directory is incomplete, or does not fit the job's parameters."""


def check_encoder(directory: Path) -> Path:
    """Return the directory if it holds a Hugging Face encoder with a fast tokenizer.

    Raises
    ------
    EncoderError
        One of config.json, model.safetensors and tokenizer.json is missing.
    """
    require_directory(directory, "encoder")
    missing = [name for name in _FILES if not (directory / name).is_file()]
    if missing:
        raise EncoderError(f"{directory} lacks {', '.join(missing)}: upload a Hugging Face encoder with them")
    return directory


def encoder_config(directory: Path) -> dict[str, Any]:
    """The encoder's config.json."""
    config: dict[str, Any] = read_json(directory / "config.json")
    return config


def check_length(directory: Path, max_seq_length: int) -> int:
    """Return `max_seq_length` if the encoder has positions for it."""
    positions = int(encoder_config(directory).get("max_position_embeddings", 512))
    if not SHORTEST <= max_seq_length <= positions:
        raise EncoderError(
            f"max-seq-length must lie between {SHORTEST} and the encoder's {positions} positions, "
            f"got {max_seq_length}"
        )
    return max_seq_length


def load_tokenizer(directory: Path) -> Tokenizer:
    """The fast tokenizer with padding and truncation off, whatever its file has baked in."""
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def tokenizer_fingerprint(tokenizer: Tokenizer) -> str:
    """Hex SHA-256 of what the tokenizer does, padding and truncation aside."""
    plain = Tokenizer.from_str(tokenizer.to_str())
    plain.no_padding()
    plain.no_truncation()
    return hashlib.sha256(plain.to_str().encode()).hexdigest()


def encoder_fingerprint(directory: Path) -> str:
    """Hex SHA-256 over weights, configuration and tokenizer."""
    return sha256_files([directory / name for name in _FILES])
