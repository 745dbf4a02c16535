"""Gaze and hits computed again from the raw eye features of a recording, beside what was computed live. Pure: it is
handed a ``RecordingSource`` and gives rows; the recording is never touched."""
