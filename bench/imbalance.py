"""Options for rare classes side by side, on women's clothing reviews as they are (10 % negative).

One epoch an option, then two epochs of the option that validation prefers. Trained models are kept in
.bertline/bench/imbalance, so that a bench that was cut off goes on where it stopped.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import womens
from bench.jobs import SPLITS, Folders
from bench.measure import ROOT
from bertline import samples
from pipeline_code.reviews import calibration, metrics
from pipeline_code.reviews.baselines import tfidf
from pipeline_code.reviews.bootstrap import GroupBootstrap, Metric
from pipeline_code.reviews.contract import Contract, read_contract_directory
from pipeline_code.reviews.dataset import FeatureSet, read_features
from pipeline_code.reviews.evaluation.figures import uncalibrated
from pipeline_code.reviews.metrics import Floats, Ints
from pipeline_code.reviews.predictions import predict
from pipeline_code.reviews.training.decision import decide, figures
from pipeline_code.reviews.training.imbalance import STRATEGIES, class_counts, prior_shift

SHARES = (0.8, 0.1, 0.1)
LENGTH, TRUNCATION, SEED = 96, "HeadTail", 42
FIRST, LONG = 1, 2  # epochs
SAMPLES = 2000
FEW_ROWS, DRAWS = (150, 300, 1000), 40
TARGETS = {"recall of negative": 0.60, "recall of neutral": 0.45, "macro-F1": 0.66}
KEPT = ROOT / ".bertline" / "bench" / "imbalance"


@dataclass(frozen=True)
class World:
    """The prepared splits, and the bootstrap of the test split."""

    folders: Folders
    contract: Contract
    splits: dict[str, FeatureSet]
    bootstrap: GroupBootstrap

    @property
    def classes(self) -> int:
        return len(self.contract.classes)


@dataclass(frozen=True)
class Candidate:
    """An option with its thresholds: macro-F1 on validation and answers on test."""

    name: str
    strategy: str
    validation: float
    answers: Ints


def main() -> None:
    """Train what is not there yet, then score each option on test with its decision fitted on validation."""
    reason = womens.missing()
    if reason:
        print(reason)
        return
    world = _world()
    _say_what_is_done(world)
    words, _ = tfidf(world.splits["train"], world.splits["test"], SEED)
    _row(world, "TF-IDF + LR, balanced", None, words, None)
    found = [one for strategy in STRATEGIES for one in _scored(world, strategy, FIRST)]
    _thresholds_on_few_rows(world)
    best = max(found, key=lambda one: one.validation)
    print(f"validation prefers {best.name}; trained for {LONG} epochs:")
    final = max(_scored(world, best.strategy, LONG), key=lambda one: one.validation)
    _judge(world, final, words)


def _world() -> World:
    encoder = samples.fetch(samples.ENCODER)
    folders = Folders(KEPT / "run", KEPT / "raw", encoder, KEPT / "contract")
    if not (folders.root / "test").is_dir():
        shutil.rmtree(KEPT, ignore_errors=True)
        womens.write(KEPT)
        folders.prepare(SHARES, protocol="Hash", seed=SEED, length=LENGTH, truncation=TRUNCATION)
    splits = {split: read_features(folders.root / split, split) for split in ("train", "test")}
    splits["validation"] = read_features(folders.root / "validation", "validation")
    contract = read_contract_directory(folders.contract)
    test = splits["test"]
    bootstrap = GroupBootstrap(
        test.group_ids, test.label_ids, classes=len(contract.classes), samples=SAMPLES, seed=SEED
    )
    return World(folders, contract, splits, bootstrap)


def _say_what_is_done(world: World) -> None:
    rows = ", ".join(f"{split} {len(world.splits[split])}" for split in SPLITS)
    print(f"rows: {rows}; split by the hash of the review; {LENGTH} tokens, {TRUNCATION}; seed {SEED}")
    print(
        f"{FIRST} epoch each of the default recipe; figures on test, 95 % intervals by bootstrap over reviews"
    )
    columns = ["accuracy", "macro-F1", *(f"recall {name}" for name in world.contract.class_names), "ECE"]
    print(f"{'':34}{'val F1':>8}" + "".join(f"{column:>24}" for column in columns))


def _scored(world: World, strategy: str, epochs: int) -> Iterator[Candidate]:
    """The option with the thresholds it was trained for, and with tuned ones; prints both."""
    model = _trained(world, strategy, epochs)
    held, asked = (_logits(model, world.splits[split], world.contract) for split in SPLITS[1:])
    validation, counts = (
        world.splits["validation"],
        class_counts(world.splits["train"].label_ids, world.classes),
    )
    shift = prior_shift(strategy, counts, counts, tau=1.0)
    for tune in (False, True):
        decision, facts = decide(held, validation.label_ids, validation.group_ids, shift=shift, tune=tune)
        if tune and not facts["thresholds"]["tuned"]:
            print(f"{'':6}tuned thresholds: no, {facts['thresholds']['reason']}", flush=True)
            return
        if not tune:
            base = figures(decision, held, validation.label_ids)["macro_f1"]
        gained = facts["thresholds"]["out_of_fold_gain"] or 0.0
        name = f"{strategy}{', tuned thresholds' if tune else ''}"
        answers = decision.choose(asked)
        _row(world, name, base + gained, answers, np.exp(decision.log_probabilities(asked)))
        yield Candidate(name, strategy, base + gained, answers)


def _thresholds_on_few_rows(world: World) -> None:
    """What tuned thresholds do with a small validation: draws of held-out rows, scored on the others."""
    model = _trained(world, STRATEGIES[0], FIRST)
    held = [world.splits[split] for split in SPLITS[1:]]
    logits = np.vstack([_logits(model, split, world.contract) for split in held])
    labels = np.concatenate([split.label_ids for split in held])
    groups = [group for split in held for group in split.group_ids]
    generator = np.random.default_rng(SEED)
    for rows in FEW_ROWS:
        changes, tuned = [], 0
        for _ in range(DRAWS):
            order = generator.permutation(len(labels))
            some, rest = order[:rows], order[max(FEW_ROWS) :]
            names = [groups[row] for row in some]
            kept, moved = (
                decide(logits[some], labels[some], names, shift=None, tune=tune) for tune in (False, True)
            )
            before, after = (figures(one, logits[rest], labels[rest]) for one, _ in (kept, moved))
            changes.append([after[name] - before[name] for name in ("macro_f1", "accuracy")])
            tuned += moved[1]["thresholds"]["tuned"]
        (f1, accuracy), worst = np.mean(changes, axis=0), np.min(changes, axis=0)[0]
        print(
            f"tuned thresholds of None from {rows} rows, {DRAWS} draws: taken {tuned} times; on other rows "
            f"macro-F1 {f1:+.3f} (worst {worst:+.3f}), accuracy {accuracy:+.3f}",
            flush=True,
        )


def _trained(world: World, strategy: str, epochs: int) -> Path:
    given = {"imbalance": strategy, "epochs": epochs, "seed": SEED}
    model = world.folders.root / f"{strategy}-{epochs}"
    facts = model / "bertline.json"
    if facts.is_file():
        known = json.loads(facts.read_text())
        same = all(known["hyperparameters"].get(name) == value for name, value in given.items())
        if same and known["train_hash"] == world.splits["train"].content_hash:
            return model
    shutil.rmtree(model, ignore_errors=True)
    return world.folders.train(model.name, **given)


def _logits(model: Path, split: FeatureSet, contract: Contract) -> Floats:
    """The model's logits up to a constant a row, from the probabilities that its serving code answers."""
    decision = json.loads((model / "bertline.json").read_text()).get("decision") or {}
    found: Floats = np.log(uncalibrated(predict(model, split, contract).probabilities, decision))
    return found


