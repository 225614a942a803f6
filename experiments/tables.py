"""A head and lines of cells, laid out for a terminal or in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

Lines = Sequence[Sequence[str]]


def text(head: Sequence[str], body: Lines, left: int = 1) -> str:
    """Return a table for a terminal: so many columns to the left, the others to the right."""
    width = [max(len(line[c]) for line in (head, *body)) for c in range(len(head))]

    def lay(line: Sequence[str]) -> str:
        cells = [
            f"{cell:<{w}}" if c < left else f"{cell:>{w}}"
            for c, (cell, w) in enumerate(zip(line, width, strict=True))
        ]
        return "  ".join(cells).rstrip()

    rule = "-" * (sum(width) + 2 * (len(width) - 1))
    return "\n".join([lay(head), rule, *map(lay, body)])


def markdown(head: Sequence[str], body: Lines, left: int = 1) -> str:
    """Return the same in Markdown."""
    bar = "|".join(["", *["---"] * left, *["---:"] * (len(head) - left), ""])
    first, *others = ["| " + " | ".join(line) + " |" for line in (head, *body)]
    return "\n".join([first, bar, *others])
