import pytest

from pipeline_code.reviews.cleaning.text import fewer_words, normalised, text_key, words


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Good  phone", "good phone"),
        (" good\tphone\n", "GOOD PHONE"),
        ("STRASSE", "straße"),
        ("ﬁne", "fine"),
        ("cafe\u0301", "café"),
    ],
)
def test_form_is_no_difference(first: str, second: str) -> None:
    assert normalised(first) == normalised(second)
    assert text_key(first) == text_key(second)


def test_words_and_punctuation_are_a_difference() -> None:
    keys = {text_key(text) for text in ("good phone", "good phone!", "good phones", "goodphone")}
    assert len(keys) == 4


def test_words_are_runs_of_letters_and_digits() -> None:
    assert words("I don't like it; 4-star (No!) naïve_x") == [
        *("i", "dont", "like", "it", "4", "star", "no", "naïve", "x")
    ]
    assert words("!!! ... 😀") == []


@pytest.mark.parametrize(
    ("text", "least", "found"), [("!!!", 1, 0), ("a", 1, None), ("a b", 3, 2), ("a b c", 3, None)]
)
def test_too_few_words_are_counted(text: str, least: int, found: int | None) -> None:
    assert fewer_words(text, least) == found
