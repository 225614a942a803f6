"""The environment of field days against plain Python, and the interfaces of others."""

import warnings
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st
from stable_baselines3.common.env_checker import check_env as check_for_stable_baselines3

import envs  # noqa: F401 - importing registers the ids
from envs.core.check import violations
from envs.core.crews import PERSON
from envs.core.errors import InputError
from envs.core.metrics import evaluate
from envs.core.scenario import Scenario
from envs.field.batch import FieldBatch, Weights
from envs.field.env import FieldServiceEnv
from envs.field.features import CLIP, COLUMNS, FULL, OWN, STATE, TABLE
from envs.instances.field_day import FieldDay, named_day, random_day
from envs.instances.random_field import random_field
from tests.field.crews import line
from tests.field.plain_day import PlainDay

NAME = "dispatchlab/FieldService-v0"
SMALL = {"jobs": 6, "people": 3, "vehicles": 2, "tools": 3}


def shifted(day, rng, span):
    """Return a day on which people have random shifts, some of them none."""
    crews = day.problem.crews
    begin = rng.integers(0, span // 2 + 1, len(crews.role))
    shift = np.stack([begin, begin + rng.integers(1, span + 1, len(begin))], axis=1)
    shift[(crews.role != PERSON) | (rng.random(len(begin)) < 0.2)] = -1
    problem = replace(day.problem, crews=replace(crews, shift=shift))
    return FieldDay(problem, day.scenario)


@given(
    st.integers(1, 8), st.integers(0, 999), st.sampled_from([0.0, 0.5]),
    st.sampled_from([0, 60, 200, 500]),
)  # fmt: skip
def test_days_go_as_in_plain_python(jobs, seed, unsure, span):
    day = random_day(jobs, seed, people=3, vehicles=2, tools=4, arriving=unsure, overrun=unsure)
    if span:
        day = shifted(day, np.random.default_rng(seed), span)
    batch, plain = FieldBatch.of([day], forced=False), PlainDay(day)
    rng = np.random.default_rng(seed)
    while not batch.done[0]:
        look, table, rows = batch.observation(), batch.table(), plain.rows()
        legal = np.flatnonzero(look["action_mask"][0]).tolist()
        assert legal == sorted(rows)
        assert look["state"][0] == pytest.approx(list(plain.state().values()), rel=1e-5, abs=1e-6)
        for row, expected in plain.columns().items():
            clipped = [min(max(x, -CLIP), CLIP) for x in expected.values()]
            seen = dict(zip(COLUMNS, look["candidates"][0, row].tolist(), strict=True))
            wanted = dict(zip(COLUMNS, clipped, strict=True))
            assert seen == pytest.approx(wanted, rel=1e-4, abs=1e-5)
            job, crew, rules = rows[row]
            cells = dict(zip(TABLE, table.cells[0, row].tolist(), strict=True))
            assert cells["job"] == job and cells["rule"] == min(rules)
            assert cells["rules"] == sum(2**rule for rule in rules)
            assert cells["start"] == plain.start(job, crew)
            assert cells["overtime"] == plain.overtime(plain.people(crew), cells["completion"])
        row = int(rng.choice(legal))
        assert batch.step(np.array([row]))[0] == -plain.step(row)
    schedule = batch.schedule(0)
    assert violations(day.problem, schedule, day.scenario) == []
    assert schedule.start.tolist() == [plain.done[j][0] for j in range(jobs)]
    crews = evaluate(day.problem, schedule, day.scenario).crews
    assert batch.cost[0] == pytest.approx(1e6 * crews.dissatisfaction, abs=jobs)
    ends = [max((plain.done[j][1] for j in plain.done if r in plain.done[j][3]), default=0)
            for r in range(day.problem.resources)]  # fmt: skip
    late = [max(end - close, 0) for end, close in zip(ends, plain.closes, strict=True)]
    assert crews.overtime == sum(late)


OPTIONS = (
    {},
    {"arriving": 0.5, "overrun": 0.4, "makespan": 2.0, "tardiness": 1.0},
    {"skills": 2, "vehicle": "drop", "pickup": True, "forced": False, "visible": 4},
    {"instance": "field-7-3", "duration": "max"},
    {"instance": "day-7-3", "render_mode": "ansi"},
    {"jobs": (2, 9), "duration": "sum", "vehicle": "none"},
    {"shift": 3.0, "arriving": 0.5, "overrun": 0.4, "skills": 2, "pickup": True},
)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_checkers_of_both_libraries_pass(options):
    env = gym.make(NAME, **{**SMALL, **options}).unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env, skip_render_check=True)
        # Its advice about tables of candidates: a policy of our own reads them.
        warnings.filterwarnings("ignore", ".*has an unconventional shape")
        check_for_stable_baselines3(env)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_rewards_add_up_to_the_cost_and_schedules_are_valid(options):
    env = FieldServiceEnv(**{**SMALL, **options}, strict=True)
    observation, info = env.reset(seed=3)
    first, ticks, rewards, done = info["cost"], 0, 0.0, False
    rng = np.random.default_rng(0)
    while not done:
        row = rng.choice(np.flatnonzero(observation["action_mask"]))
        observation, reward, done, _, info = env.step(row)
        ticks, rewards = ticks + info["reward_ticks"], rewards + reward
    assert first - info["cost"] == ticks
    problem, schedule, scenario = env.problem(), env.schedule(), env.batch.scenario(0)
    assert rewards == pytest.approx(ticks / 1e6 * 10 / problem.jobs)
    assert violations(problem, schedule, scenario) == []
    metrics = evaluate(problem, schedule, scenario)
    weights, span = env.batch.weights, problem.crews.expected_time.sum() / len(problem.crews.of(0))
    late = metrics.weighted_tardiness / span
    cost = metrics.crews.dissatisfaction + weights.makespan * metrics.makespan / span
    assert info["cost"] == pytest.approx(1e6 * (cost + weights.tardiness * late), abs=problem.jobs)


