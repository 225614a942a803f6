"""The kernel's schedules pass the checker, which refuses what no crew could do."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.core.check import violations
from envs.core.crew_metrics import before, crew_metrics, job_costs
from envs.core.errors import InputError
from envs.core.metrics import evaluate
from envs.core.scenario import Scenario
from envs.core.schedule import Schedule
from envs.field.kernel import decode
from envs.field.layout import field_of, new_state
from envs.instances.random_field import random_field
from tests.field.crews import line


def scheduled(problem, order, assign):
    """Return the kernel's schedule, and c_j and t_j of each job."""
    jobs = problem.jobs
    start, end, time = (np.zeros(jobs, np.int64) for _ in range(3))
    cost, field = np.zeros(jobs), field_of(problem)
    decode(field, new_state(field), np.array(order), np.array(assign), start, end, cost, time)
    return Schedule(start, end, assign), cost, time


def drawn(problem, rng):
    """Return a random plan."""
    assign = []
    for j in range(problem.jobs):
        taken: list[int] = []
        for slot in range(problem.slots[j], problem.slots[j + 1]):
            able = [r for r in np.flatnonzero(problem.eligible[slot]) if r not in taken]
            taken.append(int(rng.choice(able)))
        assign += taken
    return np.array(assign)


@given(
    st.integers(1, 12), st.integers(0, 99), st.sampled_from(["max", "mean", "sum"]),
    st.sampled_from(["stay", "drop", "none"]), st.booleans(),
)  # fmt: skip
def test_every_schedule_of_the_kernel_is_valid_and_costs_what_the_metrics_say(
    jobs, seed, duration, vehicle, pickup
):
    pickup = pickup and vehicle != "none"
    problem = random_field(
        jobs,
        seed,
        people=4,
        vehicles=2,
        tools=4,
        duration=duration,
        vehicle=vehicle,
        pickup=pickup,
    )
    rng = np.random.default_rng(seed)
    schedule, cost, time = scheduled(problem, rng.permutation(jobs), drawn(problem, rng))
    assert violations(problem, schedule) == []
    for seen, expected in zip(job_costs(problem, schedule), (cost, time), strict=True):
        np.testing.assert_allclose(seen, expected)
    crews = problem.crews
    logs = 0.6 * np.log(cost / crews.expected_cost) + 0.4 * np.log(time / crews.expected_time)
    assert evaluate(problem, schedule).crews.dissatisfaction == pytest.approx(logs.sum())


def test_a_crew_by_hand():
    """Both people of job 1 come from job 0 or the depot; job 2 waits for the first vehicle."""
    problem = line((1, 2, 1))
    people, vehicles, tools = [0, 1, 2], [3, 4], [5, 6, 7]
    assign = [0, 3, 5, 0, 1, 4, 5, 6, 2, 3, 7]
    assert set(assign) <= {*people, *vehicles, *tools}
    schedule, cost, time = scheduled(problem, [0, 1, 2], assign)
    # Job 0: way 10, work 5. Job 1: from 15, person 1's way is 20. Job 2: vehicle 3 at 15, way 30.
    assert schedule.start.tolist() == [10, 35, 45]
    assert schedule.end.tolist() == [15, 40, 50]
    assert cost.tolist() == [12, (2 + 10) + (2 + 20), 32]
    assert time.tolist() == [15, (5 + 10) + (5 + 20), 35]
    metrics = crew_metrics(problem, schedule)
    assert (metrics.cost, metrics.person_time, metrics.travel_time) == (78, 90, 70)
    assert metrics.jobs_per_person == (pytest.approx(4 / 3), 2, pytest.approx(np.sqrt(2 / 9)))
    assert before(problem, schedule)[[0, 3, 4, 8]].tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("vehicle", "pickup", "starts"),
    [
        ("stay", False, [10, 35]),  # the vehicle is there until 15
        ("drop", False, [10, 30]),  # it is free at 10
        ("none", False, [10, 20]),  # nobody waits for it
        ("stay", True, [10, 55]),  # from site 1 at 15 back to the depot, then to site 2
    ],
)
def test_what_vehicles_do(vehicle, pickup, starts):
    problem = line(vehicle=vehicle, pickup=pickup)
    schedule, *_ = scheduled(problem, [0, 1], [0, 3, 5, 1, 3, 6])
    assert schedule.start.tolist() == (starts if not pickup else [10, 15 + 10 + 20])
    assert violations(problem, schedule) == []
    early = Schedule(schedule.start - [0, 1], schedule.end - [0, 1], schedule.assign)
    assert "job 1 starts" in violations(problem, early)[0]


