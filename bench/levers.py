"""The data-centric levers on real data: the add-data gate, the learning curve, augmentation.

Own data are the sentences of Amazon reviews; candidates are the movies, editorials and tweets of the same
archive, rated on the same scale. `python -m bench.levers encoder NAME` judges one candidate with the
fine-tuned encoder instead, which takes long on CPUs.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from bench.measure import ROOT
from bertline import samples
from pipeline_code.reviews.contract import Contract, read_contract
from pipeline_code.reviews.levers.add_data import AddDataGate
from pipeline_code.reviews.levers.augment import AugmentationLever
from pipeline_code.reviews.levers.candidates import Candidate, read_candidate, read_rows
from pipeline_code.reviews.levers.cross_fit import Plan
from pipeline_code.reviews.levers.folds import group_folds
from pipeline_code.reviews.levers.learner import Learner, TfidfLearner
from pipeline_code.reviews.levers.learning_curve import learning_curve
from pipeline_code.reviews.levers.paired import points
from pipeline_code.reviews.levers.rows import Rows
from pipeline_code.reviews.levers.verdicts import Margins

OWN = "amazon-snippets"
CANDIDATES = ("movie-snippets", "nyt-editorials", "tweets")
PLAN = Plan()


def main() -> None:
    """Run the three experiments with the quick learner."""
    contract, own = _own()
    learner = TfidfLearner(len(contract.classes))
    print(
        f"{len(own)} sentences, TF-IDF with logistic regression, {PLAN.folds} folds x {PLAN.repeats} repeats"
    )
    _timed("add data", lambda: _add_data(learner, contract, own, CANDIDATES, PLAN))
    _timed("controls", lambda: _controls(learner, contract, own))
    _timed("learning curve", lambda: _curve(learner, contract, own))
    _timed("augmentation", lambda: _augmentation(learner, contract, own))


def encoder(candidate: str) -> None:
    """Judge one candidate with the fine-tuned encoder, in one repeat."""
    from pipeline_code.reviews.levers.encoder_learner import EncoderLearner

    contract, own = _own()
    learner = EncoderLearner(samples.fetch(samples.ENCODER), contract)
    print(f"{len(own)} sentences, fine-tuned encoder, {PLAN.folds} folds x 1 repeat")
    plan = Plan(repeats=1)
    _timed("add data", lambda: _add_data(learner, contract, own, (candidate,), plan))


def _own() -> tuple[Contract, Rows]:
    contract = _contract(OWN)
    own, _, _ = read_rows(contract, samples.fetch(samples.RATED))
    return contract, own


def _contract(name: str) -> Contract:
    return read_contract(ROOT / "config" / "contracts" / f"{name}.toml")


def _margins(contract: Contract) -> Margins:
    return Margins(slice=contract.gate.slice_margin, slice_min_rows=contract.gate.slice_min_rows)


def _add_data(
    learner: Learner, contract: Contract, own: Rows, candidates: tuple[str, ...], plan: Plan
) -> None:
    gate = AddDataGate(learner, own, contract, plan=plan, margins=_margins(contract))
    first = True
    for name in candidates:
        found = read_candidate(_contract(name), samples.fetch(samples.RATED), own, contract.class_names)
        judged = gate.judge(found)
        if first:
            _row("no candidate", judged["without"])
            first = False
        for item in judged["weights"]:
            difference = item["difference"]
            worst = item["worst_slice"]
            low = item["slices"][worst]["difference"]["interval"][0]
            said = f"{item['decision']:10}  macro-F1 {_points(difference['macro_f1'])}, accuracy "
            said += f"{_points(difference['accuracy'])}, worst slice {worst} down to {points(low)}"
            _row(f"{name} at {item['weight']:g}", item["with"], said)
        print(f"  {judged['verdict']['words']}", flush=True)


def _controls(learner: Learner, contract: Contract, own: Rows) -> None:
    """Half of the reviews as own data; the other half must be accepted, with permuted labels refused."""
    half = group_folds(own.group_ids, 2, PLAN.seed)
    mine, fresh = own.take(np.flatnonzero(half == 0)), own.take(np.flatnonzero(half == 1))
    drawn = np.random.default_rng(PLAN.seed)
    spoilt = replace(fresh, label_ids=drawn.permutation(fresh.label_ids))
    gate = AddDataGate(learner, mine, contract, plan=PLAN, margins=_margins(contract))
    for name, rows in (("the other half", fresh), ("its labels permuted", spoilt)):
        for item in gate.judge(Candidate(contract, rows, len(rows)))["weights"]:
            figure = item["difference"]["macro_f1"]
            _row(
                f"{name} at {item['weight']:g}",
                item["with"],
                f"{item['decision']:10}  macro-F1 {_points(figure)}",
            )


def _curve(learner: Learner, contract: Contract, own: Rows) -> None:
    found = learning_curve(learner, own, contract, plan=PLAN)
    for metric in ("accuracy", "macro_f1"):
        curve = "  ".join(f"{item['size']}: {item['value']:.3f}" for item in found["sizes"][metric])
        print(f"  {metric:9} {curve}")
        for check in found["check"][metric]:
            low, high = check["predicted"]["interval"]
            print(
                f"  {metric:9} law of up to {check['fitted_up_to']} rows: {check['predicted']['value']:.3f} "
                f"({low:.3f} to {high:.3f}) at {check['size']}, measured {check['measured']:.3f}: the law "
                f"{check['fit']}"
            )
    for name, item in found["class_plan"]["classes"].items():
        print(
            f"  {item['more_rows']} more of {name}: macro-F1 {_points(item['gain'])}; the law of up to "
            f"{item['check']['fitted_up_to']} {item['check']['fit']} at {item['check']['size']}"
        )
    print(f"  {found['verdict']['words']}", flush=True)


def _augmentation(learner: Learner, contract: Contract, own: Rows) -> None:
    found = AugmentationLever(learner, own, contract, plan=PLAN, margins=_margins(contract)).judge()
    for name, item in found["operators"].items():
        share = item["preservation"]["share"]
        low, high = share["interval"]
        tested = f"teacher {share['value']:.3f} ({low:.3f} to {high:.3f})"
        proven = "proven" if item["preservation"]["proven"] else "not proven"
        print(f"  {name:14}{tested:34}{proven:12}{item['decision']:11}", end="")
        print(f"macro-F1 {_points(item['difference']['macro_f1'])}" if "difference" in item else "not tried")
    print(f"  {found['verdict']['words'].split('.')[0]}.", flush=True)


def _row(name: str, figures: dict[str, Any], note: str = "") -> None:
    values = "  ".join(f"{metric} {figures[metric]['value']:.3f}" for metric in ("accuracy", "macro_f1"))
    print(f"  {name:27}{values}  {note}".rstrip(), flush=True)


def _points(figure: dict[str, Any]) -> str:
    low, high = figure["interval"]
    return f"{points(figure['value'])} ({points(low)} to {points(high)})"


def _timed(name: str, run: Callable[[], None]) -> None:
    print(f"{name}:", flush=True)
    begin = time.perf_counter()
    run()
    print(f"  {time.perf_counter() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    elif sys.argv[1] == "encoder" and sys.argv[2:] and set(sys.argv[2:]) <= set(CANDIDATES):
        for name in sys.argv[2:]:
            encoder(name)
    else:
        sys.exit(f"usage: python -m bench.levers [encoder NAME], NAME one of {', '.join(CANDIDATES)}")
