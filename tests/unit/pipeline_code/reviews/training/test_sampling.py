from collections import Counter

import numpy as np

from pipeline_code.reviews.training.sampling import BalancedSampler

GENERATOR = np.random.default_rng(3)
LABELS = GENERATOR.permutation(np.repeat([0, 1, 2], [14, 100, 486]))
LENGTHS = GENERATOR.integers(3, 90, size=600)


def sampler(seed: int = 1, batch_size: int = 8) -> BalancedSampler:
    return BalancedSampler(LABELS, LENGTHS, batch_size=batch_size, seed=seed)


def test_an_epoch_has_as_many_rows_as_the_data_and_the_classes_evenly() -> None:
    drawn = list(sampler())
    assert len(drawn) == len(sampler()) == 600
    assert np.bincount(LABELS[drawn]).tolist() == [200, 200, 200]


def test_no_row_comes_again_before_all_of_its_class_have_come() -> None:
    times = Counter(sampler())
    for name, fewest in ((0, 14), (1, 2), (2, 0)):
        rows = np.flatnonzero(np.equal(LABELS, name))
        counts = [times[row] for row in rows.tolist()]
        assert set(counts) <= {fewest, fewest + 1}


def test_batches_are_of_similar_length() -> None:
    drawn = np.array(list(sampler()))
    spread = np.mean([np.ptp(LENGTHS[drawn[start : start + 8]]) for start in range(0, 600, 8)])
    shuffled = GENERATOR.permutation(drawn)
    loose = np.mean([np.ptp(LENGTHS[shuffled[start : start + 8]]) for start in range(0, 600, 8)])
    assert spread < loose / 4


def test_every_stretch_that_is_sorted_by_length_is_balanced_itself() -> None:
    drawn = np.array(list(sampler()))
    mega = 8 * (600 // (8 * 4))
    for start in range(0, 600 - mega, mega):
        counts = np.bincount(LABELS[drawn[start : start + mega]], minlength=3)
        assert np.ptp(counts) <= 1


def test_seed_and_epoch_decide() -> None:
    one, other = sampler(), sampler()
    first, second = list(one), list(one)
    assert first != second
    assert [list(other), list(other)] == [first, second]
    assert list(sampler(seed=2)) != first
    again = sampler()
    again.set_epoch(1)
    assert list(again) == second


def test_a_class_that_does_not_occur_is_not_drawn() -> None:
    labels = np.repeat([0, 2], [3, 9])
    drawn = list(BalancedSampler(labels, np.ones(12, np.int64), batch_size=4, seed=0))
    assert np.bincount(labels[drawn]).tolist() == [6, 0, 6]
