"""Compose a command's configuration from ``configs`` and overrides; Hydra stays in here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from envs.core.errors import InputError
from experiments.config import nearest
from experiments.help import options_of


def compose(command: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Return the resolved configuration of a command as plain values.

    Args:
        command: Name of a primary configuration, such as ``train``.
        overrides: ``key=value`` in Hydra's grammar, or with values that need no grammar: a path
            may hold ``=``, brackets, blanks and any letter.

    Raises:
        InputError: If an override cannot be read, names nothing, or a required key is missing.
    """
    readable = [legible(override) for override in overrides]
    for given, override in zip(overrides, readable, strict=True):
        if _parse(override).is_sweep_override():
            key, _, value = given.partition("=")
            remedy = f"write {key}=[{value}] for a list, or add -m to run each"
            raise InputError(key, f"{value} are several values", remedy)
    with composer(command):
        return _compose(command, readable)


@contextmanager
def composer(command: str) -> Iterator[None]:
    """Open Hydra's composition for a command; nested uses each see their own."""
    from hydra import initialize_config_module
    from hydra.core.global_hydra import GlobalHydra

    outer = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_module("configs", job_name=command, version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = outer


def _compose(command: str, overrides: Sequence[str]) -> dict[str, Any]:
    from hydra import compose as hydra_compose
    from hydra.errors import HydraException, MissingConfigException
    from omegaconf import MissingMandatoryValue, OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        config = hydra_compose(command, list(overrides))
        return plain(OmegaConf.to_container(config, resolve=True, throw_on_missing=True))
    except MissingMandatoryValue as error:
        key = str(error.full_key)
        raise InputError(key, "is missing", f"give {key}=<value>") from None
    except MissingConfigException as error:
        raise _missing_option(error, overrides) from None
    except OmegaConfBaseException as error:
        raise InputError(
            str(error.full_key or "config"), _first_line(error), "see --help"
        ) from None
    except HydraException as error:
        raise _unmatched(error, command, overrides) from None


def plain(container: Any) -> dict[str, Any]:
    """Return OmegaConf's container as the mapping that it is, with ``~/`` made a path."""
    assert isinstance(container, Mapping)
    return {str(key): _expanded(value) for key, value in container.items()}


def _expanded(value: Any) -> Any:
    """Expand ``~/``, which a shell leaves alone within ``out=~/runs``."""
    if isinstance(value, str) and value.startswith("~/"):
        return str(Path(value).expanduser())
    if isinstance(value, Mapping):
        return {str(key): _expanded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_expanded(item) for item in value]
    return value


def legible(override: str) -> str:
    """Return an override as Hydra's grammar wants it, quoting what needs quotes.

    Raises:
        InputError: If it is not ``key=value``, or its brackets or quotes do not match.
    """
    key, equals, value = override.partition("=")
    if override.startswith("-"):
        name = override.lstrip("-").partition("=")[0]
        raise InputError(override, "is not an option", f"write {name}=<value>, or see --help")
    if not key.strip() or not (equals or override.startswith("~")):
        raise InputError(override or "''", "is not key=value", "see --help for the keys")
    if _parses(override):
        return _of_suite(override) if key == "suite" else override
    for quoted in (_quote(value), _quote_entries(value)):
        if quoted and _parses(f"{key}={quoted}"):
            return legible(f"{key}={quoted}")
    remedy = "close its brackets and quotes, or quote it whole: " + f"{key}='\"…\"'"
    if not re.fullmatch(r"[+~]{0,2}[A-Za-z_][\w.@/-]*", key):
        remedy = "a key is made of letters, digits and dots"
    raise InputError(key, f"{value} cannot be read", remedy)


def _of_suite(override: str) -> str:
    """Let the group `suite` take lists, folders and instances, too, by its key `instances`."""
    parsed = _parse(override)
    if parsed.is_sweep_override():
        values = list(parsed.sweep_string_iterator())
    else:
        values = [override.partition("=")[2]]
    named = options_of("suite")
    return "suite=" + ",".join(
        value if value in named or value[:1] == "{" else f"{{instances:{value or _quote(value)}}}"
        for value in values
    )


def _parse(override: str) -> Any:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    return OverridesParser.create().parse_override(override)


def _parses(override: str) -> bool:
    from hydra.errors import HydraException

    try:
        _parse(override)
    except HydraException:
        return False
    return True


def _quote(value: str) -> str:
    """Quote a plain value; lists, mappings and what is quoted already keep their meaning."""
    if value[:1] in ("[", "{", "'", '"') or value.endswith(",") or "\n" in value:
        return ""
    # In the grammar a backslash escapes only a quote or the backslashes right before one.
    return "'" + re.sub(r"(\\*)'", r"\1\1\\'", re.sub(r"(\\+)$", r"\1\1", value)) + "'"


def _quote_entries(value: str) -> str:
    """Quote each entry of a flat list that needs it."""
    if not (value.startswith("[") and value.endswith("]")):
        return ""
    entries = [e.strip() for e in re.findall(r"""(?:'[^']*'|"[^"]*"|[^,])+""", value[1:-1])]
    if not all(entries):
        return ""
    return "[" + ",".join(e if _parses(f"x={e}") else _quote(e) or e for e in entries) + "]"


def _missing_option(error: Any, overrides: Sequence[str]) -> InputError:
    """Translate "no such file in a group": ``agent=unknown``."""
    missing = str(error.missing_cfg_file or "")
    options = sorted(str(option) for option in error.options or ())
    for override in overrides:
        key, _, value = override.partition("=")
        group = key.lstrip("+").split("@")[0]
        if missing == f"{group}/{value}":
            known = options or options_of(group)
            hint = nearest(value, known)
            listed = f"known are {', '.join(known)}" if known else ""
            return InputError(key, f"{value} is unknown", " ".join(filter(None, (hint, listed))))
    return InputError(missing or "config", _first_line(error), "see --help")


def _unmatched(error: Exception, command: str, overrides: Sequence[str]) -> InputError:
    """Translate an override that matches nothing."""
    text = str(error)
    unknown = re.search(r"Could not (?:override|append|delete)[^']*'([^']+)'", text)
    if unknown:
        key = unknown.group(1).split("=")[0]
        known = _keys(_defaults(command, overrides, key))
        leaf = key.rsplit(".", 1)[-1]
        same = [name for name in known if name.rsplit(".", 1)[-1] == leaf]
        hint = f"did you mean {same[0]}?" if same else nearest(key, known)
        return InputError(key, "is an unknown key", hint or f"see dispatchlab {command} --help")
    return InputError("config", _first_line(error), f"see dispatchlab {command} --help")


def _defaults(command: str, overrides: Sequence[str], without: str) -> dict[str, Any]:
    """Return the configuration without one override, or bare where that fails as well."""
    from hydra import compose as hydra_compose
    from hydra.errors import HydraException
    from omegaconf import OmegaConf

    others = [o for o in overrides if o.partition("=")[0].lstrip("+~") != without]
    for attempt in (others, []):
        try:
            config = hydra_compose(command, attempt)
        except HydraException:
            continue
        return plain(OmegaConf.to_container(config, resolve=False))
    return {}


def _keys(mapping: Mapping[str, Any], prefix: str = "") -> list[str]:
    keys: list[str] = []
    for name, value in mapping.items():
        keys.append(f"{prefix}{name}")
        if isinstance(value, Mapping):
            keys += _keys(value, f"{prefix}{name}.")
    return keys


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else "is wrong"
