"""Raw files that repeat and contradict each other, and three ways to make a dataset of them."""

import gzip
import json
import random
import shutil
from pathlib import Path

from pipeline_code.jobs import prepare, validate

SPLITS = {"train": ".6", "validation": ".2", "test": ".2"}

HEAD = """
version = "1.0.0"
description = "Made for this test."
max_quarantine_share = 0.5
max_text_characters = 1000
classes = [
    { id = 0, name = "negative", label = -1 },
    { id = 1, name = "neutral", label = 0 },
    { id = 2, name = "positive", label = 1 },
]
gate = { macro_f1 = 0.1, macro_f1_margin_over_tfidf = 0.0, bootstrap_samples = 100, recall = {} }
"""
# Ratings apart from their texts, a table beside them; every rule takes rows out.
RATED = (
    'name = "rated"'
    + HEAD
    + """
label_rule = { kind = "mean_human_rating", cuts = [-0.5, 0.5], rating_min = -4, rating_max = 4 }
group = { rule = "id_pattern", pattern = '^(\\w+)_\\d+$' }
event_time = { rule = "constant", constant = 2014-06-01T00:00:00Z }
cleaning = { min_words = 2 }

[[sources]]
kind = "multi_rater"
tag = "raters"
licence = "MIT"
texts = { files = "raters/texts-*.txt", columns = { id = 0, text = 1 } }
ratings = { files = "raters/ratings-*.txt", columns = { id = 0, ratings = 1 } }

[[sources]]
kind = "table"
tag = "shop"
licence = "MIT"
format = "csv"
files = "shop/*"
columns = { id = "id", text = "text", rating = "stars" }
attributes = { colour = "colour" }
"""
)
# Files without ids; rules count, take the majority and link instead of taking rows out.
LINKED = (
    'name = "linked"'
    + HEAD
    + """
label_rule = { kind = "named_class", values = { bad = "negative", so = "neutral", good = "positive" } }
group = { rule = "column" }
event_time = { rule = "column" }
cleaning = { conflicting_labels = "majority", exact_duplicates = "count", near_duplicates = "link" }

[[sources]]
kind = "table"
tag = "forum"
licence = "MIT"
format = "jsonl"
files = "forum/*.jsonl"
columns = { id = "id", text = "text", rating = "mood", group = "author", event_time = "when" }
"""
)
SAID = "the phone sound it is was and very screen cable great good love bad awful hate box came blue"
WORDS = SAID.split()


def sentence(draw: random.Random, words: int) -> list[str]:
    return draw.choices(WORDS, k=words)


