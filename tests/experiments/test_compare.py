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
    assert compare.groups(compare.compare(rows)) == ["6x6", "20x5", "15x15", "100x20"]


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


def valued(instance: str, method: str, group: str, value: float, **more: Any) -> dict[str, Any]:
    objective = {"name": more.pop("objective", "mean_weighted_tardiness"), "value": value}
    return row(instance, method, 50, gap=None, group=group, objective=objective, **more)


GROUPED = [
    *(valued(f"a{i}", "fifo", "0.9 calm", v) for i, v in enumerate((0.0, 4.0))),
    *(valued(f"b{i}", "fifo", "0.7 calm", v) for i, v in enumerate((10.0, 30.0))),
    *(valued(f"a{i}", "covert", "0.9 calm", v) for i, v in enumerate((1.0, 2.0))),
    *(valued(f"b{i}", "covert", "0.7 calm", v) for i, v in enumerate((5.0, 15.0))),
]


def test_groups_of_rows_without_references_show_their_means() -> None:
    covert, fifo = compare.compare(GROUPED)
    assert compare.groups([covert, fifo]) == ["0.9 calm", "0.7 calm"]  # as they come
    assert covert.values == {"0.9 calm": (1.0, 2.0), "0.7 calm": (5.0, 15.0)}
    # The best values are 0, 2, 5, 15; one is 0, so that per cent of it would say nothing.
    assert covert.excess == pytest.approx((100 / 5.5, 0, 0, 0))
    assert fifo.excess == pytest.approx((0, 200 / 5.5, 500 / 5.5, 1500 / 5.5))
    text = compare_table.markdown(GROUPED).splitlines()
    assert text[0].split(" | ")[2:5] == ["0.9 calm", "0.7 calm", "above best %"]
    assert text[2].split(" | ")[1:5] == ["covert", "1.5", "10.0", "4.5"]
    assert text[3].split(" | ")[1:5] == ["fifo", "2.0", "20.0", "100.0"]
    assert text[2].split(" | ")[-1].startswith("-47.7 (")  # 23 against 44
    assert text[5] == "Change against fifo by group, per cent:"
    # Of b both instances are halved, so every resample is.
    assert text[9].split(" | ")[1:] == ["covert", "-25 (-50 to +0)", "-50.0 (-50.0 to -50.0) |"]
    assert text[10].split(" | ")[1:] == ["fifo", "-", "- |"]
    note = "0.9 calm to 0.7 calm: mean weighted tardiness of the group, in ticks."
    assert note in text[-3]


def test_objectives_that_are_never_0_keep_the_mean_of_changes() -> None:
    rows = [{**one, "objective": {**one["objective"], "name": "mean_flow"}} for one in GROUPED[2:]]
    rows = [one for one in rows if one["group"] == "0.7 calm"]
    rows[-1]["objective"]["value"] = 30.0
    line = next(line for line in compare.compare(rows) if line.method == "covert")
    assert compare.change(line.pairs, of_means=False) == (-25.0, -50.0, 0.0)
    found = compare.change(line.pairs, of_means=True)
    assert found is not None and found[0] == pytest.approx(-12.5)  # 35 against 40
    assert compare.change((), of_means=True) is None


def test_old_rows_are_grouped_by_size() -> None:
    old = row("a", "spt", 110)
    assert compare.group(old) == "6x6"
    assert compare.group({**old, "group": "0.9 calm"}) == "0.9 calm"
    assert compare.group({k: v for k, v in old.items() if k != "machines"}) == ""


def test_groups_without_references_do_not_change_tables_that_have_some() -> None:
    rows = [*ROWS, row("c", "spt", 90, gap=None, jobs=3), row("c", "ga", 90, gap=None, jobs=3)]
    assert compare.groups(compare.compare(rows)) == ["6x6", "10x5"]
    assert "Change against" not in compare_table.text(rows)


def test_a_time_of_a_decision_is_a_budget() -> None:
    rows = [row("a", "rolling", 110, budget={"decision_ms": 2.5}), row("a", "spt", 120)]
    assert "2.5 ms/decision" in compare_table.text(rows)
    assert "or at each decision of one." in compare_table.text(rows)


def judged(instance: str, method: str, share: float, makespan: int) -> dict[str, Any]:
    return row(
        instance, method, makespan, gap=None, group="g",
        objective={"name": "expected_share", "value": share}, also={"makespan": makespan},
    )  # fmt: skip


BOTH = [
    judged("a", "dqn", 0.8, 100),
    judged("b", "dqn", 1.0, 200),
    judged("a", "dqn@once", 1.0, 125),
    judged("b", "dqn@once", 1.0, 250),
    judged("a", "manual", 1.2, 90),
    judged("b", "manual", 1.5, 180),
]


def test_further_objectives_have_tables_of_their_own() -> None:
    first, second = compare_table.text(BOTH).split("By makespan:")
    assert "mean expected share" in first and "mean makespan" not in first
    assert "mean makespan" in second and "mean expected share" not in second.split("Gap to")[0]
    assert "+50.0 (+50.0 to +50.0)" in next(x for x in first.splitlines() if " manual " in x)
    manual = next(line for line in second.splitlines() if " manual " in line)
    assert "135.0" in manual and "-10.0 (-10.0 to -10.0)" in manual
    assert [len(one) for one in compare.others(BOTH)] == [6]
    assert compare.others(ROWS) == []


def test_plans_made_once_are_what_deciding_along_the_day_is_measured_against() -> None:
    head = "Deciding along the day against the plan made once, per cent:"
    parts = compare_table.markdown(BOTH).split(head)
    assert len(parts) == 3  # one for each objective
    share, makespan = (part.strip().splitlines() for part in parts[1:])
    assert share[0] == "| method | all |"
    assert share[2] == "| dqn | -10.0 (-20.0 to +0.0) |"
    assert makespan[2] == "| dqn | -20.0 (-20.0 to -20.0) |"
    assert head not in compare_table.markdown(BOTH[:2] + BOTH[4:])