def test_vectors_go_as_singles_do_and_go_on_exactly():
    options = {**SMALL, "jobs": (2, 6), "arriving": 0.5, "overrun": 0.5, "shift": 4.0}
    both = gym.make_vec(NAME, num_envs=3, strict=True, **options).unwrapped
    singles = [FieldServiceEnv(strict=True, **options) for _ in range(3)]
    seen, _ = both.reset(seed=7)
    own = [env.reset(seed=7 + i)[0] for i, env in enumerate(singles)]
    rng, ended, state = np.random.default_rng(0), 0, None
    later = []
    for t in range(40):
        if t == 20:
            state = both.get_state()
        rows = np.array([rng.choice(np.flatnonzero(m)) for m in seen["action_mask"]])
        if t >= 20:
            later.append(rows)
        seen, reward, terminated, _, infos = both.step(rows)
        for i, env in enumerate(singles):
            own[i], alone, done, _, info = env.step(rows[i])
            assert (alone, done) == (reward[i], terminated[i])
            if done:
                np.testing.assert_array_equal(infos["final_obs"][i]["state"], own[i]["state"])
                assert infos["final_cost"][i] == info["cost"]
                own[i], info = env.reset()
                ended += 1
            assert infos["cost"][i] == info["cost"]
            for name in own[i]:
                np.testing.assert_array_equal(seen[name][i], own[i][name])
    assert ended > 5
    twin = gym.make_vec(NAME, num_envs=3, strict=True, **options).unwrapped
    twin.set_state(state)
    for rows in later:
        last, *_ = twin.step(rows)
    for name in last:
        np.testing.assert_array_equal(last[name], seen[name])
    for i in range(3):
        assert twin.batch.problem(i).sha256 == both.batch.problem(i).sha256


