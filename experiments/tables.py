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


def digits(value: float) -> str:
    """Return a number with a decimal, or with three digits where it is small."""
    return f"{value:.1f}" if abs(value) >= 10 or value == round(value, 1) else f"{value:.3g}"


def markdown(head: Sequence[str], body: Lines, left: int = 1) -> str:
    """Return the same in Markdown."""
    bar = "|".join(["", *["---"] * left, *["---:"] * (len(head) - left), ""])
    first, *others = ["| " + " | ".join(line) + " |" for line in (head, *body)]
    return "\n".join([first, bar, *others])
