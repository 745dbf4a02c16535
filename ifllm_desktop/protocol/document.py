"""One YAML file of a study: its data, the line of each key, and what is wrong with it in one sentence."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.protocol.part import RULE

Loc = tuple[str | int, ...]
_Model = TypeVar("_Model", bound=BaseModel)
_DEEPEST = 40
_KINDS = {
    "int_type": "must be a whole number", "int_from_float": "must be a whole number",
    "float_type": "must be a number", "bool_type": "must be true or false",
    "tuple_type": "must be a list", "model_type": "must be a block of keys", "missing": "is missing",
    "string_pattern_mismatch": "may hold only letters, digits and . _ -, beginning with a letter or digit",
    "finite_number": "must be a finite number",
}  # fmt: skip


class Document:
    """One YAML file: its data and the line of each key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = path.read_bytes()
        self._root: yaml.Node | None = None
        try:
            loader = yaml.SafeLoader(self.content.decode("utf-8-sig"))
            self._root = loader.get_single_node()
            self._check_nodes(self._root, ())
            self.data: Any = loader.construct_document(self._root) if self._root is not None else None
        except UnicodeDecodeError as error:
            line = self.content[: error.start].count(b"\n") + 1
            raise self._problem(line, "the file", "is not UTF-8 text") from error
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark is not None else 1
            raise self._problem(line, "YAML", _one_line(error.problem or error.context or "")) from error
        except yaml.YAMLError as error:
            raise self._problem(1, "YAML", _one_line(str(error))) from error
        except RecursionError as error:
            raise self._problem(1, "YAML", "is nested too deeply") from error
        except ValueError as error:  # dates such as 2024-13-45
            raise self._problem(1, "YAML", _one_line(str(error))) from error

    def validated(self, model: type[_Model], language: str, languages: Sequence[str]) -> _Model:
        """The data as a ``model`` with its texts in ``language``; raises ``protocol_invalid`` for the first problem."""
        if not isinstance(self.data, dict):
            problem = "is empty" if self.data is None else "must hold keys and values"
            raise self._problem(1, "the file", problem)
        try:
            return model.model_validate(
                self.data, context={"language": language, "languages": tuple(languages)}
            )
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=True)
            # a list whose entries are all wrong is reported as too short as well: the entries are what counts
            locs = [detail["loc"] for detail in details]
            deepest = [d for d in details if not any(_is_inside(loc, d["loc"]) for loc in locs)]
            found = [(*self._find(_place(detail)), detail) for detail in deepest]
            # where a key is missing because it is misspelt, the misspelt key is the better thing to name
            line, key, detail = min(found, key=lambda f: (f[2]["type"] == "missing", f[0]))
            problem = _wording(detail, _known_keys(model, detail["loc"]))
            raise self._problem(line, key, problem) from error

    def invalid(self, loc: Loc, problem: str) -> DataError:
        """The error for a key of the file."""
        line, key = self._find(loc)
        return self._problem(line, key, problem)

    def _problem(self, line: int, key: str, problem: str) -> DataError:
        return DataError("protocol_invalid", path=str(self.path), line=line, key=key, problem=problem)

    def _find(self, loc: Sequence[str | int]) -> tuple[int, str]:
        """Line and readable name of the deepest part of ``loc`` that the file has, or of what it lacks."""
        node, line, name = self._root, 1, ""
        for part in loc:
            child: yaml.Node | None = None
            if isinstance(node, yaml.MappingNode):
                for key_node, value_node in node.value:
                    if key_node.value == str(part):
                        child, line = value_node, key_node.start_mark.line + 1
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                child = node.value[part]
                line = child.start_mark.line + 1
            if child is None and (not isinstance(node, yaml.MappingNode) or _is_kind(node, part)):
                continue  # pydantic's own: the branch of a union, not a key
            name += f"[{part}]" if isinstance(part, int) else f"{'.' if name else ''}{part}"
            if child is None:
                break
            node = child
        return line, name or "the file"

    def _check_nodes(self, node: yaml.Node | None, above: tuple[yaml.Node, ...]) -> None:
        """Refuse a key that is given twice (YAML takes the last one silently) and nesting without end."""
        if node in above or len(above) > _DEEPEST:
            raise RecursionError
        if isinstance(node, yaml.SequenceNode):
            for child in node.value:
                self._check_nodes(child, (*above, node))
        if not isinstance(node, yaml.MappingNode):
            return
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._problem(line, "YAML", "a key must be plain text")
            if key_node.value in first:
                raise self._problem(line, key_node.value, f"stands on line {first[key_node.value]} already")
            first[key_node.value] = line
            self._check_nodes(value_node, (*above, node))


def repeated(values: Sequence[Hashable]) -> Iterable[int]:
    """Places of values that stood in the list before."""
    return (index for index, value in enumerate(values) if value in values[:index])


def _place(detail: Any) -> Loc:
    """Where an error is, down to the key below that a rule of our own names."""
    below = detail.get("ctx", {}).get("below") if detail["type"] == RULE else ""
    loc: Loc = detail["loc"]
    return (*loc, below) if below else loc


def _is_kind(node: yaml.MappingNode, part: object) -> bool:
    """Whether ``part`` is what the block says of its own kind."""
    return any(key.value == "kind" and value.value == part for key, value in node.value)


def _is_inside(loc: Loc, outer: Loc) -> bool:
    return len(loc) > len(outer) and loc[: len(outer)] == outer


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".") or "cannot be read"


def _wording(detail: Any, known: Sequence[str]) -> str:
    """What pydantic found, in the words of the study file."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == RULE:
        return str(context["problem"])
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        known_kinds = "choice, scale, number, text, sentence"
        return (
            f"needs a key kind: one of {known_kinds}"
            if kind.endswith("found")
            else f"kind must be one of {known_kinds}"
        )
    if kind == "missing" and isinstance(detail["loc"][-1], int):
        return "has too few entries"
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        return f"is not a known key ({hint})"
    if kind == "literal_error":
        return f"must be one of {context['expected'].replace(' or ', ', ').replace(chr(39), '')}"
    if kind == "string_type":
        quotes = isinstance(detail["input"], bool | int | float)
        return "must be text: put it in quotes" if quotes else "must be text"
    if kind in ("string_too_short", "too_short"):
        n = context["min_length"]
        return "must not be empty" if n == 1 else f"must have {n} entries"
    if kind in ("string_too_long", "too_long"):
        what = "characters" if kind == "string_too_long" else "entries"
        return f"must not have more than {context['max_length']} {what}"
    for name, words in (("ge", "at least"), ("gt", "greater than"), ("le", "at most"), ("lt", "less than")):
        if name in context:
            return f"must be {words} {context[name]:g}"
    return _KINDS.get(kind, _one_line(detail["msg"]))


def _known_keys(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """Keys that are allowed where the last part of ``loc`` stands."""
    here = [model]
    for part in loc[:-1]:
        fields = [m.model_fields[part] for m in here if isinstance(part, str) and part in m.model_fields]
        branch = [
            m
            for m in here
            if "kind" in m.model_fields and part in get_args(m.model_fields["kind"].annotation)
        ]
        here = [inner for field in fields for inner in _models(field.annotation)] or branch or here
    return list(dict.fromkeys(key for m in here for key in m.model_fields))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The blocks of keys that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
