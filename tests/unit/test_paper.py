"""The sentences and the table for a paper."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from ifllm_desktop.analysis import paper as paper_module
from ifllm_desktop.analysis.audit_rows import Decision
from ifllm_desktop.analysis.exclusions import decisions, rule_of_study
from ifllm_desktop.analysis.paper import NOT_KNOWN, Paper, PaperFacts, paper, rule_words
from ifllm_desktop.analysis.session_quality import QualityLimits, SessionQuality
from ifllm_desktop.domain.exclusions import ExclusionRule, ExclusionSet
from ifllm_desktop.domain.space import Screen
from tests.audit_sessions import quality

LIMITS = QualityLimits()
SET = ExclusionSet("main", rule_of_study(LIMITS))


def written(qualities: list[SessionQuality], n_unreadable: int = 0) -> Paper:
    return paper(qualities, decisions(SET, qualities, LIMITS), PaperFacts(SET, "9.9", n_unreadable))


def person(number: int, error_px: float) -> SessionQuality:
    return replace(quality(number, error_px=error_px), participant_id=f"P{number:02}")


def table(made: Paper) -> dict[str, str]:
    return {row.item: row.value for row in made.table}


def test_that_a_study_gets_its_median_with_an_interval_over_people() -> None:
    errors = [60.0, 70.0, 80.0, 90.0, 100.0, 110.0, 120.0]
    made = written([person(k, error) for k, error in enumerate(errors)])
    rows = table(made)
    assert rows["Accuracy, distance to the mean gaze"].startswith("90 px [")
    low, high = (
        rows["Accuracy, distance to the mean gaze"].split("[")[1].rstrip("]").removesuffix(" px").split(", ")
    )
    assert 60 <= float(low) < 90 < float(high) <= 120
    assert "bootstrap intervals" in made.sentences and "held-out targets" in made.sentences


def test_that_one_person_who_came_often_counts_once() -> None:
    often = [replace(person(k, 150.0), participant_id="P99") for k in range(10, 30)]
    made = written([person(1, 60.0), person(2, 70.0), *often])
    assert table(made)["Accuracy, distance to the mean gaze"].startswith("70 px")
    assert table(made)["Sessions and people"] == "22 sessions of 3 people"


def test_that_one_session_has_no_interval_and_it_is_said() -> None:
    made = written([person(1, 80.0)])
    assert "[" not in made.sentences and "no intervals are given" in made.sentences
    assert all("[" not in row.value for row in made.table)
    assert made.sentences.count("single session") == 1


def test_that_mixed_screens_give_degrees_only() -> None:
    other = replace(person(2, 80.0), screen=Screen(2560.0, 1440.0, w_mm=600.0, h_mm=340.0, distance_mm=600.0))
    made = written([person(1, 80.0), other, person(3, 80.0)])
    assert "screens differ, so no pixels" in made.sentences and " px;" not in made.sentences
    assert table(made)["Accuracy, distance to the mean gaze"] == "not known, screens differ"
    assert "(n = 2)" in table(made)["Screen"]


def test_that_an_unknown_screen_gives_pixels_only() -> None:
    unknown = []
    for k in range(3):
        made = person(k, 80.0)
        accuracy = replace(made.accuracy, deg=math.nan, x_deg=math.nan, y_deg=math.nan, sample_deg=math.nan)
        precision = replace(made.precision, std_deg=math.nan, rms_s2s_deg=math.nan, bcea_deg2=math.nan)
        screen = replace(made.screen, w_mm=math.nan, h_mm=math.nan)
        drift = replace(made.drift, change_deg=math.nan)
        unknown.append(replace(made, accuracy=accuracy, precision=precision, screen=screen, drift=drift))
    found = written(unknown)
    assert "no degrees are given" in found.sentences and "nan" not in found.as_text().lower()
    assert table(found)["Accuracy, angle to the mean gaze"] == NOT_KNOWN
    assert "size not known" in table(found)["Screen"]


def test_that_numbers_of_exclusions_add_up() -> None:
    lossy = [replace(q := person(k, 80.0), loss=replace(q.loss, loss=0.5)) for k in (5, 6)]
    refused = replace(person(7, 80.0), gaze_consent="no")
    made = written([person(1, 80.0), person(2, 80.0), person(3, 80.0), *lossy, refused], n_unreadable=1)
    assert "Of 7 sessions 3 were kept (loss ≤ 15 %, error ≤ 3.5°" in made.sentences
    assert table(made)["Sessions left out"] == "4 (loss 2, no consent to gaze 1, recording cannot be read 1)"


def test_that_nothing_is_made_up_where_every_session_is_out() -> None:
    made = written([replace(person(1, 80.0), gaze_consent="no")])
    assert "nothing to report" in made.sentences
    assert table(made)["Effective rate"] == NOT_KNOWN
    none = paper([], {}, PaperFacts(SET, "9.9", 2))
    assert "nothing to report" in none.sentences and table(none)["Sessions left out"].startswith("2 (")


def test_that_simulated_sessions_are_called_so() -> None:
    simulated = []
    for k in range(3):
        made = person(k, 80.0)
        simulated.append(replace(made, apparatus=replace(made.apparatus, devices="simulated")))
    assert written(simulated).sentences.startswith("All 3 sessions are of simulated participants")
    real = replace(person(9, 80.0), apparatus=replace(person(9, 80.0).apparatus, devices="real"))
    assert written([*simulated, real]).sentences.startswith("3 of the 4 sessions are of simulated")
    assert "simulated" not in written([real]).sentences
    video = replace(real, apparatus=replace(real.apparatus, devices="video"))
    assert written([video]).sentences.startswith("The session is of a simulated participant or a video file")


def test_that_a_study_without_validations_says_so() -> None:
    unvalidated = []
    for k in range(3):
        made = person(k, 80.0)
        unvalidated.append(replace(made, accuracy=replace(made.accuracy, px=math.nan, deg=math.nan)))
    everyone = {q.session_id: Decision() for q in unvalidated}
    made = paper(unvalidated, everyone, PaperFacts(ExclusionSet("all"), "9.9"))
    assert "no calibration was validated" in made.sentences and "chosen by hand" in made.sentences


def test_that_every_item_of_the_checklist_has_a_row() -> None:
    items = " ".join(table(written([person(1, 80.0)])))
    for word in ("tracker", "rate", "Screen", "distance", "Calibration", "Validation", "Accuracy", "RMS-S2S", "STD",
                 "BCEA", "loss", "Exclusion", "left out", "Software", "Head", "Filter"):  # fmt: skip
        assert word in items


def test_that_a_retracted_guideline_is_not_cited() -> None:
    text = Path(paper_module.__file__).read_text(encoding="utf-8")
    assert "Dunn" in text and "Holmqvist" not in text


def test_that_a_rule_is_said_in_words() -> None:
    assert rule_words(ExclusionRule()) == "all sessions" and rule_words(None) == "chosen by hand"
    assert rule_words(ExclusionRule(min_rate_hz=15.0, no_simulated=True)) == "rate ≥ 15 Hz, not simulated"
