"""Codes to sentences: what happened, and what to do. Nothing else words an error."""

from __future__ import annotations

import errno

from ifllm_desktop.domain.errors import BugError, IfllmError

SENTENCES: dict[str, str] = {
    # camera
    "camera_missing": "Camera {device} was not found: connect one, or use --camera simulated or --camera FILE.",
    "camera_busy": "Camera {device} gives no picture, most likely because another program uses it: close that one, then try again.",
    "camera_denied": "Camera {device} may not be opened by this user: allow access to the camera (on Linux join the group video), then try again.",
    "camera_lost": "The camera was disconnected: plug it in again; recording goes on and the gap is marked.",
    "camera_stalled": "The camera gives no pictures any more: plug it in again, or choose another one; recording goes on and the gap is marked.",
    "video_unreadable": "{path} cannot be played as a video: choose an MP4, MOV or AVI file.",
    "video_missing": "There is no video {path}: check the name.",
    "landmarker_missing": "The face model cannot be loaded ({reason}): run the set-up again.",
    "landmarker_none": "This MediaPipe comes without a face model: fetch one with `ifllm-desktop gaze fetch-model`, or name a face_landmarker.task in the settings.",
    "landmarker_mesh_gone": "The settings ask for Face Mesh and this MediaPipe has none: set `landmarker` to `auto`.",
    "landmarker_old": "MediaPipe {version} has no FaceLandmarker: run the set-up again, or set `landmarker` to `face_mesh`.",
    "landmarker_reports": "MediaPipe {version} reports its use over the network and is not started: run the set-up again, which installs {silent}.",
    "face_model_missing": "There is no face model {path}: fetch it with `ifllm-desktop gaze fetch-model`, or mend `face_model` in the settings.",
    "face_model_damaged": "The face model {path} is damaged ({problem}): fetch it again with `ifllm-desktop gaze fetch-model`.",
    "face_model_wrong": "{path} is not a model of face landmarks: fetch the right one with `ifllm-desktop gaze fetch-model`.",
    "model_source": "{source} is no address that a model can be fetched from: give one that begins with https://, or a file.",
    "model_unreachable": "The model cannot be fetched from {source} ({reason}): check the network, or fetch it elsewhere and give the file with --from FILE.",
    "model_file_missing": "There is no file {path}: check the name.",
    "model_wrong": "What {source} gives is not the published model (its size or SHA-256 differs; {n_bytes} of {wanted} bytes came), so nothing was kept: take another source.",
    # geometry of camera and screen
    "intrinsics_invalid": "The stored geometry of the camera cannot be read: calibrate the camera again, or discard it.",
    "distance_absurd": "That cannot be the distance of a person at a desk: type what you measured, between {low_cm:.0f} and {high_cm:.0f} cm.",
    "distance_few_frames": "The face was found in {n} pictures only and {needed} are needed: sit in front of the camera with light on your face, then try again.",
    "distance_differs": "{stated_cm} cm were typed, but the picture says about {estimated_cm} cm, which no face and no lens explains: measure from your eyes to the camera again.",
    "board_few_views": "The board was found in {n} different pictures only and {needed} are needed: show it in more places and at more angles.",
    "board_sizes": "The pictures of the board differ in size ({sizes}): use pictures that one camera took at one setting.",
    "board_rms": "The pictures of the board do not fit together ({rms_px:.2f} px, at most {limit_px:.1f} px): keep the board flat and still, without glare, then try again.",
    "board_field": "The result is no camera that exists ({field_deg:.0f}° wide): show the whole board, nearer and in every part of the picture, then try again.",
    "board_unstable": "The focal length is still uncertain by {percent:.0f} %: tilt the board more, to all four sides, then try again.",
    "board_unknown": "{name} is not a board: choose one of {known}.",
    "board_file": "{path} is neither a picture nor a page: choose a name that ends in .png or .pdf.",
    "camera_spec": "{name} is not the number of a camera: `ifllm-desktop camera list` shows them.",
    "pictures_missing": "There is no picture in {path}: choose a folder with JPEG or PNG pictures of the board.",
    "screen_size_absurd": "{text} cannot be the size of a screen: match the card again, or type the diagonal in inches.",
    "latency_few_frames": "Only {n} pictures came while the screen flashed: check the camera, then measure again.",
    "latency_not_visible": "The light of the screen does not reach the camera ({step} grey steps): darken the room, turn the screen up, sit closer, then measure again.",
    "latency_unsteady": "The changes do not agree with each other (spread {sd_ms} ms): keep still and the room dark, close other programs, then measure again.",
    # gaze
    "calibration_targets": "Only {n} calibration targets could be measured and {needed} are needed: check that the face is well lit and in the picture, then calibrate again.",
    "calibration_frames": "The frames of calibration {calibration_id} are not all in the recording ({n} are missing): its gaze cannot be derived again, use the gaze that was stored.",
    "fixation_rule": "Fixations cannot be found by the method {method} at {px_per_deg} px per degree: use idt or ivt, and a screen whose size is known.",
    "calibration_unknown": "This calibration is of a kind ({found}) that this version does not know: calibrate again, or update the program.",
    # pictures and gaze that is computed again
    "folder_missing": "There is no folder {path}: check the name.",
    "out_folder_missing": "{path} cannot be made, because there is no folder {folder}: make it first, or choose another place.",
    "targets_missing": "There is no file {path}: give the CSV file of the targets.",
    "targets_encoding": "{path} is not UTF-8 text: save it as CSV in UTF-8.",
    "targets_columns": "{path} lacks the columns {missing}: add them to its first line.",
    "targets_row": "{path}, line {line}: {problem}. Mend that line, then start again.",
    "targets_empty": "{path} has no rows: put one line per picture into it.",
    "picture_missing": "{path} is not there and is left out: check the column file, or put the picture there.",
    "picture_unreadable": "{path} cannot be read as a picture and is left out: save it as JPEG or PNG.",
    "picture_no_face": "{path} shows no face that can be found and is left out: if there is one, use a brighter or sharper picture.",
    "pictures_none": "None of the {n} pictures in {path} shows a face that can be found: check that these are pictures of faces, upright and in focus.",
    "derive_no_calibration": "The session {session} has no calibration, so its gaze cannot be computed: nothing to do.",
    "derive_no_gaze": "The session {session} has no gaze that was derived live, so there is none to compute again: nothing to do.",
    "derive_lost_frames": "The session {session} lacks the eye features of all {n} frames with gaze: run `ifllm-desktop verify` on the study.",
    "derive_no_patches": "The calibration of session {session} has targets without eye patches: use --model iris.",
    "clicks_few": "Only {n} clicks have gaze before them and {needed} are needed for a correction: use another model.",
    "derived_missing": "There is no derived stream {path}: make it with `ifllm-desktop gaze rederive`.",
    "derived_damaged": "{path} is damaged ({problem}): make it again with `ifllm-desktop gaze rederive`.",
    "derived_stale": "{path} was made from another state of the recording: make it again with `ifllm-desktop gaze rederive`.",
    "derive_nothing": "Nothing could be computed for the {n} sessions of {path}: the lines above say why.",
    # the gaze bench
    "bench_missing": "There is no file {path}: check the name, or make one with `ifllm-desktop gaze extract`.",
    "bench_unreadable": "{path} cannot be read as arrays ({reason}): give the .npz file that `ifllm-desktop gaze extract` wrote.",
    "bench_array": "The array {name} {problem}: give a file that `ifllm-desktop gaze extract` wrote, or use --features iris where there are no eye patches.",
    "bench_empty": "The file has no rows: extract pictures into it first.",
    "prior_no_sessions": "There is no other participant whose sessions could serve as a prior: add one to the file, or leave out --prior others.",
    "bench_too_few": "No session in {path} has more than {n} targets that can be used: take fewer with --points.",
    # study and recording files
    "study_missing": "There is no study in {path}: make one with `ifllm-desktop new {path}`.",
    "study_exists": "{path} is not empty: choose another folder for the new study.",
    "protocol_invalid": "{path}, line {line}: {key}: {problem}. Mend that line, then start again.",
    "recording_newer": "{path} was written by a newer version ({version}) than this one can read ({known}): update the program.",
    "recording_damaged": "{path} is damaged ({problem}): what can be read is kept; run `ifllm-desktop verify` on the study.",
    "database_newer": "{path} was written by a newer version ({version}) than this one can read ({known}): update the program.",
    "protocol_newer": "{path} is a study file of a newer version ({version}) than this one can read ({known}): update the program.",
    "language_unknown": "The study has no texts in {language}: it has {known}.",
    "topics_missing": "There is no topic in {path}: put one YAML file per topic there, as in the demo study.",
    "recording_queue_full": "The disk does not keep up with the recording: free the disk, then resume; all that was queued is kept.",
    "disk_full": "The disk that holds {path} is full: free some space; everything recorded until now is kept.",
    "folder_read_only": "{path} cannot be written to: choose a folder that you may write to, or change its permissions.",
    "path_unusable": "{path} cannot be used ({reason}): choose another one.",
    "session_missing": "The study has no session {session}: `ifllm-desktop audit --table` lists them.",
    "no_sessions": "The study in {path} has no session yet: record one with `ifllm-desktop run {path}`.",
    "participant_missing": "The study has no participant {participant}: nothing of that id is kept here; check how it is written.",
    "withdraw_yes": "Deleting {participant} cannot be undone and there is nobody here to ask: give --yes as well.",
    "withdraw_refused": "Nothing was deleted: {participant} stays in the study.",
    "erasure_recording": "A session of this person is being recorded now: end it first, then try again.",
    "erasure_running": "Somebody's data is being erased from {path} by another program: wait until it is done, then try again.",
    "erasure_stopped": "The deletion was stopped half-way: run the same command again, which finishes it.",
    "participant_id": "{name} cannot be the id of a participant: use 1 to 32 letters, digits, - and _, the first a letter or digit.",
    "label_conflict": "This label step was already stored by another window: close one of them and try again.",
    # scores and exports
    "reward_few_pairs": "Only {n} pairs have a vote for a side and {needed} are needed: record more pairs, or score with the model that ships with the program.",
    "reward_few_people": "Only {n} person has pairs and {needed} are needed, because each person is scored by a model that never saw them: score with the model that ships with the program instead.",
    "reward_seen_people": "The model {model} was trained on {people}, so its scores of them would flatter it: use scores out of fold, or another model.",
    "reward_model_missing": "There is no model in {path}: choose a folder with model.safetensors and card.json.",
    "reward_model_damaged": "The model in {path} is damaged ({problem}): train it again.",
    "reward_model_unknown": "The model in {path} was made with {found}, this program knows {known}: train it again.",
    "export_exists": "{path} already holds files, and exports never overwrite: choose a new folder.",
    "export_cancelled": "The export was stopped: what was finished stands in {path}.",
    "export_format": "There is no export format {name}: choose one of {known}.",
    "encryption_missing": "{path} is asked for with a key, but this version cannot encrypt: open it without one.",
    "file_locked": "{path} is being written to by another window or program: close that one, then try again.",
    "database_damaged": "{path} is damaged ({problem}): put a backup of it in its place; the recordings beside it are not touched.",
    "session_busy": "The session of {path} is being recorded by another window or program: end it there first.",
    "recording_exists": "{path} is already there and is never written over: start a new session.",
    "label_range": "Nothing that can be labelled is selected: select some words or a stretch of time, then press the key.",
    "label_missing": "This label is not there any more or belongs to someone else: open the session again.",
    # audit
    "set_missing": "There is no exclusion set {name}: choose one of {known}.",
    "set_exists": "There is an exclusion set {name} already: choose another name.",
    "set_name": "That cannot be the name of an exclusion set: use 1 to 64 characters.",
    "exclusion_reason": "No reason was given: write in a few words why this session counts or does not.",
    "exclusion_conflict": "This step of the exclusion set {set} was already stored by another window: open the audit again.",
    "report_folder": "{path} is a folder: give the name of a file for the report.",
    "quality_unreadable": "The gaze of session {session} cannot be judged ({reason}): run `ifllm-desktop verify` on the study.",
    # program
    "resource_missing": "The file {name} of the program is missing: install it again.",
    "no_display": "No display was found to open a window on: use {alternative} instead.",
    "unknown_name": "{kind} {name} is not known: choose one of {known}.",
    "extra_missing": "This needs the optional part [{extra}]: install it with `pip install 'ifllm-desktop[{extra}]'`.",
    "bug": "Something went wrong inside the program ({what}): please report it with the log file {log}.",
}
"""One sentence (or two short ones) per code: what is wrong, then what to do."""

