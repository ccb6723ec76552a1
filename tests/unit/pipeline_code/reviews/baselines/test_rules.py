from pipeline_code.reviews.baselines import vader
from pipeline_code.reviews.contract import LabelClass

CLASSES = [LabelClass(id=place, name=f"c{place}", label=label) for place, label in enumerate((1, 0, -1))]


def test_vader_answers_with_the_contracts_class_ids() -> None:
    texts = ["I love it, great sound!", "It has two cables.", "Terrible, it broke."]
    predicted, facts = vader(texts, CLASSES)
    assert predicted.tolist() == [0, 1, 2]
    assert facts == {"rules": "VADER", "version": "3.3.2", "cut": 0.05}


def test_without_a_neutral_class_the_sign_decides() -> None:
    predicted, facts = vader(["I love it", "I hate it"], [CLASSES[0], LabelClass(id=1, name="bad", label=-1)])
    assert predicted.tolist() == [0, 1]
    assert facts["cut"] == 0.0
