"""The report of an audit: one well-formed file that needs nothing else and invents nothing."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from ifllm_desktop.analysis.audit_report import ReportFacts, SetFacts, audit_html
from ifllm_desktop.analysis.audit_report_style import TOKENS, style
from ifllm_desktop.analysis.audit_rows import Decision
from ifllm_desktop.analysis.session_quality import Problem, SessionQuality
from tests import audit_sessions as made

X = "{http://www.w3.org/1999/xhtml}"
VOID = {"meta", "br", "hr", "img", "link", "input"}
FACTS = ReportFacts(
    "Everyday <explanations>", "demo", "2026-02-03 04:05", "1.2.3", "ab" * 32, "main",
    (SetFacts("main", "loss ≤ 15 %", 8, 2, {"loss": 1, "error": 1}), SetFacts("strict", "score ≥ 80", 3, 7, {})),
    "Gaze was estimated & checked.", (("Camera", "made up"),), 3.5,
)  # fmt: skip


def out(number: int, reason: str = "", *rules: str) -> dict[str, Decision]:
    return {made.session_id(number): Decision(False, reason, rules)}


def parsed(html: str) -> ET.Element:
    """The page as XML: raises where anything is open, crossed or not escaped."""
    assert html.startswith("<!DOCTYPE html>\n")
    return ET.fromstring(html.partition("\n")[2])


def words(element: ET.Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


class Tags(HTMLParser):
    """Whether every tag is closed in order, as a browser would read it."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """Closed by itself: nothing stays open."""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def qualities() -> list[SessionQuality]:
    traced = made.quality(3, error_px=115, refit=True, with_trace=True)
    return [traced, *(made.quality(k) for k in range(4, 11)), made.without_gaze(11), made.not_calibrated(12)]


@pytest.fixture(scope="module")
def html(qualities: list[SessionQuality]) -> str:
    return audit_html(qualities, {**out(5, "", "loss", "accuracy"), **out(6, "fell asleep")}, FACTS)


def test_that_the_page_is_well_formed_for_xml_and_for_a_browser(html: str) -> None:
    parsed(html)
    tags = Tags()
    tags.feed(html)
    assert tags.open == []


def test_that_nothing_is_asked_from_elsewhere_and_nothing_is_run(html: str) -> None:
    lower = html.lower()
    for word in ("<script", "<link", "<img", "<iframe", "@import", "url(", "src=", "javascript:", "onload"):
        assert word not in lower, word
    links = re.findall(r'href="([^"]*)"', html)
    assert links and all(link.startswith("#") for link in links)
    ids = set(re.findall(r'\bid="([^"]*)"', html))
    assert {link[1:] for link in links} <= ids and len(ids) == len(re.findall(r'\bid="', html))


def test_that_what_people_wrote_cannot_become_markup(qualities: list[SessionQuality]) -> None:
    evil = '</td><script>alert("x")</script>&\x00\x1b\ufffe'
    bad = replace(qualities[0], participant_id=evil, problems=(Problem("unreadable", evil),))
    facts = replace(
        FACTS, title=evil, paper=evil, set_name=evil, sets=(SetFacts(evil, evil, 0, 1, {evil: 1}),)
    )
    root = parsed(audit_html([bad], out(3, evil), facts))
    assert not list(root.iter(f"{X}script"))
    assert words(root).count('</td><script>alert("x")</script>&') >= 6


def test_that_what_was_not_measured_is_a_dash_and_never_nan(html: str) -> None:
    text = words(parsed(html).find(f"{X}body"))  # type: ignore[arg-type]
    assert not re.search(r"\b(nan|inf|None|null)\b", text)
    row = next(tr for tr in parsed(html).iter(f"{X}tr") if made.session_id(12) in ET.tostring(tr, "unicode"))
    assert words(row).startswith("P012 · 1 – – – – – – – – not known")
    assert "NaN" not in html and "nan" not in re.sub(r"[a-z]*nan[a-z]+", "", html)


def test_that_every_drawing_can_be_read_aloud_and_every_table_has_heads(html: str) -> None:
    root = parsed(html)
    drawings = list(root.iter(f"{X}svg"))
    assert len(drawings) > 10
    for drawing in drawings:
        assert drawing.get("role") == "img" and drawing.get("aria-label")
        assert words(drawing.find(f"{X}title"))  # type: ignore[arg-type]
        assert words(drawing.find(f"{X}desc"))  # type: ignore[arg-type]
    for table in root.iter(f"{X}table"):
        heads = [th for th in table.iter(f"{X}th") if th.get("scope") == "col"]
        assert heads
        for line in table.find(f"{X}tbody") or ():
            assert len(list(line)) == len(heads)
    assert root.get("lang") == "en"
    levels = [int(e.tag[-1]) for e in root.iter() if re.fullmatch(r"\{.*\}h[1-6]", e.tag)]
    assert levels[0] == 1 and levels.count(1) == 1


def test_that_included_sessions_make_the_figures_and_others_stand_with_their_reason(html: str) -> None:
    text = words(parsed(html))
    assert "8 of 10" in text and "no: loss and error" in text and "no: fell asleep" in text
    assert "Gaze was estimated & checked." in text and "made up" in text
    assert "loss: 1, error: 1" in text and "score ≥ 80" in text
    assert "1.2.3" in text and "ab" * 32 in text


def test_that_a_session_has_every_attempt_its_checks_traces_and_support(html: str) -> None:
    root = parsed(html)
    session = next(d for d in root.iter(f"{X}details") if d.get("id") == made.session_id(3))
    text = words(session)
    assert "1 · all points" in text and "2 · all points · used" in text and "(+69)" in text
    assert "check after new points" in text and "new points" in text
    titles = [words(t) for t in session.iter(f"{X}title")]
    assert "Gaze and head over time" in titles and "Error during the session" in titles
    assert "the vertical error is greater than a line is high" in text
    without = next(d for d in root.iter(f"{X}details") if d.get("id") == made.session_id(4))
    assert "Gaze and head over time" not in [words(t) for t in without.iter(f"{X}title")]


def test_that_simulated_sessions_are_said_to_be_no_data_of_people(html: str) -> None:
    assert "10 of 10 sessions are of simulated participants" in words(parsed(html))


def test_that_colours_are_those_of_the_window_and_dark_is_for_screens_only() -> None:
    from ifllm_desktop.ui.theme import Theme

    for name, (light, dark) in TOKENS.items():
        assert (light, dark) == (Theme("light").hex(name), Theme("dark").hex(name)), name
    used = set(re.findall(r"var\(--([a-z_0-9]+)\)", style()))
    assert used <= set(TOKENS)
    assert "@media screen and (prefers-color-scheme:dark)" in style() and "@media print" in style()


def test_that_five_hundred_sessions_with_traces_stay_below_ten_megabytes() -> None:
    traced = made.quality(1, with_trace=True).trace
    qualities = [replace(q, trace=traced) for q in made.study(500)]
    began = time.process_time()
    size = len(audit_html(qualities, {}, FACTS).encode())
    assert size < 10_000_000
    assert time.process_time() - began < 20


def test_that_an_empty_study_has_a_report_too() -> None:
    root = parsed(audit_html([], {}, replace(FACTS, sets=(), paper="", paper_table=())))
    assert "No calibration was validated" in words(root) and "0 of 0" in words(root)