def write_rated(directory: Path) -> None:
    """Two files of texts, two of ratings and two of a shop, which repeat and contradict each other."""
    draw = random.Random(5)  # noqa: S311 - test data
    texts: list[list[str]] = [[], []]
    ratings: list[list[str]] = [[], []]
    shop: list[list[str]] = [[], []]
    for number in range(60):
        name, words = f"g{number % 20}_{number}", sentence(draw, 30)
        rating = draw.choice([-3, 0, 3])
        texts[number % 2].append(f"{name}\t{' '.join(words)}")
        ratings[number // 30].append(f"{name}\t[{rating}, {rating}]")
        copy = {
            0: " ".join(words).upper(),  # the same text
            1: " ".join([*words[:-1], "today"]),  # nearly
            2: " ".join([*words[1:], "again"]),  # nearly, from its other end
            3: " ".join(sentence(draw, 30)),
        }[number % 4]
        stars = -rating if number % 12 == 0 else rating  # some copies have another label
        shop[number % 2].append(f"s{number % 15}_{number},{copy},{stars},{draw.choice(['red', ''])}")
    texts[0] += ["g1_900\tnobody rated this", "g1_0\tan id that is there already", "no tab", "g1_901\tOne"]
    texts[1] += ["g1_902\tunreadable ratings here", "elsewhere\tno group in this id", "g1_903\tcaf\udce9 bad"]
    ratings[0] += ["g1_901\t[1]", "g1_902\tnone", "g1_904\t[2]", "elsewhere\t[0]"]
    ratings[1] += ["g0_0\t[4]", "g1_903\t[1]", "short", "g1_905\t[9]"]
    shop[0] += ["s1_1,the id of another file,1,red", "s1_800,too,1,red", "s1_801,&lt;b&gt; good and blue,2,"]
    shop[1] += ["s1_802,too many fields,1,red,x", "s1_803,no stars at all,,red"]
    for number in range(2):
        write(directory / f"raters/texts-{number}.txt", texts[number])
        write(directory / f"raters/ratings-{number}.txt", ratings[number])
    write(directory / "shop/a.csv", ["id,text,stars,colour", *shop[0]])
    packed = "\n".join(["id,text,stars,colour", *shop[1]]).encode()
    (directory / "shop/b.csv.gz").write_bytes(gzip.compress(packed))


def write_linked(directory: Path) -> None:
    """Three files of a forum in which texts come back, changed a little, from other authors."""
    draw = random.Random(6)  # noqa: S311 - test data
    base = [sentence(draw, 25) for _ in range(30)]
    for part in range(3):
        lines = []
        for number, words in enumerate(base):
            said = [*words[:-part], *WORDS[number % 5 :][:part]] if number % 3 else words
            values = {"id": f"{part}-{number}", "text": " ".join(said), "author": f"a{draw.randrange(40)}"}
            values |= {"mood": draw.choice(["bad", "so", "good", "good"]), "when": f"2020-01-{part + 1:02}"}
            lines.append(json.dumps(values))
        write(directory / f"forum/{part}.jsonl", [*lines, "not json"])


def write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))


class World:
    """One contract with its files; each way to make the dataset has a folder of its own."""

    def __init__(self, root: Path, encoder: Path, contract: str, *shape: str) -> None:
        self.root, self.encoder, self.shape = root, encoder, list(shape)
        write(root / "contract" / "contract.toml", [contract])
        (write_rated if contract is RATED else write_linked)(root / "raw")

    def run_spark(self, *more: str) -> Path:
        from pipeline_code.jobs import spark

        into = self.root / "spark"
        spark.main([*self._arguments(into, input=self.root / "raw", split_folders=True), *more])
        return into

    def run_validate(self) -> Path:
        into = self.root / "validate"
        validate.main(self._arguments(into, input=self.root / "raw", validating=True))
        return into

    def run_prepare(self, hosts: int) -> Path:
        """Prepare on several hosts, each with its share of Validate's files."""
        into = self.root / f"prepare-{hosts}"
        names = [f"algo-{number + 1}" for number in range(hosts)]
        parts = sorted((self.root / "validate" / "reviews").iterdir())
        for number, name in enumerate(names):
            share = into / f"share-{number}"
            share.mkdir(parents=True)
            for part in parts[number::hosts]:
                shutil.copy(part, share)
            config = into / f"{name}.json"
            config.write_text(json.dumps({"current_host": name, "hosts": names}))
            arguments = self._arguments(into, reviews=share, split_folders=True)
            prepare.main([*arguments, "--resource-config", str(config)])
        return into

    def _arguments(
        self, into: Path, *, validating: bool = False, split_folders: bool = False, **given: Path
    ) -> list[str]:
        folders = given | {"contract": self.root / "contract", "encoder": self.encoder}
        folders |= {"dataset": into / "dataset", "report": into / "report"}
        if split_folders:
            folders |= {split: into / split for split in SPLITS}
        if validating:
            folders["reviews"] = into / "reviews"
        if "reviews" in given:
            folders["validation-report"] = self.root / "validate" / "report"
        else:
            folders["quarantine"] = into / "quarantine"
            if split_folders:
                folders["validation-report"] = into / "report"
        shares = [text for split, share in SPLITS.items() for text in (f"--{split}-split-percentage", share)]
        named = [text for name, path in folders.items() for text in (f"--{name}-dir", str(path))]
        return [*named, *shares, "--seed", "3", *self.shape]
