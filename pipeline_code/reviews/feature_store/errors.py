"""What can go wrong with the Feature Store, by the part that fails."""

from pipeline_code.reviews.errors import BertlineError


class FeatureStoreError(BertlineError):
    """The feature group cannot be used; the message names the group and what to do."""


class IngestionError(FeatureStoreError):
    """Records did not reach the feature group; the message names the group, a record and the cause."""


class OfflineStoreError(FeatureStoreError):
    """The offline store holds something that cannot be read as a review, or cannot be read at all."""


class StoreLagging(FeatureStoreError):
    """The offline store does not hold, after its longest delay, what the online store holds."""
