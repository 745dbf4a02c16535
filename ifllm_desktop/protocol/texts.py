"""What participants read: the parts ``texts`` and ``consent``."""

from __future__ import annotations

from typing import Literal

from ifllm_desktop.protocol.part import LocalText, Part


class PageText(Part):
    """What stands on a page of the participant's flow."""

    title: LocalText
    body: LocalText


class Texts(Part):
    """Texts of the pages, by page."""

    welcome: PageText
    consent: PageText
    camera_check: PageText
    calibration: PageText
    gaze_result: PageText
    gaze_help: PageText = PageText(
        title="Your eyes are hard to follow today",
        body="This happens, and it is not your fault. Light from the front and a steady seat often help.",
    )
    drift_check: PageText = PageText(
        title="One dot before we go on",
        body="Look at the dot until its ring is full.",
    )
    text_check: PageText = PageText(
        title="Read a few lines",
        body="A bar marks one line at a time. Read that line once, then press Space.",
    )
    demographics: PageText = PageText(
        title="A few questions about you",
        body="You need not answer any of them.",
    )
    before_task: PageText = PageText(title="Before you begin", body="There is no right or wrong.")
    after_task: PageText = PageText(title="About what you have read", body="Answer from memory.")
    at_end: PageText = PageText(title="Before you go", body="A last few questions.")
    instructions: PageText
    finish: PageText
    declined: PageText


class ScopeAsked(Part):
    """One line of the consent page. ``needed``: the study cannot run without a yes."""

    scope: Literal["gaze", "pointer", "eye_patches", "sharing"]
    needed: bool = False
    title: LocalText
    text: LocalText
