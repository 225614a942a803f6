"""The rules: priorities on a small table, and published makespans on Taillard's instances."""

import numpy as np
import pytest

from baselines.dispatch import RULES, random_priority
from envs.core.candidates import COLUMNS, CandidateTable, best
from envs.core.check import violations
from envs.instances import load
from envs.shop.batch import ShopBatch


def table(**columns: list[int]) -> CandidateTable:
    """Return a table with these columns, all others zero, and every row legal."""
    rows = len(next(iter(columns.values())))
    cells = np.zeros((rows, len(COLUMNS)), np.int64)
    for name, values in columns.items():
        cells[:, list(COLUMNS).index(name)] = values
    return CandidateTable(cells, np.ones(rows, np.int8))


@pytest.mark.parametrize(
    ("rule", "columns", "row"),
    [
        ("fifo", {"arrival": [5, 3, 3]}, 1),
        ("spt", {"processing_time": [5, 3, 3]}, 1),
        ("lpt", {"processing_time": [3, 5, 5]}, 1),
        ("mwkr", {"remaining_work": [3, 5, 5]}, 1),
        ("lwkr", {"remaining_work": [5, 3, 3]}, 1),
        ("mopnr", {"remaining_operations": [3, 5, 5]}, 1),
        # 6 / 4 < 6 / 3 = 4 / 2
        ("wrt", {"remaining_work": [6, 6, 4], "processing_time": [4, 3, 2]}, 1),
        # 9 / 3 > 2 / 1 = 6 / 3
        ("fdd_mwkr", {"flow_due": [9, 2, 6], "remaining_work": [3, 1, 3]}, 1),
        ("edd", {"due": [5, 3, 3]}, 1),
        # (20 - 2) / 6 > (10 - 4) / 3 = (16 - 4) / 6
        ("cr", {"due": [20, 10, 16], "start": [2, 4, 4], "remaining_work": [6, 3, 6]}, 1),
        # late work comes first, the latest before all
        ("cr", {"due": [9, 9, 9], "start": [4, 20, 10], "remaining_work": [1, 1, 1]}, 1),
    ],
)
def test_rules_choose_as_defined_and_the_lowest_of_equal_rows(rule, columns, row) -> None:
    rows = table(**columns)
    assert best(RULES[rule](rows), rows.mask) == row


@pytest.mark.parametrize("rule", RULES)
def test_equal_rows_tie_and_work_of_no_length_is_no_error(rule) -> None:
    rows = table(**{name: [0, 0] for name in COLUMNS})
    priority = RULES[rule](rows)
    assert priority.shape == (2,)
    assert np.isfinite(priority).all()
    assert priority[0] == priority[1]


def test_ties_are_exact_for_large_times() -> None:
    # The rows differ by 1 in 2**40, and 1/3 = (2**38)/(3 * 2**38).
    rows = table(remaining_work=[2**40, 2**40 + 1, 2**40], processing_time=[1, 1, 1])
    assert best(RULES["mwkr"](rows), rows.mask) == 1
    rows = table(remaining_work=[2**38, 1], processing_time=[3 * 2**38, 3])
    assert len(set(RULES["wrt"](rows).tolist())) == 1


def run(rule, names: list[str]) -> list[int]:
    """Return the makespans of non-delay schedules, checked."""
    problems = [load(name) for name in names]
    batch = ShopBatch.of(problems)
    while not batch.done.all():
        rows = batch.table()
        batch.step(best(rule(rows), rows.mask))
    for b, problem in enumerate(problems):
        assert violations(problem, batch.schedule(b)) == []
    return batch.makespan.tolist()


def test_spt_and_mwkr_on_ta01() -> None:
    assert run(RULES["spt"], ["ta01"]) == [1462]
    assert run(RULES["mwkr"], ["ta01"]) == [1491]


@pytest.mark.parametrize(
    ("rule", "makespans"),
    [
        ("fifo", [65, 1184, 1645]),
        ("spt", [88, 1074, 1267]),
        ("lpt", [77, 1295, 1631]),
        ("mwkr", [61, 1108, 1501]),
        ("lwkr", [83, 1334, 1392]),
        ("mopnr", [59, 1163, 1601]),
        ("wrt", [68, 1007, 1259]),
        ("fdd_mwkr", [67, 1097, 1480]),
        ("edd", [68, 1262, 1488]),
    ],
)
def test_golden_makespans_of_ft06_ft10_ft20(rule, makespans) -> None:
    assert run(RULES[rule], ["ft06", "ft10", "ft20"]) == makespans


def test_without_due_dates_cr_takes_the_most_work() -> None:
    assert run(RULES["cr"], ["ta01", "ta02"]) == run(RULES["mwkr"], ["ta01", "ta02"])


def test_random_is_uniform_and_repeats_with_its_generator() -> None:
    rows = table(job=[0, 1, 2, 3])
    rows.mask[2] = 0
    rule = random_priority(np.random.default_rng(0))
    chosen = np.bincount([int(best(rule(rows), rows.mask)) for _ in range(3000)], minlength=4)
    assert chosen[2] == 0
    assert np.abs(chosen[[0, 1, 3]] - 1000).max() < 120  # more than 4 deviations
    runs = [run(random_priority(np.random.default_rng(7)), ["ft10"]) for _ in range(2)]
    assert runs[0] == runs[1]