GAZE_REASONS: dict[str, str] = {
    "no_face": "the camera saw no face",
    "too_few_targets": "too few points could be measured",
    "too_many_lost": "the eyes were lost in too many pictures",
    "error_too_large": "it misses the points by too much",
    "no_gaze": "gaze was not recorded",
    "stopped": "the calibration was stopped",
    "drifted": "gaze had moved away from the point",
    "not_followed": "the eyes did not follow the moving point",
    "resized": "the window changed its size",
    "moved": "the window was moved",
    "screen_changed": "the screen changed",
    "head_moved": "the head moved away from where it was calibrated",
    "gaze_lost": "the eyes cannot be seen",
    "skipped": "the participant went on without it",
    "no_text": "there was no text to be read",
    "not_read": "gaze did not go along any of the marked lines",
}
"""Why a calibration, a validation or a text check did not do, as half a sentence."""


QUALITY_PROBLEMS: dict[str, str] = {
    "empty": "The recording is empty.",
    "recovered": "The recording was cut off and recovered: what came after is missing.",
    "unreadable": "{detail}",
    "no_consent": "There was no consent to gaze: pointer only.",
    "no_calibration": "Gaze was never calibrated, so nothing can be said of it.",
    "no_validation": "The calibration was never validated, so its error is not known.",
    "not_measured": "The validation could not be measured: {detail}.",
    "validation_failed": "The validation was not within the limits of the study: {detail}.",
    "calibration_lost": "Gaze was estimated by the calibration {detail}, which is not in the recording: its error is not known.",
    "few_targets": "Only {detail} validation targets were measured, which is too few for a claim.",
    "several_calibrations": "{detail} calibrations were accepted one after the other; the figures are those of the one with most gaze.",
    "no_drift_check": "There was no drift check: how the error grew is not known.",
    "no_gaze": "There is no gaze in the recording.",
    "high_loss": "{detail} % of the frames have no gaze.",
    "low_rate": "Only {detail} gaze points came per second.",
    "rate_unknown": "The rate of the camera is not known, so frames that it never made cannot be counted.",
    "no_landmarks": "The recording has no eye features: the movement of the head is not known.",
    "head_place_unknown": "The frames of the calibration are not in the recording: how far the head moved is not known.",
    "screen_size_zero": "The recording says that the screen or its distance is 0 in size: degrees cannot be given.",
    "screen_size_unknown": "The size of the screen is not known: degrees cannot be given.",
    "distance_unknown": "The distance of the eyes is not known: degrees cannot be given.",
    "several_screens": "The session was recorded on several screens; the sizes are those of the first.",
}
"""What is wrong or missing in the gaze of a session, as a sentence; ``{detail}`` is a number, an id, or a reason."""

