"""Conditions that slices are made of, and their descriptions."""

import tracemalloc

from pipeline_code.reviews.discovery.parts import Part, describe, parts_of

TEXTS = ["Don\u2019t buy", "It is not good, but cheap", "Would it last 3 days?", "fine", "Good"] * 4


def met(fewest: int = 1, most: int = 20) -> dict[str, list[int]]:
    attributes = ['{"product": "tv", "ratings": "[1]", "raters": "[\\"a\\"]"}'] * 10 + ["{}"] * 10
    found = parts_of(TEXTS, attributes, ["shop"] * 5 + ["mail"] * 15, fewest, most)
    return {describe([part]): rows.nonzero()[0].tolist() for part, rows in found}


def every(*positions: int) -> list[int]:
    return [row for row in range(20) if row % 5 in positions]


def test_words_are_found_whatever_their_case_and_apostrophe() -> None:
    assert met()["texts with 'good'"] == every(1, 4)
    assert met()["texts with 'don't'"] == every(0)


def test_classes_of_words() -> None:
    found = met()
    assert found["texts with a negation"] == every(0, 1)
    assert found["texts with a contrast (but, however ...)"] == every(1)
    assert found["texts with a condition (if, would ...)"] == every(2)
    assert found["texts with a question mark"] == every(2)
    assert found["texts with a number"] == every(2)


def test_lengths_count_words() -> None:
    assert met()["texts of at most 1 word"] == every(3, 4)
    assert met()["texts of more than 2 words"] == every(1, 2)


def test_attributes_and_sources_but_no_lists_of_ratings() -> None:
    found = met()
    assert found["texts whose product is 'tv'"] == list(range(10))
    assert found["texts from source 'shop'"] == list(range(5))
    assert not [name for name in found if "ratings" in name or "raters" in name]


def test_an_attribute_with_a_value_of_its_own_in_each_row_takes_no_memory_of_rows_times_rows() -> None:
    rows = 6000
    attributes = [f'{{"asin": "{row}"}}' for row in range(rows)]
    tracemalloc.start()
    try:
        found = parts_of(["fine"] * rows, attributes, ["shop"] * rows, 60, 3000)
        assert tracemalloc.get_traced_memory()[1] < rows * rows / 2
    finally:
        tracemalloc.stop()
    assert found == []


def test_only_what_neither_too_few_nor_too_many_rows_meet() -> None:
    sizes = [len(rows) for rows in met(fewest=5, most=8).values()]
    assert sizes and min(sizes) >= 5 and max(sizes) <= 8


def test_two_conditions_make_one_sentence() -> None:
    word, negation = Part("word", "a", "'a'"), Part("class", "n", "a negation")
    length = Part("length", "length", "at most 5 words")
    product, source = Part("attribute", "=p", "product is 'tv'"), Part("source", "source", "'shop'")
    assert describe([word, negation]) == "texts with 'a' and a negation"
    assert describe([word, length]) == "texts of at most 5 words with 'a'"
    assert describe([product, word]) == "texts with 'a' whose product is 'tv'"
    assert describe([source, product]) == "texts from source 'shop' whose product is 'tv'"
