"""What can be labelled: names, keys and colours."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """One label.

    Attributes
    ----------
    name : str
        Stored in annotations; stable.
    title : str
        What a person reads.
    key : str
        Key that gives it.
    color : int
        Index into the label palette.
    guideline : str
        One sentence: when to give it.
    """

    name: str
    title: str
    key: str
    color: int
    guideline: str = ""


@dataclass(frozen=True, slots=True)
class LabelScheme:
    """Labels for spans of text and for episodes of time.

    Raises ``ValueError`` when a name or key is not unique.
    """

    spans: tuple[Label, ...]
    episodes: tuple[Label, ...]

    def __post_init__(self) -> None:
        labels = (*self.spans, *self.episodes)
        for what in ("name", "key"):
            values = [getattr(label, what) for label in labels]
            if len(set(values)) != len(values):
                raise ValueError(f"label {what}s are not unique: {values}")

    def label(self, name: str) -> Label | None:
        """The label with this name, None for one of another scheme."""
        return next((label for label in (*self.spans, *self.episodes) if label.name == name), None)

    def title(self, name: str) -> str:
        """What a person reads for a name; the name itself where the scheme does not know it."""
        label = self.label(name)
        return label.title if label else name


DEFAULT_SCHEME = LabelScheme(
    spans=(
        Label("key_reason", "Key reason", "1", 3, "The shortest words that carry why the answer helps."),
        Label("useful_detail", "Useful detail", "2", 5, "A fact, step or number that the reader can use."),
        Label("doubtful", "Doubtful or wrong", "3", 4, "A claim that is wrong or cannot be relied on."),
    ),
    episodes=(
        Label("close_reading", "Close reading", "Q", 2, "Gaze follows the lines of one answer."),
        Label("comparing", "Comparing", "W", 0, "Gaze goes back and forth between the answers."),
        Label("searching", "Looking for something", "E", 6, "Gaze jumps without following lines."),
    ),
)
"""Used where a study defines none."""
