"""Does an operator do to the label what it says? A teacher answers for every text and its rewriting.

Nobody has rated the rewritten texts. The teacher is a classifier that saw neither the text nor its group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline_code.reviews import metrics
from pipeline_code.reviews.augmentation.operators import Operator
from pipeline_code.reviews.bootstrap import GroupBootstrap
from pipeline_code.reviews.contract import Contract
from pipeline_code.reviews.metrics import Floats, Ints

LEAST_KEPT = 0.9
LEAST_MOVED = 0.7
LEAST_ROWS = 50


def preservation_test(
    operator: Operator,
    contract: Contract,
    *,
    changed: Ints,
    groups: Sequence[str],
    labels: Ints,
    before: Floats,
    after: Floats,
    samples: int,
    seed: int,
) -> dict[str, Any]:
    """Whether an operator is proven on these rows, with the share that decides and its interval.

    Judged are the texts that the teacher answers rightly as they are: where it is wrong already, what it
    says of the rewriting says nothing. An operator that keeps labels is proven if the teacher keeps its
    answer on at least `LEAST_KEPT` of them; one that opposes them if on at least `LEAST_MOVED` of them the
    opposite class becomes more probable. The lower end of the interval must reach it.

    Parameters
    ----------
    changed
        Numbers of the rows that the operator rewrote.
    groups, labels
        Group and class id of every row.
    before, after
        The teacher's probabilities [rows, classes] of the texts and of their rewritings.
    """
    becomes = operator.labels(contract)
    answers, keeps = before.argmax(axis=1), operator.effect == "keeps"
    rows = [row for row in changed.tolist() if int(labels[row]) in becomes and answers[row] == labels[row]]
    least = LEAST_KEPT if keeps else LEAST_MOVED
    facts: dict[str, Any] = {"rewritten": len(changed), "judged": len(rows), "least": least, "share": None}
    chosen = [groups[row] for row in rows]
    if len(rows) < LEAST_ROWS or len(set(chosen)) < 2:
        words = f"not proven: {len(rows)} texts to judge by, {LEAST_ROWS} of several groups are needed"
        return {**facts, "proven": False, "words": words}
    kept = after.argmax(axis=1)[rows] == answers[rows]
    aims = np.array([becomes[int(labels[row])] for row in rows])
    holds = kept if keeps else after[rows, aims] > before[rows, aims]
    facts["share"] = _share(holds, chosen, samples, seed)
    facts["answer_becomes_expected"] = float((after.argmax(axis=1)[rows] == aims).mean())
    low, high = facts["share"]["interval"]
    what = "keeps its answer" if keeps else "moves towards the opposite class"
    words = (
        f"the teacher {what} on {100 * facts['share']['value']:.1f} % of {len(rows)} rewritten texts "
        f"(95 % interval {100 * low:.1f} to {100 * high:.1f}), {100 * least:g} % is needed"
    )
    proven = bool(low >= least)
    return {**facts, "proven": proven, "words": f"{'proven' if proven else 'not proven'}: {words}"}


def _share(holds: np.ndarray[Any, np.dtype[np.bool_]], groups: list[str], samples: int, seed: int) -> Any:
    """Share of rows for which it holds: an accuracy, as the bootstrap over groups knows it."""
    true = np.ones(len(holds), dtype=np.int64)
    bootstrap = GroupBootstrap(groups, true, classes=2, samples=samples, seed=seed)
    return bootstrap.figure(metrics.accuracy, holds.astype(np.int64))