@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_what_happens_later_does_not_show_before(shift):
    """Overruns and new jobs after a moment leave all that was seen before as it was."""
    options = {"people": 3, "vehicles": 2, "tools": 4, "shift": shift}
    day = random_day(8, 5, arriving=0.5, overrun=0.4, **options)
    time, reveal = day.scenario.time.copy(), day.scenario.reveal.copy()
    at = int(np.sort(reveal)[-2])
    late = reveal > at
    assert late.any()
    time[late] *= 3
    reveal[late] += 50
    other = FieldDay(day.problem, Scenario(time=time, reveal=reveal))
    one, two = (FieldBatch.of([d], forced=False) for d in (day, other))
    steps = 0
    while one.days.totals[0, 4] <= at and two.days.totals[0, 4] <= at and not one.done[0]:
        for name, array in one.observation().items():
            np.testing.assert_array_equal(array, two.observation()[name])
        row = np.flatnonzero(one.mask()[0])[:1]
        one.step(row)
        two.step(row)
        steps += 1
    assert steps > 2


def test_a_bad_action_changes_nothing():
    env = FieldServiceEnv(**SMALL)
    observation, _ = env.reset(seed=0)
    bad = int(np.flatnonzero(observation["action_mask"] == 0)[0])
    again, reward, done, _, info = env.step(bad)
    assert (reward, done, info["invalid_action"]) == (0.0, False, True)
    for name in observation:
        np.testing.assert_array_equal(observation[name], again[name])
    with pytest.raises(InputError, match="no candidate"):
        strict = FieldServiceEnv(**SMALL, strict=True)
        strict.reset(seed=0)
        strict.step(bad)


def test_shapes_and_names():
    assert (FULL, OWN, len(STATE)) == (32, 24, 8)
    env = FieldServiceEnv()
    assert env.action_space.n == 150
    assert FieldServiceEnv(visible=20).action_space.n == 60
    assert named_day("day-9-4").problem.name == "day-9-4"
    assert named_day("field-9-4") is None


def test_a_job_waits_for_a_free_crew_and_a_short_crew_is_no_candidate():
    """Three people: after two jobs of one, a job of three waits for all of them."""
    batch = FieldBatch.of([line((1, 1, 3))], forced=False, weights=Weights(0.0, 1.0, 0.0))
    assert batch.mask()[0].reshape(3, 3).any(axis=1).tolist() == [True, True, True]
    batch.step(np.array([0]))
    assert batch.mask()[0].reshape(3, 3).any(axis=1).tolist() == [True, False, False]
    batch.step(np.array([0]))
    assert batch.schedule(0).start.tolist() == [10, 20, -1]
    assert batch.days.totals[0, 4] == 25  # the last of them is free, and forced it is not
    batch.step(np.flatnonzero(batch.mask()[0])[:1])
    assert batch.schedule(0).start.tolist() == [10, 20, 55]


def test_hard_caps_that_leave_nobody_are_told():
    cap = np.array([1, 1, 1, *[-1] * 5])
    eligible = line((1, 1)).eligible.copy()
    eligible[0, [1, 2]] = eligible[3, [1, 2]] = False  # person 0 alone may do both
    batch = FieldBatch.of([line((1, 1), eligible=eligible, cap=cap, hard_cap=True)], forced=False)
    with pytest.raises(InputError, match="nobody may do any more"):
        batch.step(np.array([0]))


def shifts(*of_people):
    """Return the shifts of the resources of a line."""
    return np.array([*of_people, *[(-1, -1)] * 5])


def test_people_are_called_within_their_shifts():
    """Jobs at 10 and 20 of a road take 5: who goes home at 24 has time for the first alone."""
    shift = shifts((0, 24), (0, 15), (12, 99))
    batch = FieldBatch.of([line((1, 1), shift=shift)], forced=False)
    assert batch.mask()[0].reshape(2, 3).any(axis=1).tolist() == [True, False]
    looks = dict(zip(COLUMNS, batch.observation()["candidates"][0, 0].tolist(), strict=True))
    assert looks["shift"] == pytest.approx((24 - 15) / 10) and looks["overtime"] == 0
    batch.step(np.array([0]))
    assert batch.days.totals[0, 4] == 12  # person 2 has come
    batch.step(np.flatnonzero(batch.mask()[0])[:1])
    assert batch.schedule(0).start.tolist() == [10, 32]
    assert batch.schedule(0).assign.tolist() == [0, 3, 5, 2, 4, 6]


