"""Read an instance file, whichever of the known formats it is in."""

from __future__ import annotations

import math
from pathlib import Path

from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances.cloud_json import is_cloud, parse_cloud
from envs.instances.crew_options import NONE_GIVEN, CrewOptions, refuse_crew
from envs.instances.field_formats import field_format
from envs.instances.fjsp import Base, parse_fjsp
from envs.instances.json_form import parse_json
from envs.instances.jsplib import parse_jsplib
from envs.instances.open_shop import parse_open_shop
from envs.instances.psplib import parse_rcp, parse_sm
from envs.instances.text import Line, read_text, split_lines

_BY_SUFFIX = {
    ".jsp": parse_jsplib,
    ".osp": parse_open_shop,
    ".sm": parse_sm,
    ".rcp": parse_rcp,
}
# Hurink's sets share their file names; the folder, or the suffix, tells them apart.
HURINK_SETS = ("sdata", "edata", "rdata", "vdata")


def read(path: str | Path, *, base: Base | None = None, crew: CrewOptions = NONE_GIVEN) -> Problem:
    """Return the problem in a file of JSON or of one of the text formats.

    JSON is told by its suffix or its first character, and that of cloud manufacturing by its
    "format". By their suffix are told ``.fjs`` (flexible job shops), ``.jsp`` (job shops),
    ``.osp`` (open shops), ``.sm`` and ``.rcp`` (projects). Any other text is told by its content:
    field jobs by their headings (:mod:`envs.instances.field_formats`), else it is a job shop,
    flexible or not, as hardly any file can be read both ways: one that can is JSPLIB.

    Args:
        path: The file.
        base: Number of the first machine of a flexible job shop; None detects it.
        crew: What a file of field jobs does not say about crews.

    Raises:
        InputError: If the file cannot be read; the message holds ``file:line``.
    """
    path = Path(path)
    text = read_text(path)
    if _told_by_content(path, text) and base is None and text.strip():
        lines = split_lines(text, path)
        parse = field_format(lines)
        if parse is not None:
            return parse(lines, path, crew)
    refuse_crew(crew, path.name)
    if _is_json(path, text):
        if is_cloud(text):
            return parse_cloud(text, str(path), path.stem)
        return parse_json(text, str(path))
    if path.suffix.lower() in (".sm", ".rcp") and not text.strip():
        raise InputError(f"{path}:1", "is empty", "give a project of PSPLIB or Patterson")
    try:
        return _parse_text(split_lines(text, path), path, base)
    except InputError as error:
        if error.where.startswith(f"{path}:"):
            raise
        raise InputError(f"{path}: {error.where}", error.problem, error.remedy) from error


def _is_json(path: Path, text: str) -> bool:
    return path.suffix.lower() == ".json" or text.lstrip().startswith("{")


def _told_by_content(path: Path, text: str) -> bool:
    return not _is_json(path, text) and path.suffix.lower() not in (".fjs", *_BY_SUFFIX)


def _parse_text(lines: list[Line], path: Path, base: Base | None) -> Problem:
    name = instance_name(path)
    if path.suffix.lower() == ".fjs" or base is not None:
        return parse_fjsp(lines, name, base)
    parse = _BY_SUFFIX.get(path.suffix.lower())
    if parse is not None:
        return parse(lines, name)
    return _parse_either(lines, name)


def instance_name(path: Path) -> str:
    """Return a file's name without suffix, and with the set where that is one of Hurink's."""
    for hint in (path.suffix.lower().removeprefix("."), path.absolute().parent.name.lower()):
        if hint in HURINK_SETS and not path.stem.lower().endswith(hint):
            return f"{path.stem}_{hint}"
    return path.stem


def _parse_either(lines: list[Line], name: str) -> Problem:
    try:
        return parse_jsplib(lines, name)
    except InputError as error:
        job_shop = error
    try:
        return parse_fjsp(lines, name)
    except InputError as error:
        flexible = error
    # The format that understood more of the file is the one that was meant.
    raise max(job_shop, flexible, key=_line)


def _line(error: InputError) -> float:
    """Return the line of an error; infinite if the whole file was understood."""
    number = error.where.rpartition(":")[2]
    return int(number) if number.isdigit() else math.inf