def _row(world: World, name: str, validation: float | None, answers: Ints, p: Floats | None) -> None:
    columns = [
        world.bootstrap.figure(metrics.accuracy, answers),
        world.bootstrap.figure(metrics.macro_f1, answers),
    ]
    columns += [world.bootstrap.figure(_recall_of(label), answers) for label in range(world.classes)]
    if p is not None:
        confidence, correct = calibration.confidence_of(p, world.splits["test"].label_ids)
        error = world.bootstrap.statistic(
            lambda weights: calibration.calibration_error(confidence, correct, weights)
        )
        columns += [error] if error else []
    shown = "" if validation is None else f"{validation:.3f}"
    print(f"{name:34}{shown:>8}" + "".join(f"{_shown(one):>24}" for one in columns), flush=True)


def _recall_of(label: int) -> Metric:
    def metric(matrices: Any) -> Floats:
        found: Floats = metrics.recall(matrices)[..., label]
        return found

    return metric


def _shown(figure: dict[str, Any]) -> str:
    low, high = figure["interval"]
    return f"{figure['value']:.3f} ({low:.3f} to {high:.3f})"


def _judge(world: World, final: Candidate, words: Ints) -> None:
    """The final model against TF-IDF, paired, and against the targets."""
    difference = world.bootstrap.difference(metrics.macro_f1, final.answers, words)
    print(f"{final.name}, {LONG} epochs, minus TF-IDF: macro-F1 {_shown(difference)}")
    matrix = metrics.confusion_matrix(world.splits["test"].label_ids, final.answers, world.classes)
    names = world.contract.class_names
    reached = {f"recall of {name}": metrics.recall(matrix)[place] for place, name in enumerate(names)}
    reached["macro-F1"] = metrics.macro_f1(matrix)
    for name, target in TARGETS.items():
        verdict = "reached" if reached[name] >= target else "missed"
        print(f"target {name} {target:.2f}: {verdict} with {reached[name]:.3f}")
