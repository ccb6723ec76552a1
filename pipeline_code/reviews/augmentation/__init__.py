"""Operators that rewrite texts, and the test that each has to pass on the data at hand before it is used."""

from pipeline_code.reviews.augmentation.draws import Draws
from pipeline_code.reviews.augmentation.operators import OPERATORS, Operator, rewrite_all

__all__ = ["OPERATORS", "Draws", "Operator", "rewrite_all"]
