"""A desktop lab for implicit feedback on the answers of language models.

People chat while webcam gaze and pointer are recorded locally and without video; sessions are replayed over
the very text, labelled, audited, and turned into labelled data and reward scores.
"""

__version__ = "0.1.0"
