"""TrainingJobEarlyStoppingType Auto: the median rule that the service documents."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

HISTORY = "ObjectiveHistory"


def hopeless(mine: Sequence[float], ended: Sequence[Sequence[float]]) -> bool:
    """Whether a training job is unlikely to beat the earlier ones.

    Parameters
    ----------
    mine : sequence of float
        Its objective after each epoch so far; less is better.
    ended : sequence of sequences of float
        The same of the training jobs that have completed.

    Returns
    -------
    bool
        Its last value is worse than the median of the running averages of the others up to the same epoch.
    """
    epoch = len(mine)
    if epoch == 0:
        return False
    averages = [statistics.fmean(one[:epoch]) for one in ended if one]
    return bool(averages) and mine[-1] > statistics.median(averages)
