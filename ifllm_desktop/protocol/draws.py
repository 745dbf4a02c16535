"""Whether what a study draws by lot can come out as it says."""

from __future__ import annotations

import math

from ifllm_desktop.domain.counterbalance import n_orders
from ifllm_desktop.protocol.document import Document
from ifllm_desktop.protocol.study import StudyProtocol


def check_draws(document: Document, protocol: StudyProtocol) -> None:
    """Refuse counterbalancing that is impossible. Raises ``protocol_invalid``."""
    plan, n_tasks = protocol.randomise, len(protocol.tasks)
    if plan.tasks != "fixed" and n_tasks < 2:
        raise document.invalid(("randomise", "tasks"), f"{plan.tasks} needs two tasks or more")
    if plan.models == "balanced" and len(protocol.models) < 2:
        raise document.invalid(("randomise", "models"), "balanced needs two models or more")
    if plan.styles == "balanced":
        if len(protocol.styles) < 2:
            raise document.invalid(("randomise", "styles"), "balanced needs two styles or more")
        if len({style.share for style in protocol.styles}) > 1:
            raise document.invalid(
                ("randomise", "styles"),
                "balanced needs equal shares: leave share out of each style, or write drawn",
            )
    if plan.participants is not None:
        _check_participants(document, protocol, plan.participants)


def _check_participants(document: Document, protocol: StudyProtocol, planned: int) -> None:
    """Whether each order, side and style can be had equally often by the people that are planned."""
    factors = {}
    if protocol.randomise.tasks == "latin_square":
        factors["orders of tasks"] = n_orders(len(protocol.tasks))
    if any(task.mode == "pair" for task in protocol.tasks):
        factors["sides"] = 2
    if protocol.randomise.styles == "balanced":
        factors["styles"] = len(protocol.styles)
    unit = math.lcm(*factors.values()) if factors else 1
    if planned % unit:
        least = planned - planned % unit
        near = f"{least} or {least + unit}" if least else str(unit)
        what = " and ".join(f"{n} {name}" for name, n in factors.items())
        raise document.invalid(
            ("randomise", "participants"), f"{planned} people cannot share {what} evenly: plan for {near}"
        )
