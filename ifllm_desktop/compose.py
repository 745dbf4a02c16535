"""The only file that knows every concrete class of a run (and no Qt): builds studies, devices and sessions."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from ifllm_desktop import __version__
from ifllm_desktop.adapters.chat_prepared import PreparedChat
from ifllm_desktop.adapters.clock import MonotonicClock, SimulatedClock
from ifllm_desktop.adapters.simulated_camera import SimulatedCamera, SimulatedLandmarker
from ifllm_desktop.adapters.simulated_person import SimulatedPerson
from ifllm_desktop.capture.inline import InlineCapture
from ifllm_desktop.capture.pipeline import Pipeline
from ifllm_desktop.capture.recorder import Recorder
from ifllm_desktop.capture.worker import CaptureWorker
from ifllm_desktop.compose_devices import CameraSetup, camera_setup, opened_by
from ifllm_desktop.compose_landmarker import landmarker_facts, open_landmarker
from ifllm_desktop.compose_withdraw import finish_erasures
from ifllm_desktop.domain.errors import DataError, UsageError
from ifllm_desktop.domain.samples import FEATURE_SET
from ifllm_desktop.domain.session import SegmentInfo, SessionInfo
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.topics import Topic
from ifllm_desktop.ports import Camera, Clock, Landmarker, RecordingSource
from ifllm_desktop.protocol import StudyProtocol, load_editions, load_protocol, load_topics
from ifllm_desktop.resource_files import resource_path
from ifllm_desktop.session.assignment import assign, assignments
from ifllm_desktop.session.chat_pump import SimulatedChatPump, ThreadedChatPump
from ifllm_desktop.session.conductor import Conductor
from ifllm_desktop.session.flow import ParticipantFlow
from ifllm_desktop.session.gaze_setup import GazeSetup
from ifllm_desktop.session.ids import IdFactory, RandomIds, SeededIds, seed_of
from ifllm_desktop.store.recovery import recover, verify
from ifllm_desktop.store.study import StudyFolder
from ifllm_desktop.store.writer import SegmentWriter
from ifllm_desktop.wording import sentence

SIMULATED_WALL_START_NS = 1_767_225_600_000_000_000
"""Wall time at which simulated sessions begin: 2026-01-01T00:00:00Z, so that runs can be compared byte by byte."""
SCHEMA_FILE = "study.schema.json"
"""Beside each new study.yaml, which names it: editors complete and check the file by it."""
_ANSWERS = {"demo": "demo", "paper": "paper", "stimuli": "paper"}
TEMPLATES = tuple(_ANSWERS)
"""Study files to begin with; two of them share their prepared answers."""
SIMULATED = "simulated"
_PARTICIPANT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


def default_study_folder() -> Path:
    """A new folder for a demo study among the user's own data."""
    base = Path(platformdirs.user_data_dir("ifllm_desktop", appauthor=False)) / "studies"
    stamp = time.strftime("demo-%Y%m%d-%H%M%S")
    folder = base / stamp
    number = 2
    while folder.exists():
        folder = base / f"{stamp}-{number}"
        number += 1
    return folder


def new_study(path: Path, template: str) -> Path:
    """Make a study folder from a template. Raises UsageError ``unknown_name``, WorldError ``study_exists``."""
    if template not in TEMPLATES:
        raise UsageError("unknown_name", kind="template", name=template, known=", ".join(TEMPLATES))
    beside = {
        "answers": resource_path("studies", _ANSWERS[template], "answers"),
        SCHEMA_FILE: resource_path("schema", SCHEMA_FILE),
    }
    StudyFolder.create(path, resource_path("studies", template), beside)
    return path


def open_study(path: Path) -> StudyFolder:
    """An existing study whose protocol is valid; cut-off recordings are recovered by the caller.

    What was half erased is erased first: nobody may read it any more.
    """
    study = StudyFolder.open(path)
    load_protocol(study.protocol_path)
    finish_erasures(study)
    return study


def verify_study(path: Path) -> dict[str, Any]:
    """The report of ``verify``: finishes erasures, recovers what was cut off, then checks everything."""
    study, finished = StudyFolder.open(path), []
    with contextlib.suppress(DataError):  # of a damaged catalogue the report itself tells
        finished = finish_erasures(study)
    verified = verify(study)
    report: dict[str, Any] = {**verified, "erased": len(finished)}
    try:
        load_protocol(study.protocol_path)
    except DataError as error:  # the recordings were read all the same
        report |= {"ok": False, "problems": [sentence(error), *verified["problems"]]}
    return report


def topics_of(study: StudyFolder) -> dict[str, Topic]:
    """The prepared topics of a study."""
    return load_topics(load_protocol(study.protocol_path).topics_folder)


def recover_study(study: StudyFolder) -> list[str]:
    """Close what a crash left open; returns one sentence per recording that was recovered or cannot be."""
    said = []
    for report in recover(study):
        if report.recovered:
            said.append(
                f"A recording of {report.session_id} had not been closed: {report.duration_s:.1f} s were recovered."
            )
        said += [f"{report.file}: {problem}" for problem in report.problems]
    return said


