"""The participant's way through a study as a state machine without Qt; window and headless run drive the same."""
