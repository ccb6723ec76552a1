import random
import sys

import pytest
from tokenizers import Tokenizer, models

from pipeline_code.reviews.encoder import load_tokenizer
from pipeline_code.reviews.tokenization import NANOTOKEN, BackendError, Ragged, backend_for
from tests.unit.pipeline_code.workspace import FILLER, Workspace

RANGES = ((32, 126), (160, 0x2FFF), (0x4E00, 0x4EFF), (0x1F300, 0x1F6FF))


def texts() -> list[str]:
    """Words, the corners of Unicode, and 2,000 texts of random characters."""
    generator = random.Random(0)  # noqa: S311 - test data
    corners = [
        "",
        " ",
        "\u00e9l\u00e8ve",
        "a\u200bb\u00a0c",
        "\u4f60\u597d",
        "x" * 300,
        "\u202eRTL",
        "\x00",
        "[CLS] hi",
    ]
    words = [" ".join(generator.choices(FILLER, k=count)) for count in range(60)]
    strange = [
        "".join(chr(generator.randint(*generator.choice(RANGES))) for _ in range(generator.randint(1, 60)))
        for _ in range(2000)
    ]
    return [*corners, *words, *strange]


def test_ids_are_those_of_the_tokenizer_one_by_one(prepared: Workspace) -> None:
    tokenizer = load_tokenizer(prepared.encoder)
    found = backend_for(tokenizer).encode(texts())
    assert found.lists() == [tokenizer.encode(text).ids for text in texts()]
    assert found.lengths.tolist() == [len(ids) for ids in found.lists()]


def test_no_texts_are_no_ids(prepared: Workspace) -> None:
    found = backend_for(load_tokenizer(prepared.encoder)).encode([])
    assert found.lists() == []
    assert len(found.lengths) == 0


def test_ragged_lists_come_back() -> None:
    lists = [[1, 2], [], [3]]
    assert Ragged.of_lists(lists).lists() == lists


def test_nanotoken_gives_the_same_ids(prepared: Workspace) -> None:
    pytest.importorskip("nanotoken", reason="nanotoken is optional and not installed")
    tokenizer = load_tokenizer(prepared.encoder)
    expected, found = (backend_for(tokenizer, *name).encode(texts()) for name in ((), (NANOTOKEN,)))
    assert found.lists() == expected.lists()
    assert found.ids.dtype == expected.ids.dtype
    assert backend_for(tokenizer, NANOTOKEN).encode([]).lists() == []


def test_nanotoken_that_is_not_installed_is_named(
    prepared: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nanotoken", None)
    with pytest.raises(BackendError, match="nanotoken is not installed: install nanotoken"):
        backend_for(load_tokenizer(prepared.encoder), NANOTOKEN)


def test_a_tokenizer_that_nanotoken_does_not_know_is_refused() -> None:
    pytest.importorskip("nanotoken", reason="nanotoken is optional and not installed")
    with pytest.raises(BackendError, match="nanotoken does not know this tokenizer"):
        backend_for(Tokenizer(models.BPE()), NANOTOKEN)