def sound():
    """A valid schedule of three jobs and its parts."""
    problem = line((1, 2, 1), due=np.full(3, 60))
    schedule, *_ = scheduled(problem, [0, 1, 2], [0, 3, 5, 0, 1, 4, 5, 6, 2, 3, 7])
    return problem, schedule.start.copy(), schedule.end.copy(), schedule.assign.copy()


def faults():
    """Each breaks one rule: what is changed, and what the checker says of it."""

    def earlier(job, by):
        def change(start, end, assign):
            start[job] -= by
            end[job] -= by

        return change

    def give(slot, resource):
        def change(start, end, assign):
            assign[slot] = resource

        return change

    def longer(start, end, assign):
        end[2] += 1

    def together(start, end, assign):
        start[1], end[1] = start[0], end[0]

    return [
        ("teleporting crew", earlier(1, 1), "before its crew can be there at 35"),
        ("vehicle still away", earlier(2, 1), "vehicle 3 is busy until 15|is busy to 15"),
        ("double-booked person", together, "person 0 is busy|before its crew can be there"),
        ("two slots, one person", give(4, 0), "job 1 has one resource in two of its slots"),
        ("two slots, one tool", give(7, 5), "job 1 has one resource in two of its slots"),
        ("a tool as a person", give(0, 5), "not eligible"),
        ("an unknown resource", give(0, 8), "outside 0..7"),
        ("too long", longer, "but its crew takes 5"),
    ]


@pytest.mark.parametrize(
    ("change", "message"), [f[1:] for f in faults()], ids=[f[0] for f in faults()]
)
def test_the_checker_refuses(change, message):
    problem, start, end, assign = sound()
    assert violations(problem, Schedule(start, end, assign)) == []
    change(start, end, assign)
    found = violations(problem, Schedule(start, end, assign))
    assert any(part in sentence for sentence in found for part in message.split("|")), found


def test_skills_caps_releases_and_deadlines_are_checked():
    problem, start, end, assign = sound()
    schedule = Schedule(start, end, assign)
    eligible = problem.eligible.copy()
    eligible[0, 0] = False
    skilled = line((1, 2, 1), eligible=eligible)
    assert "not eligible" in violations(skilled, schedule)[0]
    cap = np.full(8, -1)
    cap[0] = 1
    soft, hard = (line((1, 2, 1), cap=cap, hard_cap=hard) for hard in (False, True))
    assert violations(soft, schedule) == []
    assert crew_metrics(soft, schedule).cap_breaches == 1
    assert violations(hard, schedule) == ["person 0 has 2 jobs, more than its cap of 1"]
    late = line((1, 2, 1), release=np.array([11, 0, 0]))
    assert "before its release at 11" in " ".join(violations(late, schedule))
    strict = line((1, 2, 1), deadline=np.array([-1, 39, -1]))
    assert violations(strict, schedule) == ["job 1 ends at 40, after its deadline 39"]