# ---- devices ---------------------------------------------------------------------------------


def make_camera(spec: str, clock: Clock, person: SimulatedPerson | None) -> Camera:
    """Camera of a specification: a number, a video file, or ``simulated``."""
    if spec == SIMULATED:
        assert person is not None
        return SimulatedCamera(person, clock)
    return opened_by(spec, clock)


def make_landmarker(spec: str, person: SimulatedPerson | None) -> Landmarker:
    """The landmarker that goes with a camera."""
    if spec == SIMULATED:
        assert person is not None
        return SimulatedLandmarker(person)
    return open_landmarker()


def devices_of(spec: str) -> str:
    """``real``, ``video`` or ``simulated``."""
    if spec == SIMULATED:
        return "simulated"
    return "real" if spec.isdigit() else "video"


# ---- sessions --------------------------------------------------------------------------------


@dataclass(slots=True)
class SessionParts:
    """A session that is ready to start, with what its driver needs besides the conductor."""

    study: StudyFolder
    protocol: StudyProtocol
    info: SessionInfo
    conductor: Conductor
    clock: Clock
    person: SimulatedPerson | None
    screen: Screen
    quality_of: Callable[[str], str]

    def finish(self, *, cleanly: bool = True) -> SegmentInfo:
        """Close the recording and enter how the session ended."""
        snapshot = self.conductor.snapshot
        segment = self.conductor.close(cleanly=cleanly)
        catalogue = self.study.catalogue()
        # the segment last: until it is entered as closed the next start would look after all of this again
        if snapshot.scopes is not None:
            wall_ns = self.clock.wall_ns()
            catalogue.put_consent(
                self.info.participant_id, self.info.session_id, dict(snapshot.scopes), wall_ns
            )
        catalogue.complete_assignments(self.info.session_id, self.conductor.flow.finished_tasks)
        state = "finished" if snapshot.ended == "finished" else "stopped"
        catalogue.set_session_state(self.info.session_id, state)
        catalogue.put_segment(segment)
        return segment


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """How a session is to be run.

    Attributes
    ----------
    camera : str
        Number, video file or ``simulated``.
    simulated_clock : bool
        Whether time is simulated (only without a window).
    simulated_person : bool
        Whether a simulated participant acts or at least looks (always with the simulated camera).
    alone : bool
        Whether the assignment counts what others have completed. Not where many are simulated at the same time: who
        is ready first would decide.
    """

    camera: str
    seed: int
    simulated_clock: bool
    simulated_person: bool
    screen: Screen
    start_wall_ns: int | None = None
    alone: bool = True


def next_participant(study: StudyFolder) -> str:
    """The next free id: P001, P002 …"""
    known = set(study.catalogue().participants())
    gone = sum(stone.what == "participant" for stone in study.catalogue().tombstones())
    number = (
        len(known) + gone + 1 if gone else 1
    )  # the id of somebody who withdrew is not given to the next one
    while f"P{number:03d}" in known:
        number += 1
    return f"P{number:03d}"


def new_participants(study: StudyFolder, n: int, devices: str) -> list[str]:
    """Enter the next ``n`` free ids, in order."""
    people = []
    for _ in range(n):
        people.append(next_participant(study))
        study.catalogue().add_participant(people[-1], devices, SIMULATED_WALL_START_NS)
    return people


