"""Promises 1 to 5 for online shops, on odd shops of few jobs."""

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from baselines.online_rules import ONLINE_RULES
from envs.core.candidates import best
from envs.core.check import violations
from envs.core.metrics import evaluate
from envs.core.problem import NONE, Problem
from envs.core.scenario import Scenario
from envs.core.schedule import Schedule
from envs.dynamic import layout as k
from envs.dynamic.batch import DynamicBatch
from envs.dynamic.env import DynamicShopEnv
from envs.dynamic.features import FULL
from envs.instances.online_shop import OnlineShop
from tests.dynamic.shops import random_online

SEEDS = st.integers(0, 2**32 - 1)
SHOPS = st.builds(random_online, SEEDS)
CHOICES = st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=40)
SETTINGS = st.fixed_dictionaries(
    {
        "visible": st.integers(1, 4),
        "forced": st.booleans(),
        "objective": st.sampled_from(k.OBJECTIVES),
        "reward": st.sampled_from(["foreseen", "accrued"]),
    }
)


def pick(mask: np.ndarray, choices: list[float], step: int) -> int:
    legal = np.flatnonzero(mask)
    return int(legal[int(choices[step % len(choices)] * len(legal))])


@given(SHOPS, SETTINGS, CHOICES)
def test_schedules_are_valid_and_rewards_add_up(shop, settings, choices) -> None:
    env = DynamicShopEnv(shop, strict=True, **settings)
    look, info = env.reset(seed=0)
    first, ticks, total, step, ended = info["cost"], 0, 0.0, 0, False
    while not ended:
        row = pick(look["action_mask"], choices, step)
        look, value, ended, _, info = env.step(row)
        ticks, total, step = ticks + info["reward_ticks"], total + value, step + 1
    schedule = env.schedule()
    assert violations(shop.problem, schedule, shop.scenario) == []
    problem, scenario = env.problem(), env.scenario()  # released when they are known
    metrics = evaluate(problem, schedule, scenario)
    cost = {
        "weighted_tardiness": metrics.weighted_tardiness,
        "tardiness": metrics.mean_tardiness * metrics.counted,
        "flow": metrics.mean_flow * metrics.counted,
        "late": metrics.late_jobs,
    }[settings["objective"]]
    assert info["cost"] == round(cost)
    assert ticks == first - info["cost"]
    assert np.isclose(total, ticks * env.batch.units[0], rtol=1e-5)
    exact = np.array_equal(problem.time, scenario.time) and not scenario.unavailable.size
    if exact or settings["reward"] == "accrued":
        assert first <= info["cost"]  # what is foreseen is then a lower bound


@given(SHOPS, st.sampled_from(sorted(ONLINE_RULES)))
def test_every_rule_makes_valid_schedules(shop, name) -> None:
    batch = DynamicBatch.of([shop])
    while not batch.done[0]:
        table = batch.table()
        batch.step(best(ONLINE_RULES[name](table), table.mask))
        assert batch.legal[0]
    assert violations(shop.problem, batch.schedule(0), shop.scenario) == []


@given(SHOPS, SETTINGS, CHOICES, CHOICES)
def test_the_same_choices_give_the_same_bytes_from_any_fork(shop, settings, first, then) -> None:
    batch = DynamicBatch.of([shop, shop], **settings)
    step = 0
    while not batch.done.any() and step < len(first):
        batch.step(np.array([pick(batch.mask()[0], first, step), -1]))
        step += 1
    batch.fork(np.array([0, 0]))
    while not batch.done.all():
        look = batch.observation()
        assert all(array[0].tobytes() == array[1].tobytes() for array in look.values())
        row = pick(look["action_mask"][0], then, step)
        _, moves = batch.advance(np.array([row, row]), None, again=False)
        assert moves.reward[0] == moves.reward[1]
        step += 1
    assert np.array_equal(batch.schedule(0).start, batch.schedule(1).start)


@given(SHOPS, SETTINGS, CHOICES, st.integers(-3, 20))
def test_what_is_not_allowed_changes_nothing(shop, settings, choices, row) -> None:
    batch = DynamicBatch.of([shop], **settings)
    for step in range(len(choices)):
        if batch.done[0]:
            break
        look = batch.observation()
        mask = look["action_mask"][0]
        if not (0 <= row < len(mask) and mask[row]):
            before = batch.get_state()
            again, moves = batch.advance(np.array([row]), None, again=False)
            assert moves.refused == 1 and moves.outcome[0, 0] == 0 and moves.reward[0] == 0
            assert all(np.array_equal(look[name], again[name]) for name in look)
            assert all(np.array_equal(before[name], a) for name, a in batch.get_state().items())
        batch.step(np.array([pick(mask, choices, step)]))


@dataclass
class Trace:
    """What a policy saw, did and was paid until each choice, and the schedule in the end."""

    seen: list[tuple[int, bytes]]  # when, what
    schedule: Schedule

    def until(self, t: int) -> list[bytes]:
        return [what for when, what in self.seen if when <= t]


def follow(shop: OnlineShop, settings: dict, weights: np.ndarray) -> Trace:
    """Take the row whose columns have the largest weighted sum, to the end."""
    batch = DynamicBatch.of([shop], **settings)
    look, paid, seen = batch.observation(), b"", []
    while not batch.done[0]:
        sums = look["candidates"][0].astype(float) @ weights
        row = best(sums, look["action_mask"][0]).reshape(1)
        parts = [*look.values(), row, batch.bound]
        what = paid + b"".join(array.tobytes() for array in parts)
        seen.append((int(batch.totals[0, k.NOW]), what))
        look, moves = batch.advance(row, None, again=False)
        paid = moves.outcome.tobytes() + moves.reward.tobytes()
    return Trace(seen, batch.schedule(0))


