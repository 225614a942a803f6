"""The rules of online shops: priorities worked out by hand from the published formulas."""

import warnings
from math import log

import numpy as np
import pytest

from baselines.dispatch import RULES
from baselines.online_rules import ONLINE_RULES
from envs.core.candidates import CandidateTable, best
from envs.dynamic.batch import DynamicBatch
from envs.dynamic.features import TABLE
from envs.dynamic.layout import FAR
from envs.dynamic.random_orders import RandomOrders

NAMES = list(TABLE)
OWN = sorted(set(ONLINE_RULES) - set(RULES))


def table(mask: list[int] | None = None, **columns: list[int]) -> CandidateTable:
    """Return a table with these columns, all others zero, every row legal unless said."""
    rows = len(next(iter(columns.values())))
    cells = np.zeros((rows, len(NAMES)), np.int64)
    for name, values in columns.items():
        cells[:, NAMES.index(name)] = values
    return CandidateTable(cells, np.array(mask or [1] * rows, np.int8), TABLE)


# Now is 100. Three candidates: an urgent, a late and an easy one.
#                        slack = due - now - remaining work: 120 - 100 - 15 = 5, -18, 60
THREE = table(
    start=[100, 100, 100],
    processing_time=[4, 8, 6],
    remaining_work=[15, 8, 20],  # after it: 11, 0, 14
    remaining_operations=[3, 1, 4],
    due=[120, 90, 180],
    release=[80, 60, 90],
    flow_due=[94, 80, 96],  # work up to and with the operation: 14, 20, 6
    weight=[2, 1, 4],
    next_time=[5, 0, 7],
    next_work=[30, 0, 12],
)
PRIORITIES = {
    "wspt": [2 / 4, 1 / 8, 4 / 6],
    # Mean time (4 + 8 + 6) / 3 = 6, so k p = 18. Slack: due - now - p - 3 * work after it:
    # 20 - 4 - 33 < 0; -10 - 8 < 0; 80 - 6 - 42 = 32.
    "atc": [log(2 / 4), log(1 / 8), log(4 / 6) - 32 / 18],
    # Expected waits 2 * 2 * work: 60, 32, 80; slack 5, 0 (late), 60.
    "covert": [2 / 4 * (1 - 5 / 60), 1 / 8, 4 / 6 * (1 - 60 / 80)],
    "mdd": [-20, -8, -80],
    # Work of the jobs 14 + 11 = 25, 20, 6 + 14 = 20; operation due 80 + 40 * 14 / 25 = 102.4,
    # 60 + 30 = 90, 90 + 90 * 6 / 20 = 117; from now 2.4, -10, 17.
    "mod": [-4, -8, -17],
    "wmdd": [-20 / 2, -8 / 1, -80 / 4],
    "slack": [-5, 18, -60],
    "s_opn": [-5 / 3, 18, -60 / 4],
    # Critical ratios 20 / 15, -10 / 8 (so 1) and 80 / 20.
    "cr_spt": [-4 * 20 / 15, -8, -6 * 4],
    "wcr_spt": [2 / (4 * 20 / 15), 1 / 8, 4 / (6 * 4)],
    "winq": [-30, 0, -12],
    "pt_winq": [-34, -8, -18],
    "pt_winq_npt": [-(8 + 30 + 5), -16, -(12 + 12 + 7)],
}


def test_every_rule_has_a_case() -> None:
    assert sorted(PRIORITIES) == OWN
    assert set(RULES) < set(ONLINE_RULES)


@pytest.mark.parametrize("name", OWN)
def test_priorities_are_those_of_the_formula(name) -> None:
    priority = ONLINE_RULES[name](THREE)
    assert priority.dtype == np.float64
    assert priority.tolist() == pytest.approx(PRIORITIES[name])
    assert best(priority, THREE.mask) == int(np.argmax(PRIORITIES[name]))


