"""Defects of the labs' features: their way fails the property, ours holds it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from infra.data.features import EVENT_TIME, FEATURES
from pipeline_code.reviews.encoder import load_tokenizer
from pipeline_code.reviews.lengths import LengthTally
from pipeline_code.reviews.training.data import PaddingCollator
from pipeline_code.reviews.validation import Review
from tests.parity import course, lab
from tests.parity.course import LENGTH, PAD

VOCABULARY = 50_265


@pytest.fixture(scope="module")
def model() -> BertModel:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=LENGTH,
        initializer_range=0.3,
        pad_token_id=PAD,
    )
    return BertModel(config).eval()


@torch.no_grad()
def pooled(model: BertModel, batch: dict[str, torch.Tensor]) -> np.ndarray[Any, Any]:
    inputs = {name: value for name, value in batch.items() if name != "labels"}
    pooled: np.ndarray[Any, Any] = model(**inputs).pooler_output[0].numpy()
    return pooled


def test_padding_does_not_change_what_a_model_sees(model: BertModel, encoder: Path) -> None:
    """The labs keep no mask, so their model reads the padding; an unpadded review is the truth."""
    short, long = course.features(
        [{"review_body": "this product is great!"}, {"review_body": "love it " * 40}], encoder
    )
    alone = pooled(model, {"input_ids": torch.tensor([short["input_ids"]])})
    theirs = pooled(model, {"input_ids": torch.tensor([lab.featurize(short["input_ids"])["input_ids"]])})
    batch = PaddingCollator(PAD)([row | {"label": 2} for row in (short, long)])
    assert batch["input_ids"].shape[1] > len(short["input_ids"])
    assert not np.allclose(theirs, alone, atol=1e-3)
    assert np.allclose(pooled(model, batch), alone, atol=1e-5)


def test_no_padding_is_stored(reviews: list[Review], encoder: Path) -> None:
    some = [asdict(review) for review in reviews[:500]]
    for row in course.features(some, encoder):
        theirs = lab.featurize(row["input_ids"])
        assert "attention_mask" not in theirs
        assert len(theirs["input_ids"]) == LENGTH
        assert PAD not in row["input_ids"]
        assert row["attention_mask"] == [1] * row["length"] == [1] * len(row["input_ids"])


@pytest.fixture(scope="module")
def texts(raw_rows: list[dict[str, str]]) -> list[str]:
    """All texts of the file, with the line ends that a reader of text files gives."""
    return [row["Review Text"].replace("\r\n", "\n") for row in raw_rows if row["Review Text"]]


@pytest.fixture(scope="module")
def lengths(texts: list[str], encoder: Path) -> LengthTally:
    tally = LengthTally()
    tally.add(texts, load_tokenizer(encoder))
    return tally


def test_words_do_not_tell_what_is_truncated(texts: list[str], lengths: LengthTally) -> None:
    """The longest review has 115 words, from which the labs conclude that 128 tokens hold them all."""
    assert lab.longest_in_words(texts) == 115
    assert lengths.texts == 22_641
    assert round(lengths.truncated_share(LENGTH) * lengths.texts) == 664
    assert round(100 * lengths.truncated_share(LENGTH), 1) == 2.9


def test_the_length_comes_from_the_tokens(lengths: LengthTally) -> None:
    chosen = lengths.choose(course.POSITIONS)
    assert LENGTH < chosen <= 144
    assert lengths.truncated_share(chosen) <= 0.005


def test_the_event_time_is_the_reviews_own(reviews: list[Review], monkeypatch: pytest.MonkeyPatch) -> None:
    """A time of the job's clock says nothing about a review, and makes every run's records differ."""
    review = asdict(reviews[0])

    class Later(lab.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return super().now(tz).replace(year=2100)

    first = lab.stored(review)
    monkeypatch.setattr(lab, "datetime", Later)
    assert lab.stored(review)["date"] != first["date"]
    constant = course.contract().event_time.constant
    assert constant is not None
    assert review["event_time"] == constant.timestamp()


def test_stored_numbers_are_numbers() -> None:
    """With every feature a String, a later event at ten o'clock sorts before one at nine."""
    theirs = [lab.stored({"label_id": value, "length": value})["length"] for value in (9, 10)]
    assert max(theirs) == "9"
    assert FEATURES[EVENT_TIME] == "Fractional"
    assert {FEATURES[name] for name in ("label_id", "length")} == {"Integral"}
