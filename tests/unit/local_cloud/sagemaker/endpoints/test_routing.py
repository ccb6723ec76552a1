"""Requests are spread over variants by weight and over fleets by share."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest

from local_cloud.sagemaker.endpoints import routing
from local_cloud.sagemaker.endpoints.fleet import Fleet
from local_cloud.sagemaker.endpoints.routing import Side, Table

DRAWS = 4000


def fleet(label: str, **weights: float) -> Fleet:
    """A stand-in for a fleet: variants with weights."""
    variants = [
        SimpleNamespace(plan=SimpleNamespace(name=name), weight=weight, label=f"{label}.{name}")
        for name, weight in weights.items()
    ]
    return cast("Fleet", SimpleNamespace(production=variants, label=label))


def share_of(table: Table, target: str | None = None) -> dict[str, float]:
    drawn: Counter[str] = Counter()
    for _ in range(DRAWS):
        route = table.choose() if target is None else table.target(target)
        assert route is not None
        drawn[cast("Any", route.variant).label] += 1
    return {label: count / DRAWS for label, count in drawn.items()}


def close(value: float) -> Any:
    return pytest.approx(value, abs=0.05)  # over six standard deviations of 4000 draws


def test_variants_get_requests_by_weight() -> None:
    table = Table([routing.whole(fleet("blue", a=3.0, b=1.0, zero=0.0))])
    assert share_of(table) == {"blue.a": close(0.75), "blue.b": close(0.25)}


def test_a_variant_of_weight_zero_answers_who_asks_for_it() -> None:
    table = Table([routing.whole(fleet("blue", a=1.0, zero=0.0))])
    assert share_of(table, "zero") == {"blue.zero": 1.0}
    assert table.target("nobody") is None


def test_nobody_answers_when_all_weights_are_zero() -> None:
    assert Table([routing.whole(fleet("blue", a=0.0))]).choose() is None
    assert Table([]).choose() is None


def test_a_new_fleet_gets_its_share_of_each_variant() -> None:
    blue, green = fleet("blue", a=1.0, b=1.0), fleet("green", a=3.0, b=1.0)
    sides = routing.shifted([routing.whole(blue)], green, {"a": 0.25, "b": 0.25})
    assert share_of(Table(sides)) == {
        "blue.a": close(0.375),
        "blue.b": close(0.375),
        "green.a": close(0.1875),
        "green.b": close(0.0625),
    }
    assert share_of(Table(sides), "a") == {"blue.a": close(0.75), "green.a": close(0.25)}


def test_a_whole_share_leaves_nothing_to_the_old_fleet() -> None:
    blue, green = fleet("blue", a=1.0), fleet("green", other=1.0)
    (side,) = routing.shifted([routing.whole(blue)], green, {"other": 1.0})
    assert side.fleet is green


def test_a_third_fleet_takes_its_share_of_a_mixture() -> None:
    blue, green, third = fleet("blue", a=1.0), fleet("green", a=1.0), fleet("third", a=1.0)
    mixture = [Side(blue, {"a": 0.5}), Side(green, {"a": 0.5})]
    table = Table(routing.shifted(mixture, third, {"a": 0.5}))
    assert share_of(table) == {"blue.a": close(0.25), "green.a": close(0.25), "third.a": close(0.5)}
