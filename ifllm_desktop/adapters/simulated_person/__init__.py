"""A participant made of arithmetic: it looks, reads, compares, points and decides, and its eyes become landmarks.

Everything follows from the seed and from the sequence of observed scenes; how often it is asked changes nothing.
What it really looks at (``gaze_at``) is for tests: the program only ever gets its landmarks and its pointer.
"""

from ifllm_desktop.adapters.simulated_person.decision import Decision
from ifllm_desktop.adapters.simulated_person.person import SimulatedPerson
from ifllm_desktop.adapters.simulated_person.traits import Traits

__all__ = ["Decision", "SimulatedPerson", "Traits"]
