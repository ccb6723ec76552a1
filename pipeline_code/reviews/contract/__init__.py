"""The data contract: what a review is, what its label is, and what a model must reach; read from TOML."""

from pipeline_code.reviews.contract.acceptance import (
    AttributeSlice,
    GateFloors,
    LabelSlice,
    MustPass,
    PatternSlice,
    Slice,
    SourceSlice,
    WordsSlice,
)
from pipeline_code.reviews.contract.labels import (
    LabelClass,
    LabelRule,
    MeanHumanRating,
    NamedClass,
    StarRating,
)
from pipeline_code.reviews.contract.model import MAX_TEXT_CHARACTERS, Contract
from pipeline_code.reviews.contract.reading import ContractError, read_contract, read_contract_directory
from pipeline_code.reviews.contract.rules import Cleaning, EventTime, GroupRule
from pipeline_code.reviews.contract.sources import MultiRaterSource, Query, Source, TableSource

__all__ = [
    "MAX_TEXT_CHARACTERS",
    "AttributeSlice",
    "Cleaning",
    "Contract",
    "ContractError",
    "EventTime",
    "GateFloors",
    "GroupRule",
    "LabelClass",
    "LabelRule",
    "LabelSlice",
    "MeanHumanRating",
    "MultiRaterSource",
    "MustPass",
    "NamedClass",
    "PatternSlice",
    "Query",
    "Slice",
    "Source",
    "SourceSlice",
    "StarRating",
    "TableSource",
    "WordsSlice",
    "read_contract",
    "read_contract_directory",
]
