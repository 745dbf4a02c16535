"""From gaze to text: which block and line a point may belong to, with its probability."""
