"""Notes on the endpoint, as tags: what it should serve, after which approval, what was tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

WANTED_CONFIG_TAG = "bertline:wanted-endpoint-config"
ATTEMPTED_CONFIG_TAG = "bertline:attempted-endpoint-config"
PACKAGE_TAG = "bertline:wanted-model-package"
APPROVED_AT_TAG = "bertline:wanted-approved-at"


@dataclass(frozen=True)
class Approval:
    """A version that somebody approved, and when."""

    package: str
    at: datetime

    def is_older_than(self, other: "Approval") -> bool:
        """Compare two approvals; of the same second, that of the lower version is the older one."""
        return (self.at, self._version) < (other.at, other._version)

    @property
    def _version(self) -> int:
        return int(self.package.rpartition("/")[2])


@dataclass(frozen=True)
class Notes:
    """The notes; each is None when the endpoint has no such tag.

    Parameters
    ----------
    wanted
        Configuration that the endpoint should serve.
    attempted
        Configuration of the last change that SageMaker was asked for.
    approval
        What made `wanted` the wanted one.
    """

    wanted: str | None = None
    attempted: str | None = None
    approval: Approval | None = None

    @classmethod
    def read(cls, tags: Mapping[str, str]) -> Self:
        """Read the notes from the tags of the endpoint."""
        package, at = tags.get(PACKAGE_TAG), tags.get(APPROVED_AT_TAG)
        return cls(
            wanted=tags.get(WANTED_CONFIG_TAG),
            attempted=tags.get(ATTEMPTED_CONFIG_TAG),
            approval=Approval(package, datetime.fromisoformat(at)) if package and at else None,
        )

    def tags(self) -> list[dict[str, str]]:
        """Return the tags that say this; what is None gets none."""
        values = {
            WANTED_CONFIG_TAG: self.wanted,
            ATTEMPTED_CONFIG_TAG: self.attempted,
            PACKAGE_TAG: self.approval.package if self.approval else None,
            APPROVED_AT_TAG: self.approval.at.isoformat() if self.approval else None,
        }
        return [{"Key": key, "Value": value} for key, value in values.items() if value is not None]
