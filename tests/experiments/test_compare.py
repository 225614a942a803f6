"""The table: means by hand, wins with ties, classes, sizes in order, gaps that are not known."""

import json
from pathlib import Path
from typing import Any

import pytest

from envs.core.errors import InputError
from experiments import compare, compare_table


def row(instance: str, method: str, makespan: int, seed: int = 0, **more: Any) -> dict[str, Any]:
    gap = more.pop("gap", float(makespan - 100))
    return {
        "instance": instance,
        "sha256": instance,
        "jobs": 6,
        "machines": 6,
        "method": method,
        "class": "greedy",
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
    text = compare_table.text(ROWS).splitlines()
    assert text[0].split("  ")[:2] == ["class", " method"]
    cells = ["greedy", "ga", "10.0", "20.5", "15.2", "2", "2", "115.2", "1.00"]
    assert text[2].split() == cells
    markdown = compare_table.markdown(ROWS).splitlines()
    head = (
        "| class | method | 6x6 | 10x5 | mean gap % | wins | instances | mean makespan | seconds |"
    )
    assert markdown[0] == head
    assert markdown[2] == "| " + " | ".join(cells) + " |"
    assert markdown[1].startswith("|---|---|---:|")
    assert markdown[3].startswith("|  | spt |")  # the class stands where it begins
    assert markdown[-3:] == text[-3:]
    assert "the optimum (2)" in text[-3]
    assert "2 seeds" in text[-3]
    assert text[-1] == "Classes: greedy methods build one schedule in one pass."


GIVEN = {"evaluations": None, "seconds": 1.0}
MIXED = [
    row("a", "proof", 100, **{"class": "exact"}, budget=GIVEN, threads=8),
    row("a", "tabu", 101, **{"class": "search"}, budget=GIVEN),
    row("a", "ga", 100, **{"class": "search"}, budget={"evaluations": 50, "seconds": None}),
    row("a", "beam", 109, **{"class": "constructive"}, budget={"evaluations": 9, "seconds": 2.5}),
    row("a", "spt", 120, threads=1, budget=None),
    row("a", "dqn", 115, seed=0, version="1f", training_seconds=400.0),
    row("a", "dqn", 117, seed=1, version="2e", training_seconds=500.0),
    row("a", "lost", 118, version="3d", training_seconds=None),
]


def test_classes_come_in_their_order_and_say_what_was_given() -> None:
    body = [line.split() for line in compare_table.text(MIXED).splitlines()[2:9]]
    assert [line[0] for line in body] == [
        *("greedy", "lost", "spt", "constructive", "search", "tabu", "exact")
    ]
    lines = {line.method: line for line in compare.compare(MIXED)}
    assert list(lines) == ["dqn", "lost", "spt", "beam", "ga", "tabu", "proof"]
    budgets = {name: line.budget for name, line in lines.items() if line.budget}
    assert budgets == {"beam": "2.5 s or 9 ev.", "ga": "50 ev.", "tabu": "1 s", "proof": "1 s"}
    assert [name for name, line in lines.items() if line.learned] == ["dqn", "lost"]
    assert lines["dqn"].training == pytest.approx(450.0)
    cells = {
        line.split("|")[2].strip(): [cell.strip() for cell in line.split("|")[3:-1]]
        for line in compare_table.markdown(MIXED).splitlines()[:9]
    }
    head = ["mean gap %", "wins", "instances", "mean makespan", "budget", "seconds"]
    assert cells["method"] == [*head, "threads", "training"]
    assert cells["dqn"] == ["16.0", "0", "1", "116.0", "-", "0.50", "1", "7.5 min"]
    assert cells["proof"] == ["0.0", "1", "1", "100.0", "1 s", "0.50", "8", "-"]
    assert cells["lost"][-1] == "?"
    said = compare_table.text(MIXED).splitlines()[-1]
    for word in ("greedy", "constructive", "searches", "exact", "Budget:", "Training:"):
        assert word in said


def test_columns_that_say_nothing_are_left_out() -> None:
    head = compare_table.text([row("a", "spt", 110)]).splitlines()[0].split()
    assert not {"budget", "threads", "training"} & set(head)


def test_rows_of_former_versions_are_read() -> None:
    old = [row("a", "dqn", 110), row("a", "dqn@sample", 105), row("a", "ga", 100)]
    for of, kind in zip(old, ("learned", "learned", "search"), strict=True):
        del of["class"]
        of["kind"] = kind
    lines = compare.compare(old)
    found = [(line.method, line.kind, line.learned, line.training) for line in lines]
    assert found == [
        ("dqn", "greedy", True, None),
        ("dqn@sample", "constructive", True, None),
        ("ga", "search", False, None),
    ]


def test_without_references_the_best_method_is_the_measure() -> None:
    rows = [row("a", "spt", 110, gap=None), row("a", "lpt", 121, gap=None)]
    spt, lpt = compare.compare(rows)
    assert (spt.gap, spt.excess, lpt.excess) == (None, (0.0,), pytest.approx((10.0,)))
    assert compare_table.text(rows).splitlines()[0].split("  ")[2].strip() == "above best %"
    assert "nothing known (1, left out of the gap)" in compare_table.text(rows)


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
