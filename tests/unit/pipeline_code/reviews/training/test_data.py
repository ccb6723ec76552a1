import torch

from pipeline_code.reviews.dataset import read_features
from pipeline_code.reviews.training.data import Examples, PaddingCollator
from tests.unit.pipeline_code.workspace import Workspace


def test_a_batch_is_as_long_as_its_longest_row_and_masks_the_rest(prepared: Workspace) -> None:
    train = read_features(prepared.root / "train", "train")
    rows = [5, 0, 9]
    batch = PaddingCollator(pad_id=0)([Examples(train, rows)[position] for position in range(3)])
    lengths = train.lengths()[rows]
    assert batch["input_ids"].shape == (3, int(lengths.max()))
    assert batch["attention_mask"].sum(dim=1).tolist() == lengths.tolist()
    assert torch.all((batch["input_ids"] == 0) == (batch["attention_mask"] == 0))
    assert batch["labels"].tolist() == train.label_ids[rows].tolist()
    for position, row in enumerate(rows):
        assert batch["input_ids"][position][: lengths[position]].tolist() == train.ids(row).tolist()


def test_selected_rows_know_their_classes_and_lengths(prepared: Workspace) -> None:
    train = read_features(prepared.root / "train", "train")
    examples = Examples(train, [5, 0, 9])
    assert examples.label_ids.tolist() == [train.label_ids[row] for row in (5, 0, 9)]
    assert examples.lengths.tolist() == [len(train.ids(row)) for row in (5, 0, 9)]


def test_another_padding_id_is_used(prepared: Workspace) -> None:
    train = read_features(prepared.root / "train", "train")
    order = train.lengths().argsort()
    examples = Examples(train, [int(order[0]), int(order[-1])])
    batch = PaddingCollator(pad_id=1)([examples[0], examples[1]])
    assert batch["input_ids"][0][-1] == 1
