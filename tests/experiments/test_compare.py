"""The table: means by hand, wins with ties, sizes in order, gaps that are not known."""

import json
from pathlib import Path
from typing import Any

import pytest

from envs.core.errors import InputError
from experiments import compare


def row(instance: str, method: str, makespan: int, seed: int = 0, **more: Any) -> dict[str, Any]:
    gap = more.pop("gap", float(makespan - 100))
    return {
        "instance": instance,
        "sha256": instance,
        "jobs": 6,
        "machines": 6,
        "method": method,
        "kind": "greedy",
        "makespan": makespan,
        "reference_kind": "optimum" if gap is not None else None,
        "gap": gap,
        "seconds": 0.5,
        "seed": seed,
        **more,
    }


ROWS = [
    row("a", "spt", 110),
    row("b", "spt", 130, jobs=10, machines=5),
    row("a", "ga", 100, seed=0),
    row("a", "ga", 120, seed=1),
    row("b", "ga", 120, jobs=10, machines=5, seed=0, seconds=1.5),
    row("b", "ga", 121, jobs=10, machines=5, seed=1, seconds=1.5),
]


def test_seeds_are_averaged_before_instances() -> None:
    ga, spt = compare.compare(ROWS)
    assert (ga.method, spt.method) == ("ga", "spt")  # the smaller mean gap first
    assert ga.gaps == {"6x6": (10.0,), "10x5": (20.5,)}
    assert ga.gap == pytest.approx(15.25)
    assert spt.gap == pytest.approx(20.0)
    assert ga.value == pytest.approx((110 + 120.5) / 2)
    assert ga.seconds == pytest.approx(1.0)
    assert (ga.wins, spt.wins) == (2, 1)  # a tie on instance a counts for both
    assert spt.excess == pytest.approx((0.0, 100 * (130 / 120.5 - 1)))


def test_text_and_markdown_say_the_same() -> None:
    text = compare.text(ROWS).splitlines()
    assert text[0].split("  ")[0] == "method"
    cells = ["ga", "10.0", "20.5", "15.2", "2", "2", "115.2", "1.00"]
    assert text[2].split() == cells
    markdown = compare.markdown(ROWS).splitlines()
    head = "| method | 6x6 | 10x5 | mean gap % | wins | instances | mean makespan | seconds |"
    assert markdown[0] == head
    assert markdown[2] == "| " + " | ".join(cells) + " |"
    assert markdown[-1] == text[-1]
    assert "the optimum (2)" in text[-1]
    assert "2 seeds" in text[-1]


def test_without_references_the_best_method_is_the_measure() -> None:
    rows = [row("a", "spt", 110, gap=None), row("a", "lpt", 121, gap=None)]
    spt, lpt = compare.compare(rows)
    assert (spt.gap, spt.excess, lpt.excess) == (None, (0.0,), pytest.approx((10.0,)))
    assert compare.text(rows).splitlines()[0].split("  ")[1].strip() == "above best %"
    assert "nothing known (1, left out of the gap)" in compare.text(rows)


def test_sizes_come_small_ones_first() -> None:
    rows = [row(str(i), "spt", 100, jobs=j, machines=m) for i, (j, m) in enumerate(SIZES)]
    assert compare.sizes(compare.compare(rows)) == ["6x6", "20x5", "15x15", "100x20"]


SIZES = [(100, 20), (6, 6), (15, 15), (20, 5)]


def test_read_takes_folders_files_and_unfinished_ones(tmp_path: Path) -> None:
    text = "".join(json.dumps(r) + "\n" for r in ROWS)
    (tmp_path / compare.PARTIAL).write_text(text)
    assert compare.read(tmp_path) == ROWS
    (tmp_path / compare.RESULTS).write_text(text.splitlines()[0] + "\n")
    assert compare.read(tmp_path) == compare.read(tmp_path / compare.RESULTS) == ROWS[:1]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", ":2: is no JSON"),
        ("[]", ":2: is no JSON object"),
        (json.dumps({k: v for k, v in ROWS[0].items() if k != "gap"}), ":2, gap: is missing"),
        (json.dumps({**ROWS[0], "makespan": "x"}), ":2, makespan: is 'x' (must be a number)"),
    ],
)
def test_bad_rows_are_named_by_line(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / compare.RESULTS).write_text(json.dumps(ROWS[0]) + "\n" + line + "\n")
    with pytest.raises(InputError) as caught:
        compare.read(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / compare.RESULTS}{message}")
