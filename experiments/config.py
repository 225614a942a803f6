"""Turn a composed mapping into a checked, frozen model, or say in one line what is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar, cast, get_type_hints

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    create_model,
)

from envs.core.errors import InputError


class Config(BaseModel):
    """Base of every command's model: frozen, no unknown keys, no coercion, finite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _as_text(value: Any) -> Any:
    """Take 2024 for "2024": the command line cannot tell a folder's name from a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


# A name or a path: text that is not empty.
Text = Annotated[str, BeforeValidator(_as_text), StringConstraints(min_length=1)]

Model = TypeVar("Model", bound=BaseModel)
Made = TypeVar("Made")

_LONGEST = 60  # characters of an offending value that a message shows

# What pydantic's errors mean to somebody who writes key=value; the others speak for themselves.
_RULES = {
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be finite",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "too_short": "must have at least {min_length} entries, not {actual_length}",
    "too_long": "must have at most {max_length} entries, not {actual_length}",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list, such as [a,b]",
    "list_type": "must be a list, such as [a,b]",
    "dict_type": "holds keys of its own: write {key}.<name>=<value>",
    "model_type": "holds keys of its own: write {key}.<name>=<value>",
    "model_attributes_type": "holds keys of its own: write {key}.<name>=<value>",
}


def parse(model: type[Model], mapping: Mapping[str, Any], prefix: str = "") -> Model:
    """Check a mapping against a model.

    Lists become tuples where the model says so, and whole floats (``1e5``) integers; nothing else
    is converted.

    Args:
        model: The model, usually a :class:`Config`.
        mapping: Plain values, as composed from YAML and overrides.
        prefix: Key of the mapping in the whole configuration, such as ``agent``; for messages.

    Raises:
        InputError: At the first key that is unknown, missing, of a wrong type or out of range.
    """
    plain = _plain(mapping)
    try:
        # The strict JSON mode is the one that tells "5" from 5 and still makes tuples of lists.
        return model.model_validate_json(json.dumps(plain, default=str), strict=True)
    except ValidationError as error:
        raise _translate(error, model, plain, prefix) from None


def construct(kind: type[Made], mapping: Mapping[str, Any], prefix: str = "") -> Made:
    """Make a dataclass from a mapping, whose types are checked as those of a model.

    Raises:
        InputError: At the first key that is wrong, be it for its type or for the class itself.
    """
    hints = get_type_hints(kind)
    known: dict[str, Any] = {
        item.name: (hints[item.name], ... if item.default is MISSING else item.default)
        for item in fields(cast(Any, kind))
    }
    model = create_model(kind.__name__, __base__=Config, **known)
    values = parse(model, mapping, prefix)
    try:
        return kind(**{name: getattr(values, name) for name in known})
    except InputError as error:
        where = f"{prefix}.{error.where}" if prefix and error.where in known else error.where
        raise InputError(where, error.problem, error.remedy) from None


def nearest(word: str, known: Sequence[str]) -> str:
    """Return ``did you mean …?`` for the known word most like this one, or an empty string."""
    close = get_close_matches(word.lower(), [name.lower() for name in known], 1, 0.6)
    match = [name for name in known if close and name.lower() == close[0]]
    return f"did you mean {match[0]}?" if match else ""


def shown(value: Any) -> str:
    """Return a value as a message shows it: as YAML would, and not too long."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return value


def _translate(
    error: ValidationError, model: type[BaseModel], plain: dict[str, Any], prefix: str
) -> InputError:
    details = error.errors(include_url=False)
    unknown = [item for item in details if item["type"] == "extra_forbidden"]
    first = unknown[0] if unknown else details[0]
    path = _path(first["loc"], plain)
    key = _dotted(prefix, path)
    if first["type"] == "extra_forbidden":
        known = [name for item in _siblings(model, path[:-1]) for name in item.model_fields]
        hint = nearest(str(path[-1]), known) or f"known are {', '.join(known)}"
        return InputError(key, "is an unknown key", hint)
    if first["type"] == "missing":
        return InputError(key, "is missing", f"give {key}=<value>")
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, InputError):
        return InputError(key, cause.problem, cause.remedy)
    # Every alternative of a union reports for itself: name them all.
    rules = [_rule(item, key) for item in details if _path(item["loc"], plain) == path]
    joined = " or ".join(dict.fromkeys(rules)).replace(" or must be ", " or ")
    if first["type"] == "model_type" and path == ():
        return InputError(prefix or "config", f"is {shown(plain)}", "must hold keys")
    if first["type"] == "value_error" and path == ():
        return InputError(prefix or "config", joined)
    return InputError(key, f"is {shown(_value(plain, path))}", joined)


def _rule(item: Any, key: str) -> str:
    if item["type"] == "literal_error":
        allowed = str(item["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")
        hint = nearest(str(item["input"]), allowed.split(", "))
        return f"must be one of {allowed}" + (f"; {hint}" if hint else "")
    if item["input"] in ("", [], {}) and item["type"].endswith("too_short"):
        return "must not be empty"
    text = _RULES.get(item["type"], item["msg"])
    if item["type"] in _RULES:
        text = text.format(key=key, **item.get("ctx", {}))
    for before, after in (
        ("Input should be ", "must be "),
        ("Field required", "must be a longer list"),
        ("Value error, ", ""),
        (" after validation", ""),
    ):
        text = text.replace(before, after)
    return text


def _path(location: tuple[int | str, ...], plain: Any) -> tuple[int | str, ...]:
    """Return the part of pydantic's location that the input has; the rest names types."""
    path: list[int | str] = []
    for part in location:
        if isinstance(part, str) and "[" in part:  # a type of a union, such as dict[str,str]
            continue
        if isinstance(plain, dict) and isinstance(part, str):
            path.append(part)
            if part not in plain:
                break
            plain = plain[part]
        elif isinstance(plain, list) and isinstance(part, int) and part < len(plain):
            path.append(part)
            plain = plain[part]
        else:
            break
    return tuple(path)


def _value(plain: Any, path: tuple[int | str, ...]) -> Any:
    for part in path:
        plain = plain[part]
    return plain


def _dotted(prefix: str, path: tuple[int | str, ...]) -> str:
    text = prefix
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _siblings(model: type[BaseModel], path: tuple[int | str, ...]) -> list[type[BaseModel]]:
    """Return the models that a path leads to, for suggestions; unions lead to several."""
    models = [model]
    for part in path:
        annotations = [m.model_fields[part].annotation for m in models if part in m.model_fields]
        if annotations:  # else it is a key or an index, of which all lead to the same models
            models = [found for item in annotations for found in _models(item)]
    return models


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    inner = getattr(annotation, "__args__", ())
    return [found for item in inner for found in _models(item)]
