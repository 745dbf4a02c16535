"""The live half without Qt and without SQLite: queues, gaze pipeline, camera worker, recorder."""
