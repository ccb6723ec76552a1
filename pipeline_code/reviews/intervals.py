"""A 95 % interval from bootstrap replicates and the jackknife over the same groups."""

from __future__ import annotations

import math

import numpy as np
from scipy import special, stats

from pipeline_code.reviews.metrics import Floats

LEVEL = 0.95
METHOD = "expanded percentile bootstrap over groups"


def interval(value: float, replicates: Floats, jackknife: Floats) -> list[float]:
    """The interval [low, high] of a statistic.

    Parameters
    ----------
    value
        The statistic on the data.
    replicates
        The statistic on each bootstrap replicate; NaN where it is not defined.
    jackknife
        The statistic without each group in turn; NaN where it is not defined.
    """
    usable = replicates[np.isfinite(replicates)]
    if not usable.size:
        return [value, value]
    low, high = np.quantile(usable, _expanded(len(jackknife)))
    return [float(low), float(high)]


def _expanded(groups: int) -> list[float]:
    """The two quantiles, moved outwards for few groups (Hesterberg 2015, section 4.5.1 and appendix)."""
    reach = math.sqrt(groups / (groups - 1)) * stats.t.ppf((1 - LEVEL) / 2, groups - 1)
    tail = float(special.ndtr(reach))
    return [tail, 1 - tail]