def test_the_logarithm_of_the_apparent_tardiness_cost_has_its_order() -> None:
    """Where the cost itself does not underflow."""
    rng = np.random.default_rng(0)
    rows = table(
        start=[50] * 40, processing_time=rng.integers(1, 20, 40), weight=rng.integers(1, 9, 40),
        due=rng.integers(20, 200, 40), remaining_work=rng.integers(20, 60, 40),
    )  # fmt: skip
    p, after = rows["processing_time"], rows["remaining_work"] - rows["processing_time"]
    slack = np.maximum(rows["due"] - 50 - p - 3 * after, 0)
    cost = rows["weight"] / p * np.exp(-slack / (3 * p.mean()))
    assert np.exp(ONLINE_RULES["atc"](rows)) == pytest.approx(cost)


@pytest.mark.parametrize("name", ONLINE_RULES)
def test_equal_rows_tie_and_the_lowest_goes_next(name) -> None:
    """Also with weight 0, times of 0 and no due dates; nothing divides by zero."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for due in (0, int(FAR)):
            rows = table(**{column: [0] * 3 for column in NAMES} | {"due": [due] * 3})
            priority = ONLINE_RULES[name](rows)
            assert priority.shape == (3,)
            assert np.isfinite(priority).all()
            assert best(priority, rows.mask) == 0
            assert len(set(priority.tolist())) == 1


@pytest.mark.parametrize("name", ONLINE_RULES)
def test_rows_outside_the_mask_neither_win_nor_matter(name) -> None:
    """Rows outside the mask are zeros; batches of tables are ranked row by row."""
    rule = ONLINE_RULES[name]
    cells = np.zeros((2, 5, len(NAMES)), np.int64)
    cells[0, [1, 2, 4]], cells[1, :3] = THREE.cells, THREE.cells
    mask = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 0, 0]], np.int8)
    both = rule(CandidateTable(cells, mask, TABLE))
    assert both.shape == (2, 5)
    alone = np.asarray(rule(THREE), float)
    assert both[0, [1, 2, 4]].tolist() == both[1, :3].tolist() == alone.tolist()
    rows = best(both, mask)
    assert rows.tolist() == [[1, 2, 4][alone.argmax()], alone.argmax()]


def test_jobs_of_no_weight_come_last_under_weighted_rules() -> None:
    rows = table(
        start=[9, 9], processing_time=[1, 90], remaining_work=[1, 90], due=[0, int(FAR)],
        weight=[0, 1],
    )  # fmt: skip
    for name in ("wspt", "wmdd"):
        assert best(ONLINE_RULES[name](rows), rows.mask) == 1, name
    late = table(
        start=[9, 9], processing_time=[1, 90], remaining_work=[1, 90], due=[0, 0], weight=[0, 1]
    )
    for name in ("wspt", "wmdd", "atc", "covert"):
        assert best(ONLINE_RULES[name](late), late.mask) == 1, name


@pytest.mark.parametrize("name", ["edd", *OWN])
def test_jobs_without_a_due_date_count_as_not_urgent(name) -> None:
    """Rules of due dates take the job that has one, the others ignore it."""
    rows = table(
        start=[7, 7], processing_time=[5, 5], remaining_work=[5, 5], remaining_operations=[1, 1],
        flow_due=[5, 5], weight=[1, 1], due=[int(FAR), 12],
    )  # fmt: skip
    blind = name in ("wspt", "winq", "pt_winq", "pt_winq_npt")
    assert best(ONLINE_RULES[name](rows), rows.mask) == (0 if blind else 1)


def test_weighted_tardiness_is_less_under_the_rules_made_for_it() -> None:
    """At a high load, over 20 shops: ATC, COVERT and WMDD beat FIFO, SPT and EDD."""
    kind = RandomOrders(jobs=150, load=0.9)
    cost = {}
    for name in ("fifo", "spt", "edd", "atc", "covert", "wmdd"):
        batch = DynamicBatch.drawing(20, kind)
        batch.random[:] = np.random.default_rng(5).integers(0, 2**64, 20, np.uint64)
        batch.begin(kind)
        while not batch.done.all():
            rows = batch.table()
            batch.step(best(ONLINE_RULES[name](rows), rows.mask))
        cost[name] = int(batch.cost.sum())
    assert max(cost[n] for n in ("atc", "covert", "wmdd")) < min(cost[n] for n in ("spt", "edd"))
    assert cost["spt"] < cost["fifo"]
