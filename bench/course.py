"""The course's protocol over seeds: its rows, balanced classes, its split; accuracy beside the labs' 0.727.

The encoder is the default one of 22.7 million parameters, the labs' is RoBERTa with 125 million.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from bench import womens
from bench.jobs import Folders
from bertline import samples
from pipeline_code.reviews.baselines import tfidf
from pipeline_code.reviews.contract import read_contract_directory
from pipeline_code.reviews.dataset import read_features
from pipeline_code.reviews.evaluation import predict

SEEDS = (41, 42, 43, 44, 45)
SHARES = (0.9, 0.05, 0.05)
LENGTH = 128
LABS_POOLED, LABS_BEST, LABS_ROWS = 0.727, 0.767, 1545


def main() -> None:
    """Prepare, train and score with each seed; a seed decides rows, split and training alike."""
    reason = womens.missing()
    if reason:
        print(reason)
        return
    right: list[int] = []
    words: list[float] = []
    rows = 0
    for seed in SEEDS:
        with tempfile.TemporaryDirectory(prefix="bertline-course-") as directory:
            model, baseline, count = _one(Path(directory), seed)
        right.append(model)
        words.append(baseline)
        rows += count
        print(f"seed {seed}: accuracy {model / count:.3f}  TF-IDF {baseline:.3f}  on {count} texts", flush=True)
    found = [hits / (rows / len(SEEDS)) for hits in right]
    pooled = sum(right) / rows
    error = (pooled * (1 - pooled) / rows) ** 0.5
    print(f"fine-tuned, mean of {len(SEEDS)} seeds {pooled:.3f} (sd {statistics.stdev(found):.3f}, best {max(found):.3f})")
    print(f"pooled 95 % interval {pooled - 1.96 * error:.3f} to {pooled + 1.96 * error:.3f} on {rows} texts")
    print(f"TF-IDF, mean {statistics.mean(words):.3f} (sd {statistics.stdev(words):.3f})")
    print(f"the labs: pooled {LABS_POOLED} on {LABS_ROWS} texts, best run {LABS_BEST}")


def _one(root: Path, seed: int) -> tuple[int, float, int]:
    raw, rules = womens.write(root)
    folders = Folders(root / "run", raw, samples.fetch(samples.ENCODER), rules)
    folders.prepare(SHARES, protocol="Course", seed=seed, length=LENGTH)
    contract = read_contract_directory(rules)
    train, test = (read_features(folders.root / split, split) for split in ("train", "test"))
    predicted, _ = tfidf(train, test, seed)
    model = folders.train("model", seed=seed, epochs=3)
    answers = predict(model, test, contract).class_ids
    return (
        int((answers == test.label_ids).sum()),
        float(np.mean(predicted == test.label_ids)),
        len(test),
    )


if __name__ == "__main__":
    sys.exit(main())
