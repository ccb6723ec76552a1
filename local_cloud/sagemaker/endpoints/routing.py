"""Which variant of which fleet answers a request: by weight, by share of capacity, or as the caller asks."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local_cloud.sagemaker.endpoints.fleet import Fleet
from local_cloud.sagemaker.endpoints.variants import Variant


@dataclass(frozen=True)
class Side:
    """A fleet and the share of each variant's requests that it gets (0 to 1)."""

    fleet: Fleet
    shares: Mapping[str, float]


@dataclass(frozen=True)
class Route:
    """Where a request goes."""

    fleet: Fleet
    variant: Variant


def whole(fleet: Fleet) -> Side:
    """The side of a fleet that gets all requests."""
    return Side(fleet, {variant.plan.name: 1.0 for variant in fleet.production})


def shifted(old: Sequence[Side], new: Fleet, shares: Mapping[str, float]) -> list[Side]:
    """Give a new fleet its shares of the requests and leave the rest to the old sides."""
    if all(shares.get(variant.plan.name, 1.0) >= 1.0 for variant in new.production):
        return [whole(new)]
    rest = [
        Side(side.fleet, {name: share * (1 - shares.get(name, 0.0)) for name, share in side.shares.items()})
        for side in old
    ]
    return [*rest, Side(new, dict(shares))]


class Table:
    """The routes of an endpoint at one moment; it never changes, an endpoint gets another one.

    A request goes to a fleet's variant with a chance of the variant's weight over the fleet's sum of weights,
    times the fleet's share of the variant.
    """

    def __init__(self, sides: Sequence[Side]) -> None:
        self.sides = tuple(sides)
        self._routes: list[Route] = []
        chances: list[float] = []
        self._named: dict[str, tuple[list[Route], list[float]]] = {}
        for side in sides:
            total = sum(variant.weight for variant in side.fleet.production)
            for variant in side.fleet.production:
                route, share = Route(side.fleet, variant), side.shares.get(variant.plan.name, 0.0)
                self._routes.append(route)
                chances.append(share * variant.weight / total if total else 0.0)
                routes, shares = self._named.setdefault(variant.plan.name, ([], []))
                routes.append(route)
                shares.append(share)
        self._cumulative = list(itertools.accumulate(chances))

    @property
    def fleets(self) -> list[Fleet]:
        """The fleets that take requests, or may get them back."""
        return [side.fleet for side in self.sides]

    def choose(self) -> Route | None:
        """Pick a variant at random by weight; None when all weights are zero."""
        if not self._cumulative or not self._cumulative[-1]:
            return None
        return random.choices(self._routes, cum_weights=self._cumulative)[0]  # noqa: S311 - spreading traffic

    def target(self, name: str) -> Route | None:
        """The route to a production variant by its name, whatever its weight; None when there is none."""
        routes, shares = self._named.get(name, ([], []))
        if not routes:
            return None
        if len(routes) == 1 or not any(shares):
            return routes[0]
        return random.choices(routes, shares)[0]  # noqa: S311 - spreading traffic, not secrets
