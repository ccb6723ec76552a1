"""Reading records from the online store, a hundred at a time, with retries of what was not read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pipeline_code.reviews.feature_store.client import Entry, RuntimeClient
from pipeline_code.reviews.feature_store.errors import FeatureStoreError
from pipeline_code.reviews.feature_store.records import RECORD_IDENTIFIER, values_of
from pipeline_code.reviews.feature_store.retries import ATTEMPTS, Attempts, call_passes, passes

IDS_PER_CALL = 100  # the service's limit


@dataclass
class OnlineReader:
    """Reads some features of records by their ids.

    Parameters
    ----------
    client
        Feature Store runtime.
    feature_group
        Name of the group.
    features
        Which features to read; review_id is read as well.
    """

    client: RuntimeClient
    feature_group: str
    features: Iterable[str]
    sleep: Callable[[float], None] = time.sleep

    def read(self, ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """The values of up to 100 records by review_id; those that the store does not hold are left out.

        Raises
        ------
        FeatureStoreError
            A record cannot be read; the message names the group, the review_id and the cause.
        """
        found: dict[str, dict[str, str]] = {}
        left, cause = list(ids), ""
        for _ in Attempts(self.sleep):
            left, cause = self._call(left, found)
            if not left:
                return found
        raise FeatureStoreError(
            f"feature group {self.feature_group}: {len(left)} of {len(ids)} records could not be read in "
            f"{ATTEMPTS} attempts, first review_id {left[0]}: {cause}. Run the step again"
        )

    def _call(self, ids: list[str], found: dict[str, dict[str, str]]) -> tuple[list[str], str]:
        """Read once into `found`; return the ids to try again and why."""
        from botocore.exceptions import BotoCoreError, ClientError

        wanted: Entry = {
            "FeatureGroupName": self.feature_group,
            "RecordIdentifiersValueAsString": ids,
            "FeatureNames": sorted({RECORD_IDENTIFIER, *self.features}),
        }
        try:
            answer = self.client.batch_get_record(Identifiers=[wanted])
        except (BotoCoreError, ClientError) as error:
            if call_passes(error):
                return ids, str(error)
            raise FeatureStoreError(
                f"feature group {self.feature_group} refused to read review_id {ids[0]}: {error}"
            ) from None
        for item in answer.get("Records", []):
            found[item["RecordIdentifierValueAsString"]] = values_of(item["Record"])
        again = [
            name
            for item in answer.get("UnprocessedIdentifiers", [])
            for name in item["RecordIdentifiersValueAsString"]
        ]
        cause = "not processed" if again else ""
        for problem in answer.get("Errors", []):
            name = problem["RecordIdentifierValueAsString"]
            cause = f"{problem['ErrorCode']}: {problem['ErrorMessage']}"
            if not passes(problem["ErrorCode"]):
                raise FeatureStoreError(
                    f"feature group {self.feature_group} refused to read review_id {name}: {cause}"
                )
            again.append(name)
        return again, cause
