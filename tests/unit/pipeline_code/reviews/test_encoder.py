from pathlib import Path

import pytest

from pipeline_code.reviews.encoder import (
    EncoderError,
    check_encoder,
    check_length,
    encoder_fingerprint,
    load_tokenizer,
    tokenizer_fingerprint,
)
from tests.unit.pipeline_code.workspace import Workspace


def test_padding_and_truncation_of_the_file_are_off(prepared: Workspace) -> None:
    tokenizer = load_tokenizer(prepared.encoder)
    assert len(tokenizer.encode("good").ids) == 3
    assert len(tokenizer.encode("good " * 100).ids) == 102


def test_the_fingerprint_ignores_padding_but_not_the_vocabulary(prepared: Workspace) -> None:
    tokenizer = load_tokenizer(prepared.encoder)
    before = tokenizer_fingerprint(tokenizer)
    tokenizer.enable_padding(length=9)
    assert tokenizer_fingerprint(tokenizer) == before
    tokenizer.add_tokens(["newword"])
    assert tokenizer_fingerprint(tokenizer) != before


def test_the_encoder_fingerprint_covers_the_weights(copy: Workspace) -> None:
    before = encoder_fingerprint(copy.encoder)
    weights = copy.encoder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert encoder_fingerprint(copy.encoder) != before


def test_missing_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EncoderError, match=r"lacks model\.safetensors, tokenizer\.json"):
        check_encoder(tmp_path)


@pytest.mark.parametrize("length", [7, 65])
def test_a_length_without_positions_is_refused(prepared: Workspace, length: int) -> None:
    with pytest.raises(EncoderError, match=f"between 8 and the encoder's 64 positions, got {length}"):
        check_length(prepared.encoder, length)
