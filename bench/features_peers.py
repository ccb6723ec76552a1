"""One measurement of a peer, run by the peers' Python: `python features_peers.py PEER INPUT OUTPUT`.

It imports nothing of Bertline but the clock beside it. Reading and writing count, imports do not.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from features_clock import Clock  # type: ignore[import-not-found]

LENGTH = 128


def course(given: Path, out: Path) -> list[Path]:
    """The labs' way: each row through the slow tokenizer, padded, as a dict; pandas; shuffled, split, TSV.

    Without the labs' cut to the rarest class, so that all write the same rows.
    """
    from sklearn.model_selection import train_test_split
    from transformers import BertTokenizer

    tokenizer = BertTokenizer.from_pretrained(str(given / "encoder"))
    table = pd.read_parquet(given / "reviews").sample(frac=1).reset_index(drop=True)
    rows = []
    for review in table.itertuples():
        tokenizer.tokenize(review.review_body)
        encoded = tokenizer.encode_plus(
            review.review_body,
            add_special_tokens=True,
            max_length=LENGTH,
            return_token_type_ids=False,
            padding="max_length",
            return_attention_mask=True,
            truncation=True,
        )
        rows.append(
            {
                "review_id": review.review_id,
                "sentiment": review.label_id - 1,
                "label_id": review.label_id,
                "input_ids": encoded["input_ids"],
                "review_body": review.review_body,
                "date": "2026-01-01T00:00:00Z",
            }
        )
    features = pd.DataFrame(rows)
    train, holdout = train_test_split(features, test_size=0.1, stratify=features["sentiment"])
    validation, test = train_test_split(holdout, test_size=0.5, stratify=holdout["sentiment"])
    files = []
    for name, part in (("train", train), ("validation", validation), ("test", test)):
        files.append(out / f"{name}.tsv")
        part.to_csv(files[-1], sep="\t", index=False)
    return files


def mapped(given: Path, out: Path) -> list[Path]:
    """`datasets.map(batched=True)` with the fast tokenizer, unpadded, to one Parquet file."""
    import datasets
    from transformers import BertTokenizerFast

    datasets.disable_progress_bars()
    tokenizer = BertTokenizerFast.from_pretrained(str(given / "encoder"))

    def encode(batch: dict[str, list[Any]]) -> Any:
        return tokenizer(
            batch["review_body"], truncation=True, max_length=LENGTH, return_token_type_ids=False
        )

    files = sorted(str(path) for path in (given / "reviews").iterdir())
    reviews = datasets.Dataset.from_parquet(files, cache_dir=str(out / "cache"))
    reviews.map(encode, batched=True).to_parquet(out / "features.parquet")
    return [out / "features.parquet"]


PEERS = {"course": course, "datasets.map": mapped}
if __name__ == "__main__":
    work = PEERS[sys.argv[1]]
    if work is mapped:
        import datasets  # noqa: F401 - imports do not count
    import transformers  # noqa: F401

    clock = Clock()
    print(json.dumps(clock.cost(work(Path(sys.argv[2]), Path(sys.argv[3])))))
