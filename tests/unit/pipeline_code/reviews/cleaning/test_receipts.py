import numpy as np

from pipeline_code.reviews.cleaning.receipts import Receipt, Rule, receipts_of
from pipeline_code.reviews.contract import Cleaning


def test_every_rule_of_the_contract_has_a_receipt() -> None:
    receipts = receipts_of(Cleaning(near_duplicates="link"))
    assert receipts[Rule.NEAR_DUPLICATES].action == "link"
    assert set(receipts) == set(Rule)
    assert all(
        receipt.report() == {"action": receipt.action, "rows": 0, "samples": []}
        for receipt in receipts.values()
    )


def test_all_rows_are_counted_and_three_are_shown_short() -> None:
    receipt = Receipt("count")
    for number in range(5):
        receipt.count("a.csv", number, f"r{number}", "x" * (155 + number * 5))
    report = receipt.report()
    assert report["rows"] == 5
    assert [sample["row"] for sample in report["samples"]] == [0, 1, 2]
    assert [len(sample["text"]) for sample in report["samples"]] == [155, 160, 160]
    assert report["samples"][2]["text"].endswith("...")


def test_the_samples_of_rows_found_in_any_order_are_the_first_ones() -> None:
    receipt = Receipt("count")
    for rows in ([90, 40, 70, 60], [], [50, 10]):
        receipt.count_rows(np.array(rows, np.uint32))
    assert receipt.rows == 6
    assert receipt.sampled_rows == [10, 40, 50]
