"""Validate on 10 thousand, 100 thousand and 1 million made-up reviews: rows a CPU second and peak memory."""

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers

from bench.measure import ROOT

ROWS = (10_000, 100_000, 1_000_000)
CONTRACT = ROOT / "config" / "contracts" / "star-ratings.toml"
SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def main() -> None:
    """Validate each number of rows in a process of its own.

    Of 100 rows, 3 are near duplicates and 2 exact ones.
    """
    print(f"{'rows':>10}{'CPU s':>9}{'rows/s':>9}{'peak MiB':>10}{'removed':>9}")
    peaks = []
    for rows in ROWS:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            _write(folder, rows)
            seconds, peak = _run(folder)
            report = json.loads((folder / "report" / "validation.json").read_text())
        peaks.append(peak)
        print(f"{rows:10}{seconds:9.1f}{rows / seconds:9.0f}{peak:10.0f}{report['removed']:9}", flush=True)
    print(f"peak of {ROWS[-1] // ROWS[0]} times the rows: {peaks[-1] / peaks[0]:.2f} times the memory")


def _write(folder: Path, rows: int) -> None:
    for name in ("input", "contract", "encoder"):
        (folder / name).mkdir()
    # Random labels of repeated texts conflict: count them, so that the other rules have work to do.
    contract = CONTRACT.read_text().replace('labels = "quarantine"', 'labels = "count"')
    (folder / "contract" / "contract.toml").write_text(contract)
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))  # noqa: S106
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "encoder" / "tokenizer.json"))
    (folder / "encoder" / "config.json").write_text('{"max_position_embeddings": 512}')
    (folder / "encoder" / "model.safetensors").touch()
    with (folder / "input" / "reviews.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["review_id", "review_body", "star_rating", "review_date"])
        writer.writerows(_reviews(rows))


def _reviews(rows: int) -> Iterator[tuple[str, str, int, str]]:
    generator = random.Random(7)  # noqa: S311 - made-up texts
    words = [f"{number:x}".translate(str.maketrans("0123456789", "ghijklmnop")) for number in range(30_000)]
    seen: list[str] = []
    for number in range(rows):
        kind = generator.random()
        text = " ".join(generator.choices(words, k=generator.randint(10, 45)))
        if seen and kind < 0.03:
            text = f"{generator.choice(seen)} {generator.choice(words)}"
        elif seen and kind < 0.05:
            text = generator.choice(seen).upper()
        elif len(seen) < 1000:
            seen.append(text)
        yield f"r{number}", text, generator.randint(1, 5), "2020-01-02"


def _run(folder: Path) -> tuple[float, float]:
    """Seconds of CPU (user and system) and highest resident memory in MiB."""
    names = ("input", "contract", "encoder", "reviews", "quarantine", "report", "dataset")
    arguments = [item for name in names for item in (f"--{name}-dir", str(folder / name))]
    arguments += [
        item for name, share in SHARES.items() for item in (f"--{name}-split-percentage", f"{share}")
    ]
    arguments += ["--seed", "1", "--max-seq-length", "0"]
    module = [sys.executable, "-m", "pipeline_code.jobs.validate", *arguments]
    process = subprocess.Popen(module, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"Validate ended with status {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
