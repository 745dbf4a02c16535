"""Whether the tasks of a study find what they need among its topics."""

from __future__ import annotations

from collections.abc import Iterator

from ifllm_desktop.domain.topics import Topic
from ifllm_desktop.protocol.conditions import ANY_TOPIC, TaskEntry
from ifllm_desktop.protocol.document import Document
from ifllm_desktop.protocol.study import StudyProtocol


def check_tasks(document: Document, protocol: StudyProtocol, topics: dict[str, Topic]) -> None:
    """Whether each task finds what it needs among the topics."""
    named = {task.topic for task in protocol.tasks}
    free = [topic for topic in topics.values() if topic.id not in named]
    n_any = 0
    for index, task in enumerate(protocol.tasks):
        where = ("tasks", index, "topic")
        n_any += task.topic == ANY_TOPIC
        if task.topic != ANY_TOPIC and task.topic not in topics:
            raise document.invalid(where, f"must be any or one of {', '.join(topics)}")
        if n_any > len(free):
            raise document.invalid(where, f"there are only {len(free)} topics for tasks with any topic")
        for topic in free if task.topic == ANY_TOPIC else [topics[task.topic]]:
            if len(topic.turns) < task.turns_max:
                raise document.invalid(
                    ("tasks", index, "turns_max"), f"topic {topic.id} has only {len(topic.turns)} turns"
                )
            for number, turn in enumerate(topic.turns[: task.turns_max]):
                for model, style in _answers_needed(protocol, task):
                    if turn.answer(model, style) is None:
                        of_style = f" in style {style}" if style else ""
                        raise document.invalid(
                            where, f"topic {topic.id} has no answer of {model}{of_style} in turn {number + 1}"
                        )


def _answers_needed(protocol: StudyProtocol, task: TaskEntry) -> Iterator[tuple[str, str]]:
    """Model and style of each answer that a turn of the task may show."""
    styles = [task.style] if task.style else [style.id for style in protocol.styles] or [""]
    for name in task.models or [model.name for model in protocol.models]:
        for style in styles:
            yield name, style
