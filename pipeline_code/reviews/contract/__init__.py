"""The data contract: what a review is, what its label is, and what a model must reach; read from TOML."""

from pipeline_code.reviews.contract.acceptance import (
    AgreementSlice,
    AttributeSlice,
    Baselines,
    Constraints,
    ErrorTag,
    GateFloors,
    LabelSlice,
    Literature,
    LiveBound,
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
    "AgreementSlice",
    "AttributeSlice",
    "Baselines",
    "Cleaning",
    "Constraints",
    "Contract",
    "ContractError",
    "ErrorTag",
    "EventTime",
    "GateFloors",
    "GroupRule",
    "LabelClass",
    "LabelRule",
    "LabelSlice",
    "Literature",
    "LiveBound",
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