def test_nobody_leaves_before_his_shift_and_overtime_is_counted():
    problem, start, end, assign = sound()
    schedule, shift = Schedule(start, end, assign), np.full((8, 2), -1)
    assert crew_metrics(problem, schedule).overtime == 0
    shift[1] = 15, 38  # person 1 leaves at 15 for job 1, which ends at 40
    shift[2] = 15, 44  # person 2 for job 2, which ends at 50
    there = line((1, 2, 1), shift=shift)
    assert violations(there, schedule) == []
    assert crew_metrics(there, schedule).overtime == 2 + 6
    for person, job, arrival in ((1, 1, 36), (2, 2, 46)):
        later = shift.copy()
        later[person, 0] = 16
        what = f"job {job} starts at {start[job]}, before its crew can be there at {arrival}"
        found = violations(line((1, 2, 1), shift=later), schedule)
        assert found == [f"{what} (the shift of person {person} begins at 16)"]


def test_what_happens_is_checked_too():
    """Overruns last longer, shifts end, and nobody sets out for a job that nobody knows of."""
    problem, start, end, assign = sound()
    time = problem.time.copy()
    time[2, 2] = 9
    over = Schedule(start, end + np.array([0, 0, 4]), assign)
    assert violations(problem, over, Scenario(time=time)) == []
    assert "takes 9" in violations(problem, Schedule(start, end, assign), Scenario(time=time))[0]
    shift = Scenario(unavailable=np.array([[2, 49, 99]]))
    assert "unavailable from 49" in violations(problem, Schedule(start, end, assign), shift)[0]
    known = Scenario(reveal=np.array([1, 0, 0]))
    assert "there at 11" in violations(problem, Schedule(start, end, assign), known)[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"family": np.array([1, 9])}, "job 1 is at site 9 .there are sites 0 to 2."),
        ({"initial": np.array([0, -1, *[0] * 6])}, "resource 1 is at site -1"),
        ({"sizes": (1, 4)}, "job 1 needs 4 people, but there are not as many"),
        ({"cap": np.array([1, 0, 0, *[-1] * 5])}, "allows 1 jobs of a person, the jobs need 2"),
        ({"expected_cost": np.array([1.0, 0.0])}, "crews.expected_cost of job 1 is 0"),
        ({"expected_time": np.array([-2.0, 1.0])}, "crews.expected_time of job 0 is -2"),
        ({"travel_cost": -np.ones((3, 3))}, r"crews.travel_cost\[0, 0\] is -1"),
        ({"setup": -np.ones((2, 3, 3))}, "setup is -1"),
        ({"cost": np.full((2, 8), np.nan)}, r"crews.cost\[0, 0\] is nan"),
        ({"role": np.zeros(8)}, "job 0 slot 1 admits another than a vehicle"),
        ({"duration": "min"}, "crews.duration is 'min'"),
        ({"vehicle": "fly"}, "crews.vehicle is 'fly'"),
        ({"vehicle": "none", "pickup": True}, "crews.pickup is asked of vehicles that are never"),
        ({"cost_share": 1.5}, "crews.cost_share is 1.5"),
        ({"factor": 0.0}, "crews.factor is 0.0"),
        ({"xy": np.zeros((2, 2))}, r"crews.xy shape is \(2, 2\), must be \(3, 2\), or \(0, 2\)"),
        ({"xy": np.full((3, 2), np.inf)}, r"crews.xy\[0, 0\] is inf"),
        ({"shift": np.full((7, 2), -1)}, r"crews.shift shape is .7, 2., must be .8, 2. or empty"),
        ({"shift": np.array([[5, 5], *[[-1, -1]] * 7])}, r"crews.shift\[0\] is 5 to 5"),
        ({"shift": np.array([[-1, 5], *[[-1, -1]] * 7])}, r"crews.shift\[0\] is -1 to 5"),
        ({"shift": np.array([*[[-1, -1]] * 3, [0, 9], *[[-1, -1]] * 4])}, "that of a vehicle"),
        ({"edges": np.array([[0, 1]])}, "crews do jobs of one operation"),
    ],
)
def test_bad_problems_are_refused(options, message):
    with pytest.raises(InputError) as caught:
        line(**options)
    assert re.search(message, str(caught.value).replace(":", ""))
