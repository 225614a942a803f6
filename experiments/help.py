"""What ``--help`` prints: read from the comments of the YAML, so that it is written once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from textwrap import wrap

WIDTH = 99
_KEY = re.compile(r"( *)([A-Za-z_][\w-]*):(?: +|$)(.*)")
_DEFAULT = re.compile(r" *- +(?:override +|optional +)?/?([\w/]+)(?:@([\w.]+))?: *([\w/-]+)")

Row = tuple[str, str, str]  # key, default, comment


def overview(commands: Mapping[str, str]) -> str:
    """Return the help of the program: its commands, one line each."""
    width = max(map(len, commands))
    lines = [
        "DispatchLab: reinforcement learning in scheduling, beside rules, search and optima.",
        "",
        "usage: dispatchlab <command> key=value …",
        "       dispatchlab <command> --help        what it does, its keys, examples",
        "       dispatchlab <command> -m key=a,b …  run every combination (Hydra's launchers:",
        "                                           hydra/launcher=joblib spreads them)",
        "       dispatchlab --version",
        "",
        "commands:",
        *(f"  {name:<{width}}  {line}" for name, line in commands.items()),
        "",
        "exit codes: 0 done, 1 validate found violations, 2 bad input, 130 interrupted",
    ]
    return "\n".join(lines)


def of_command(command: str, overrides: Sequence[str] = ()) -> str:
    """Return the help of a command: the head of its YAML, then every key with its comment.

    Args:
        command: Name of the primary configuration.
        overrides: What else was on the command line: ``agent=dqn_flat`` shows that agent's keys.
    """
    lines = _read(f"{command}.yaml")
    head = [line.removeprefix("#").removeprefix(" ") for line in _head(lines)]
    chosen = dict(o.split("=", 1) for o in overrides if "=" in o)
    blocks = [_table(_rows(lines))]
    for group, package, default in _defaults(lines):
        if package:  # a fixed part, which people do not choose
            blocks.append(_group(group, package, default, f"{package}:"))
        else:
            option = chosen.get(group, default)
            line = f"{group}={option}, one of: {', '.join(options_of(group))}"
            blocks.append(_group(group, group.replace("/", "."), option, line))
    title = "\n".join(head).strip() or f"dispatchlab {command}"
    usage = f"usage: dispatchlab {command} key=value …"
    return "\n\n".join([title, usage, "keys, with their defaults:", *filter(None, blocks)])


def _group(group: str, package: str, option: str, head: str) -> str:
    """Return what a configuration group's file says, under a head, and its keys."""
    lines = _read(f"{group}/{option}.yaml")
    if not lines:  # an optional part that is not there
        return ""
    body = _table(_rows(lines, f"{package}."))
    summary = " ".join(line.lstrip("# ") for line in _head(lines) if "@package" not in line)
    return "\n".join(filter(None, (*wrap(head, WIDTH), *wrap(summary, WIDTH), body)))


def _head(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("#"):
            return
        yield line


def _defaults(lines: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield (group, package, option) of each entry of the defaults list."""
    inside = False
    for line in lines:
        if line.strip() and line[0] not in " #-":
            inside = line.startswith("defaults:")
        entry = _DEFAULT.match(line) if inside else None
        if entry and not entry[1].startswith("hydra"):
            yield entry[1], entry[2] or "", entry[3]


def _rows(lines: Sequence[str], prefix: str = "") -> Iterator[Row]:
    """Yield every key that holds a value, dotted, with the comment beside or above it."""
    stack: list[tuple[int, str]] = []
    above: list[str] = []
    skipped = False  # inside `defaults:` or `hydra:`, which are not keys of the command
    for line in list(lines)[len(list(_head(lines))) :]:
        if line.lstrip().startswith("#"):
            above.append(line.strip().lstrip("# "))
            continue
        match = _KEY.match(line)
        if match is None or (skipped and line.startswith(" ")):
            above = []
            continue
        indent, name = len(match[1]), match[2]
        skipped = indent == 0 and name in ("defaults", "hydra")
        if skipped:
            continue
        value, _, comment = re.sub(r"(^|\s)# ", "\0", match[3], count=1).partition("\0")
        stack = [level for level in stack if level[0] < indent]
        key = prefix + ".".join([*(level[1] for level in stack), name])
        stack.append((indent, name))
        if value.strip():
            yield key, value.strip(), " ".join(filter(None, (*above, comment.strip())))
        elif comment.strip() or above:
            yield f"{key}.…", "", " ".join(filter(None, (*above, comment.strip())))
        above = []


def _table(rows: Iterator[Row]) -> str:
    listed = list(rows)
    if not listed:
        return ""
    cells = [(k, "(required)" if v == "???" else v, c) for k, v, c in listed]
    first = min(max(len(key) for key, _, _ in cells), 36)
    second = min(max(len(value) for _, value, _ in cells), 24)
    room = WIDTH - first - second - 6
    lines: list[str] = []
    for key, value, comment in cells:
        left = f"  {key:<{first}}  {value:<{second}}  "
        text = wrap(comment, room) or [""]
        if len(left) > WIDTH - room:  # a long default pushes its comment to the next line
            lines.append(left.rstrip())
            left = " " * (WIDTH - room)
        lines += [(left + text[0]).rstrip()]
        lines += [" " * (WIDTH - room) + more for more in text[1:]]
    return "\n".join(lines)


def options_of(group: str) -> list[str]:
    """Return the names of the files of a configuration group, ``jobshop/dqn`` for nested ones."""
    root = files("configs") / group
    found: list[str] = []
    for item in root.iterdir() if root.is_dir() else ():
        if item.is_dir():
            found += [f"{item.name}/{option}" for option in options_of(f"{group}/{item.name}")]
        elif item.name.endswith(".yaml"):
            found.append(item.name.removesuffix(".yaml"))
    return sorted(found)


def _read(name: str) -> list[str]:
    file = files("configs") / name
    return file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
