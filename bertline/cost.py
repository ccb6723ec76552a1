"""A rough bill: the settings' instance types times the list prices of config/prices/us-east-1.toml."""

import tomllib
from dataclasses import dataclass
from typing import Any

from bertline.errors import BertlineError
from bertline.paths import CONFIG
from bertline.target import settings_of

HOURS_A_MONTH = 730
PRICES = CONFIG / "prices" / "us-east-1.toml"


@dataclass(frozen=True)
class Item:
    """One line of the bill, in US dollars per `unit`."""

    what: str
    how: str
    unit: str
    dollars: float


def estimate(settings: dict[str, Any], prices: dict[str, Any]) -> list[Item]:
    """The lines of the bill for one environment's settings.

    Raises
    ------
    BertlineError
        The price table has no price for an instance type.
    """
    items = [_step(name, minutes, settings, prices) for name, minutes in prices["minutes"].items()]
    items.append(Item("one pipeline run", "the steps above", "run", sum(item.dollars for item in items)))
    serving = settings["serving"]
    hourly = _hour(serving["instance_type"], prices) * serving["instance_count"]
    how = f"{serving['instance_count']} x {serving['instance_type']}, always on"
    items.append(Item("endpoint", how, "hour", hourly))
    items.append(Item("endpoint", how, "month", hourly * HOURS_A_MONTH))
    items.append(Item("KMS key", "1 key", "month", prices["month"]["kms_key"]))
    items.append(Item("S3", "1 GB of data, features and models", "month", prices["month"]["s3_gb"]))
    return items


def read(environment: str) -> list[Item]:
    """The bill of an environment's settings file."""
    return estimate(settings_of(environment), tomllib.loads(PRICES.read_text()))


def _step(name: str, minutes: float, settings: dict[str, Any], prices: dict[str, Any]) -> Item:
    machine = settings["training" if name == "Train" else "processing"]
    count = machine["instance_count"] if name in ("Train", "Prepare") else 1
    dollars = _hour(machine["instance_type"], prices) * count * minutes / 60
    return Item(f"step {name}", f"{count} x {machine['instance_type']}, {minutes:g} min", "run", dollars)


def _hour(instance_type: str, prices: dict[str, Any]) -> float:
    try:
        return float(prices["instance_hour"][instance_type])
    except KeyError:
        raise BertlineError(f"{PRICES} has no price for {instance_type}: add it to [instance_hour]") from None
