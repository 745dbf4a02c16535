"""Reports on recordings and studies: how good the gaze of a session is, what a paper has to say of it. Pure: it is
handed ``RecordingSource`` objects and gives values that can be stored, compared and shown."""
