"""What SageMaker instances cost, where that is known; what is not in `prices.json` is unknown, never guessed."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

HOUR = 3600
MONTH = 730  # hours of a month, as AWS's own price pages count


@cache
def _table(text: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(text)
    return table


def prices(override: str = "") -> dict[str, Any]:
    """The price list; `override` is JSON of the same form, whose regions replace ours."""
    ours = _table(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))
    if not override:
        return ours
    theirs = _table(override)
    return {**ours, **theirs, "regions": {**ours["regions"], **theirs.get("regions", {})}}


def hourly(instance_type: str, use: str, region: str, override: str = "") -> float | None:
    """USD for an instance hour, for `use` training, processing or hosting; None if unknown."""
    price = prices(override)["regions"].get(region, {}).get(use, {}).get(instance_type)
    return None if price is None else float(price)


def cost(hours: float, instance_type: str, use: str, region: str, override: str = "") -> float | None:
    """USD for that many instance hours; None if the price is unknown."""
    price = hourly(instance_type, use, region, override)
    return None if price is None else price * hours


def basis(region: str, override: str = "") -> str:
    """One sentence that says where the figures come from."""
    table = prices(override)
    note = "" if table.get("verified") else "; to be checked against that page"
    return f"list prices of {table['date']} for {region} ({table['source']}{note}); instance time only"
