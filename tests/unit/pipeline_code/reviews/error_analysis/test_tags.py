import numpy as np
import pytest

from pipeline_code.reviews.error_analysis import automatic_tags


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("It isn't what I wanted at all, sadly.", {"negation"}),
        ("a notable knot in the northern notebook", set()),
        ("It works, but the cable of the other one lasts.", {"contrast"}),
        ("I would take it again in any other colour", {"conditional"}),
        ("Why is it so loud at night then?", {"question"}),
        ("It is smaller than the other player was", {"comparison"}),
        ("The 2 cables of mine are both of them blue", {"numbers"}),
        ("THIS IS what came in the large blue box", {"shouting"}),
        ("The sound is great and the screen is awful.", {"mixed"}),
        ("Came today in a box", {"short"}),
        (" ".join(["word"] * 31), {"long"}),
    ],
)
def test_a_text_gets_the_tags_it_deserves(text: str, tags: set[str]) -> None:
    (found,) = automatic_tags([text], np.array([False]), [])
    assert set(found) == tags


def test_truncated_texts_and_the_contracts_patterns_are_tagged() -> None:
    texts = ["it runs small for a medium size, i think", "it fits me well and it is the colour i want"]
    found = automatic_tags(texts, np.array([False, True]), [("sizing", "runs (small|large)")])
    assert found == [["sizing"], ["truncated"]]


def test_a_pattern_of_the_contract_takes_the_place_of_the_automatic_tag_of_its_name() -> None:
    texts = ["nicht gut, aber auch nicht so schlecht", "not good and cut in the middle of ..."]
    patterns = [("negation", "nicht"), ("truncated", r"\.\.\.$")]
    assert automatic_tags(texts, np.array([True, True]), patterns) == [["negation"], ["truncated"]]