EXCLUSION_REASONS: dict[str, str] = {
    "accuracy": "error",
    "loss": "loss",
    "rate": "rate",
    "drift": "drift",
    "on_text": "gaze off the text",
    "not_validated": "not validated",
    "no_gaze": "no consent to gaze",
    "simulated": "simulated",
    "unreadable": "recording cannot be read",
}
"""Why a rule leaves a session out, in a word or two."""


def quality_problem(code: str, detail: str = "") -> str:
    """The sentence for a problem of a session's gaze; the code itself where there is none."""
    form = QUALITY_PROBLEMS.get(code)
    if form is None:
        return code
    words = gaze_reason(detail) if code in ("not_measured", "validation_failed") else detail
    return form.format(detail=words)


def gaze_reason(code: str) -> str:
    """The words for a reason that a calibration or validation gave; the code itself where there are none."""
    return GAZE_REASONS.get(code, code)


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def sentence(error: BaseException, path: str = "") -> str:
    """What to tell a person about an error, always in words and never a traceback.

    Parameters
    ----------
    error : BaseException
        One of the program's own errors, or an ``OSError`` that reached an edge.
    path : str
        Where it happened, for an ``OSError`` that does not say so itself.
    """
    if isinstance(error, IfllmError) and not isinstance(error, BugError) and error.code in SENTENCES:
        return SENTENCES[error.code].format_map(_Lenient(error.params))
    if isinstance(error, OSError):
        where = str(error.filename or path or "?")
        code = {errno.ENOSPC: "disk_full", errno.EDQUOT: "disk_full", errno.EROFS: "folder_read_only",
                errno.EACCES: "folder_read_only", errno.EPERM: "folder_read_only"}.get(error.errno or 0)  # fmt: skip
        reason = (error.strerror or type(error).__name__).lower()
        return SENTENCES[code or "path_unusable"].format_map(_Lenient(path=where, reason=reason))
    return SENTENCES["bug"].format_map(_Lenient(what=type(error).__name__, log=path or "of the program"))
