"""The names that the stacks, the command line and the jobs agree on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """Names of one environment, all beginning with `bertline-<environment>`."""

    environment: str

    @property
    def prefix(self) -> str:
        """Name of the pipeline, the model package group and the endpoint; the start of every other name."""
        return f"bertline-{self.environment}"

    @property
    def feature_group(self) -> str:
        """Name of the feature group the reviews are written to."""
        return f"{self.prefix}-reviews"

    def stack(self, component: str) -> str:
        """Name of the stack of one component, for example `bertline-dev-data`."""
        return f"{self.prefix}-{component}"
