"""Where an answer stood during the reading window, from the layout epochs recorded until its end."""

from __future__ import annotations

from ifllm_desktop.features.evidence import Geometry
from ifllm_desktop.replay.layouts import EpochMark, LayoutHistory


def geometries(history: LayoutHistory, response_id: str, t0_ns: int, t1_ns: int) -> tuple[Geometry, ...]:
    """Geometries of one answer that held at some moment of ``[t0_ns, t1_ns)``, by time.

    Epochs that follow each other with the same viewport are folded into the last of them (see
    :class:`~ifllm_desktop.features.evidence.Geometry`). Empty when the answer was never laid out.
    """
    runs: list[list[EpochMark]] = []
    for mark in history.epochs(response_id):
        if mark.t_ns >= t1_ns:
            break
        if runs and runs[-1][-1].head.viewport == mark.head.viewport:
            runs[-1].append(mark)
        else:
            runs.append([mark])
    # a run that was over before the window began says nothing about it
    runs = [run for k, run in enumerate(runs) if k + 1 == len(runs) or runs[k + 1][0].t_ns > t0_ns]
    found = []
    for run in runs:
        layout = history.at(response_id, run[-1].t_ns)
        if layout is not None:
            found.append(Geometry(max(run[0].t_ns, t0_ns), layout))
    return tuple(found)