def later_jobs(problem: Problem, t: int, count: int, rng: np.random.Generator) -> dict:
    """Return operations and dates of other jobs that come after t; the widest choice stays."""
    width, machines = int(problem.eligible.sum(axis=1).max()), problem.resources
    job = np.repeat(np.arange(count), rng.integers(1, 5, count))
    eligible = np.zeros((len(job), machines), np.bool_)
    for o in range(len(job)):
        most = width if o == 0 else int(rng.integers(1, width + 1))
        eligible[o, rng.permutation(machines)[:most]] = True
    return {
        "job": job,
        "eligible": eligible,
        "time": np.where(eligible, rng.integers(0, 12, eligible.shape), 0),
        "arrival": np.sort(t + rng.integers(1, 30, count)),
    }


def rewrite(shop: OnlineShop, done: Schedule, t: int, rng: np.random.Generator) -> OnlineShop:
    """Return a shop in which all that happens after t is different.

    Other jobs come after t, with other dates, weights and routes; what runs at t ends at another
    time after it, and what starts after it takes another time; repairs that end after t do so at
    another time after it, and other breakdowns follow.
    """
    p, s, arrival = shop.problem, shop.scenario, shop.arrival
    known = int((arrival <= t).sum())  # jobs
    n = int(p.first[known])
    count = int(rng.integers(1, 5)) if known < p.jobs else 0  # that there are some is known
    later = later_jobs(p, t, count, rng)

    rows = s.unavailable[s.unavailable[:, 1] <= t].copy()
    lasts = rows[:, 2] > t
    rows[lasts, 2] = t + rng.integers(1, 20, lasts.sum())
    new = int(rng.integers(0, 4))
    begin = t + rng.integers(1, 30, new)
    more = [rng.integers(0, p.resources, new), begin, begin + rng.integers(0, 12, new)]
    unavailable = np.concatenate([rows, np.stack(more, axis=1)])
    kind = s.interruption if s.unavailable.size else str(rng.choice(["resume", "restart"]))
    breaks = Scenario(unavailable=unavailable, interruption=kind)

    actual = np.where(p.eligible[:n], rng.integers(0, 12, (n, p.resources)), 0)
    for o in np.flatnonzero((done.start[:n] >= 0) & (done.start[:n] <= t)):
        m, start = int(done.assign[o]), int(done.start[o])
        if done.end[o] <= t:
            actual[o, m] = s.actual_time(p)[o, m]
        while done.end[o] > t >= breaks.end(m, start, int(actual[o, m])):
            actual[o, m] += 1

    counted = s.counted.copy()
    if counted.size:  # the known jobs count as before
        if counted[0] >= known:
            counted[0] = known + rng.integers(0, count)
        if counted[1] > known:
            counted[1] = rng.integers(max(known, int(counted[0]) + 1), known + count + 1)
    job = np.append(p.job[:n], known + later["job"])
    inner = np.flatnonzero(np.diff(job) == 0)
    due = later["arrival"] + rng.integers(NONE, 25, count)
    weight = rng.integers(0, 9, count)
    early = np.maximum(later["arrival"] - rng.integers(0, 3, count), 0)
    return OnlineShop(
        Problem(
            name="rewritten",
            job=job,
            edges=np.stack([inner, inner + 1], axis=1),
            slot_operation=np.arange(len(job)),
            eligible=np.concatenate([p.eligible[:n], later["eligible"]]),
            time=np.concatenate([p.time[:n], later["time"]]),
            release=np.append(p.release[:known], early),
            due=np.append(p.due[:known], due) if p.due.size else p.due,
            weight=np.append(p.weight[:known], weight) if p.weight.size else p.weight,
        ),
        Scenario(
            time=np.concatenate([actual, later["time"] + later["eligible"]]),
            reveal=np.append(arrival[:known], later["arrival"]),
            unavailable=unavailable,
            counted=counted,
            interruption=kind,
        ),
    )


def compare(seed: int, settings: dict) -> tuple[int, bool]:
    """Rewrite the future; return how many choices came before it, and whether later ones differ.

    The reward of a choice is paid at the next one: it belongs to what is seen there.
    """
    rng = np.random.default_rng(seed)
    shop, weights = random_online(seed, jobs=9), rng.normal(size=FULL)
    one = follow(shop, settings, weights)
    t = int(rng.integers(0, max(one.schedule.makespan, 1)))
    other = follow(rewrite(shop, one.schedule, t, rng), settings, weights)
    assert other.until(t) == one.until(t)
    return len(one.until(t)), other.seen != one.seen


@given(SEEDS, SETTINGS)
def test_no_policy_sees_the_future(seed, settings) -> None:
    compare(seed, settings)


def test_the_futures_that_are_not_seen_are_different() -> None:
    found = [
        compare(seed, {"forced": False, "objective": objective, "reward": "foreseen"})
        for seed, objective in zip(range(200), k.OBJECTIVES * 50, strict=True)
    ]
    assert sum(count for count, _ in found) > 800
    assert sum(changed for _, changed in found) > 120
