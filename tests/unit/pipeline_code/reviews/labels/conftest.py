"""A contract with the cuts of the default data, and ratings of people who err at random."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline_code.reviews.contract import Contract, read_contract

CONTRACTS = Path(__file__).resolve().parents[5] / "config" / "contracts"


@pytest.fixture(scope="session")
def contract() -> Contract:
    """Ratings from -4 to 4, cuts at -0.5 and 0.5."""
    return read_contract(CONTRACTS / "amazon-snippets.toml")


@pytest.fixture(scope="session")
def crowd() -> Callable[..., list[list[float]]]:
    """`crowd(texts, raters, seed)`: every text has a true mean, a rating is it plus noise, rounded."""

    def make(texts: int, raters: int, seed: int = 0, noise: float = 1.0) -> list[list[float]]:
        generator = np.random.default_rng(seed)
        means = generator.choice([-2.0, 0.0, 2.0], texts) + generator.normal(0, 0.4, texts)
        given = means[:, None] + generator.normal(0, noise, (texts, raters))
        return np.clip(np.round(given), -4, 4).tolist()

    return make
