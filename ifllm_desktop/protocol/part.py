"""What every part of a study file is made of: names, texts in one or several languages, lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

RULE = "study_rule"
"""Type of errors that bring their own words: ``problem``, and ``below``, the key below that they are about."""

_T = TypeVar("_T")


class Part(BaseModel):
    """A block of keys: nothing unknown, nothing converted, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def broken_rule(problem: str, below: str = "") -> PydanticCustomError:
    """An error in the words of the study file, for validators."""
    return PydanticCustomError(RULE, "{problem}", {"problem": problem, "below": below})


def _in_language(value: Any, info: ValidationInfo) -> Any:
    """The text of the language that is being read, where a text is given once for each language."""
    if not isinstance(value, Mapping):
        return value
    context = info.context or {}
    languages, wanted = context.get("languages", ()), context.get("language", "")
    for code, text in value.items():
        if not isinstance(code, str):
            written = {True: "yes or on", False: "no or off"}.get(code, str(code))
            raise broken_rule(f"has a language that YAML does not read as text ({written}): put it in quotes")
        if code not in languages:
            raise broken_rule(f"is not one of the languages of this study ({', '.join(languages)})", code)
        if not isinstance(text, str):
            raise broken_rule("must be text", code)
        if not text.strip():
            raise broken_rule("must not be empty", code)
    for code in languages:
        if code not in value:
            raise broken_rule(f"has no text in {code}")
    return value[wanted]


def _language_code(code: str) -> str:
    """A tag of BCP 47 in its usual form."""
    import langcodes

    try:
        usual = langcodes.standardize_tag(code)
    except ValueError:  # its LanguageTagError is one
        usual = ""
    if usual and langcodes.tag_is_valid(usual):
        if usual == code:
            return code
        raise broken_rule(f"is not the usual form of a language code: write {usual}")
    raise broken_rule("is not a language code such as en, de or pt-BR")


Text = Annotated[str, Field(min_length=1)]
LocalText = Annotated[
    str,
    Field(min_length=1),
    BeforeValidator(_in_language),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {
                    "type": "object",
                    "additionalProperties": {"type": "string", "minLength": 1},
                    "minProperties": 1,
                },
            ],
            "description": "Text, or one text for each language of the study: {en: ..., de: ...}",
        }
    ),
]
"""Text as it is, or by language; read in the language that the study is loaded in."""
LanguageCode = Annotated[str, Field(min_length=1), AfterValidator(_language_code)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
# YAML lists arrive as Python lists; strict mode would refuse them for a tuple
Several = Annotated[tuple[_T, ...], Field(strict=False, min_length=1)]
Listed = Annotated[tuple[_T, ...], Field(strict=False)]