def test_what_nobody_can_do_within_a_shift_is_done_in_overtime():
    """Person 1 alone may do job 1, and goes home at 20: nobody waits for persons 0 and 2."""
    eligible = line((1, 1)).eligible.copy()
    eligible[3, [0, 2]] = False
    shift = shifts((0, 99), (0, 20), (-1, -1))
    problem = line((1, 1), shift=shift, eligible=eligible)
    batch = FieldBatch.of([problem], forced=False)
    assert batch.mask()[0].reshape(2, 3).any(axis=1).tolist() == [True, True]
    looks = dict(zip(COLUMNS, batch.observation()["candidates"][0, 3].tolist(), strict=True))
    assert looks["shift"] == pytest.approx(-0.5) and looks["overtime"] == pytest.approx(0.5)
    assert batch.table()["overtime"][0].tolist() == [0, 0, 0, 5, 0, 0]
    batch.step(np.array([3]))
    batch.step(np.array([0]))
    assert evaluate(problem, batch.schedule(0)).crews.overtime == 5


def test_a_job_waits_for_who_can_do_it_within_his_shift():
    """Person 0 is free at 15 and should end job 1 at 30; persons 1 and 2 would be late."""
    shift = shifts((0, 30), (0, 24), (0, 24))
    for end, overtime in ((30, False), (29, True)):
        shift[0, 1] = end
        batch = FieldBatch.of([line((1, 1), shift=shift)], forced=False)
        batch.step(np.array([0]))
        assert batch.schedule(0).assign[0] == 0
        assert batch.days.totals[0, 4] == (0 if overtime else 15)
        row = int(np.flatnonzero(batch.mask()[0])[0])
        assert batch.table()["overtime"][0, row] == (1 if overtime else 0)


@given(
    st.integers(1, 9), st.integers(0, 999), st.sampled_from(["max", "mean", "sum"]),
    st.sampled_from(["stay", "drop", "none"]), st.booleans(), st.integers(1, 600),
)  # fmt: skip
def test_every_day_ends_whatever_the_shifts(jobs, seed, duration, vehicle, pickup, span):
    options = {"duration": duration, "vehicle": vehicle, "skills": seed % 3}
    options["pickup"] = pickup and vehicle != "none"
    day = random_day(jobs, seed, people=4, vehicles=2, tools=4, overrun=1.0, **options)
    rng = np.random.default_rng(seed)
    day = shifted(day, rng, span)
    batch = FieldBatch.of([day], forced=False)
    closes = np.where(day.problem.crews.shift[:, 1] < 0, 2**62, day.problem.crews.shift[:, 1])
    while not batch.done[0]:
        table = batch.table()
        row = rng.choice(np.flatnonzero(batch.mask()[0]))
        size = np.diff(day.problem.slots)[table["job"][0, row]] // 2
        late = table["completion"][0, row] > closes[batch.days.crew[0, row, :size]]
        assert late.any() == (table["overtime"][0, row] > 0)
        batch.step(np.array([row]))
    assert violations(day.problem, batch.schedule(0), day.scenario) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"jobs": 0}, "jobs"),
        ({"people": 0}, "people"),
        ({"arriving": 2.0}, "arriving"),
        ({"overrun": -1.0}, "overrun"),
        ({"vehicle": "fly"}, "vehicle"),
        ({"vehicle": "none", "pickup": True}, "pickup"),
        ({"visible": 0}, "visible"),
        ({"satisfaction": 0.0}, "nothing counts"),
        ({"makespan": -1.0}, "makespan"),
        ({"shift": -1.0}, "shift"),
        ({"instance": []}, "instance"),
        ({"instance": "field-0-1"}, "jobs"),
        ({"instance": "ft06"}, "no field problem"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        FieldServiceEnv(**options)


def test_a_static_problem_and_its_day_are_the_same():
    problem = random_field(6, 2)
    one, two = (FieldBatch.of([x]) for x in (problem, FieldDay(problem, Scenario())))
    np.testing.assert_array_equal(one.observation()["candidates"], two.observation()["candidates"])
