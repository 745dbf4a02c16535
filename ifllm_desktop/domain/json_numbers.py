"""Numbers as JSON knows them, which has neither NaN nor infinity."""

from __future__ import annotations

import math
from typing import Any


def finite_or_none(value: float) -> float | None:
    """A number that was measured; None for NaN and infinity."""
    return value if math.isfinite(value) else None


def flat_payload(record: Any) -> dict[str, Any]:
    """The fields of a slotted dataclass by name, in their order; numbers that are not finite become None."""
    values = {name: getattr(record, name) for name in record.__slots__}
    return {
        name: finite_or_none(value) if isinstance(value, float) else value for name, value in values.items()
    }