def prepare_session(study: StudyFolder, participant_id: str, options: SessionOptions) -> SessionParts:
    """Everything of one session, wired. The segment file exists when it returns; nothing runs yet."""
    if not _PARTICIPANT_ID.fullmatch(participant_id):
        raise UsageError("participant_id", name=participant_id)
    editions = load_editions(study.protocol_path)
    protocol, topics = next(iter(editions.values()))
    clock: Clock
    if options.simulated_clock:
        clock = SimulatedClock(wall_start_ns=options.start_wall_ns or SIMULATED_WALL_START_NS)
    else:
        clock = MonotonicClock()
    number = 1 + sum(s.participant_id == participant_id for s in study.catalogue().sessions())
    seeded = options.simulated_clock
    n_erased = len(study.catalogue().tombstones())  # whoever comes again is somebody new, also to the dice
    seed = f"{options.seed}/{participant_id}/{number}{f'/{n_erased}' if n_erased else ''}"
    ids: IdFactory = SeededIds(seed) if seeded else RandomIds()
    person = None
    if options.simulated_person:
        person = SimulatedPerson(
            seed_of(options.seed, participant_id) % 2**31, options.screen, protocol.rating.scale
        )
    info = SessionInfo(
        ids.new("session"),
        participant_id,
        protocol.id,
        number,
        clock.wall_ns(),
        devices_of(options.camera),
        "open",
    )
    camera = make_camera(options.camera, clock, person)
    lens = camera_setup(options.camera)
    header = _header(info, protocol, options, camera, lens)
    recorder = Recorder(_open_segment(study, info, header, clock), clock)
    catalogue = study.catalogue()
    earlier = catalogue.assignments() if options.alone else ()
    plan = assign(protocol, topics, participant_id, _order(study, participant_id), earlier)
    catalogue.put_assignments(assignments(plan, info.session_id))
    flow = ParticipantFlow(protocol, topics, plan, info.session_id, recorder.record, ids, editions)

    def make_pipeline() -> Pipeline:
        landmarker = make_landmarker(options.camera, person)
        return Pipeline(landmarker, recorder.record, recorder.session_ns, intrinsics=lens.intrinsics)

    stream = protocol.stream
    translations = {code: edition[1] for code, edition in editions.items()}
    chat = PreparedChat(topics, stream.tokens_per_s, stream.jitter, stream.first_token_ms, translations)
    setup = GazeSetup(
        protocol, options.screen, recorder.record, ids,
        viewing_distance=lambda features: lens.viewing_distance(features, participant_id),
    )  # fmt: skip
    if options.simulated_clock:
        conductor = Conductor(
            flow,
            recorder,
            InlineCapture(camera, make_pipeline(), clock),
            SimulatedChatPump(chat, clock),
            setup,
            header,
        )
    else:
        worker = CaptureWorker(camera, make_pipeline, clock)
        conductor = Conductor(flow, recorder, worker, ThreadedChatPump(chat, clock), setup, header)
    conductor.latency = lens.latency

    def quality_of(response_id: str) -> str:
        request = conductor.requests.get(response_id)
        if request is None:
            return ""
        answer = topics[request.topic_id].turns[request.turn_index].answer(request.model, request.style)
        return answer.quality if answer is not None else ""

    return SessionParts(study, protocol, info, conductor, clock, person, options.screen, quality_of)


def _order(study: StudyFolder, participant_id: str) -> int:
    """Which participant of the study this is, from 0: balances sides over people."""
    people = list(study.catalogue().participants())
    return people.index(participant_id) if participant_id in people else len(people)


def _header(
    info: SessionInfo, protocol: StudyProtocol, options: SessionOptions, camera: Camera, lens: CameraSetup
) -> dict[str, Any]:
    return {
        "session_id": info.session_id, "participant_id": info.participant_id, "study_id": info.study_id,
        "station_id": "station-1", "segment": 1, "seed": options.seed, "devices": info.devices,
        "screen": {k: _finite(v) for k, v in dataclasses.asdict(options.screen).items()},
        "camera": {**camera.describe(), **lens.header(info.participant_id)}, "feature_set": FEATURE_SET,
        "app_version": __version__, "protocol_sha256": protocol.sha256, "landmarker": _landmarker(options.camera),
    }  # fmt: skip


def _landmarker(spec: str) -> dict[str, str]:
    return {"name": SIMULATED} if spec == SIMULATED else landmarker_facts()


def _finite(value: float | str) -> float | str | None:
    return value if value == value else None


def _open_segment(
    study: StudyFolder, info: SessionInfo, header: dict[str, Any], clock: Clock
) -> SegmentWriter:
    catalogue = study.catalogue()
    wall_ns = clock.wall_ns()
    catalogue.add_participant(info.participant_id, info.devices, wall_ns)
    catalogue.add_session(info)
    writer = study.new_segment(info.session_id, 1, {**header, "session_number": info.number}, wall_ns)
    catalogue.put_segment(writer.info())
    return writer


def check_camera(spec: str) -> None:
    """Whether frames can be had from a camera or file, before anything is written. Raises its WorldError."""
    camera = make_camera(spec, MonotonicClock(), None)
    camera.open()
    camera.close()
    landmarker_facts()  # says what is missing where no face model can be had


# ---- reading ---------------------------------------------------------------------------------


def session_of(study: StudyFolder, session: str | None) -> SessionInfo:
    """A session by id, or the newest. Raises DataError ``session_missing``, ``no_sessions``."""
    sessions = study.catalogue().sessions()
    if not sessions:
        raise DataError("no_sessions", path=str(study.path))
    if session is None:
        return sessions[-1]
    for info in sessions:
        if info.session_id == session:
            return info
    raise DataError("session_missing", session=session)


def sources(study: StudyFolder) -> list[RecordingSource]:
    """Every session of a study that can be read, by time of entry; see :func:`unreadable`."""
    return [source for _, source, problem in _all_sources(study) if source is not None and not problem]


def unreadable(study: StudyFolder) -> list[str]:
    """One sentence for each recording that is damaged or too new: it must not stop work on all the others."""
    return [problem for _, _, problem in _all_sources(study) if problem]


def _all_sources(study: StudyFolder) -> Iterator[tuple[SessionInfo, RecordingSource | None, str]]:
    for info in study.catalogue().sessions():
        if not info.segments:
            continue
        try:
            source = study.source(info.session_id)
            source.events()
        except DataError as error:
            yield info, None, sentence(error)
        else:
            yield info, source, ""


def free_bytes(path: Path) -> int:
    """Free space where a folder lies; of the nearest one that exists."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free
