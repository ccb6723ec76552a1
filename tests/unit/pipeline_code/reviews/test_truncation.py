import random

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from pipeline_code.reviews.encoder import EncoderError, load_tokenizer
from pipeline_code.reviews.tokenization import Ragged, backend_for
from pipeline_code.reviews.truncation import HEAD, HEAD_TAIL, Truncation, truncation_for
from tests.unit.pipeline_code.workspace import FILLER, Workspace


def texts(longest: int) -> list[str]:
    generator = random.Random(0)  # noqa: S311 - test data
    return [" ".join(generator.choices(FILLER, k=words)) for words in range(longest)]


@pytest.mark.parametrize("length", [8, 12, 31])
def test_head_cuts_as_the_tokenizer_itself_does(prepared: Workspace, length: int) -> None:
    tokenizer = load_tokenizer(prepared.encoder)
    whole = backend_for(tokenizer).encode(texts(40))
    found = truncation_for(tokenizer, HEAD, length).cut(whole).lists()
    tokenizer.enable_truncation(length)
    assert found == [encoding.ids for encoding in tokenizer.encode_batch(texts(40))]


def test_head_and_tail_keep_a_quarter_and_the_rest_between_the_special_tokens(prepared: Workspace) -> None:
    tokenizer = load_tokenizer(prepared.encoder)
    whole = backend_for(tokenizer).encode(texts(40))
    cut = truncation_for(tokenizer, HEAD_TAIL, 12).cut(whole).lists()
    for before, after in zip(whole.lists(), cut, strict=True):
        if len(before) <= 12:
            assert after == before
        else:
            words = before[1:-1]
            assert after == [before[0], *words[:3], *words[-7:], before[-1]]


def test_of_510_places_128_are_the_head_as_in_the_paper() -> None:
    assert Truncation(HEAD_TAIL, 512, before=1, after=1).kept == (1 + 128, 382 + 1)


def test_several_special_tokens_stay_where_they_are() -> None:
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "b": 1, "<s>": 2, "<x>": 3, "</s>": 4}, unk_token="a"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = [("<s>", 2), ("<x>", 3), ("</s>", 4)]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> <x> $A </s>", special_tokens=special)
    truncation = truncation_for(tokenizer, HEAD_TAIL, 7)
    ids = tokenizer.encode("b a a a a b b b").ids
    assert truncation.cut(Ragged.of_lists([ids])).lists() == [[2, 3, 1, 1, 1, 1, 4]]


def test_a_tokenizer_without_letters_is_refused() -> None:
    with pytest.raises(EncoderError, match="no token for the letter a"):
        truncation_for(Tokenizer(models.BPE()), HEAD, 8)
