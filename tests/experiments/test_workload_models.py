"""The models behind environments and suites: they draw what their keys say, and the same."""

import numpy as np
import pytest

from envs.core.errors import InputError
from envs.instances.utilisation import utilisation_sum
from experiments.compose import compose
from experiments.family import sha256_of
from experiments.queue_env import QueueEnv
from experiments.queues import estimate_error
from experiments.suites import instances_of
from experiments.train import read
from experiments.workload_models import Arrivals, WorkloadModel


@pytest.mark.parametrize("model", ["random", "daily", "lublin"])
def test_the_same_seed_draws_the_same(model) -> None:
    source = WorkloadModel(model=model, tasks=30)
    one, same, other = (sha256_of(source.draw(30, [1, k])) for k in (0, 0, 1))
    assert one == same != other


def test_the_daily_model_has_the_tasks_of_the_random_one() -> None:
    keys = {"tasks": 20_000, "mean": 500.0, "failure": 0.2, "slack": (2.0, 3.0)}
    random, daily = (
        WorkloadModel(model=model, **keys).draw(20_000, [0]) for model in ("random", "daily")
    )
    for of in (
        lambda w: np.log(w.scenario.time[:, 0]).mean(),
        lambda w: np.log(w.scenario.time[:, 0]).std(),
        lambda w: np.log(w.problem.time[:, 0] / w.scenario.time[:, 0]).std(),
        lambda w: w.problem.priority.mean(),
        lambda w: (w.problem.demand / w.problem.capacity).mean(),
        lambda w: (w.problem.demand / w.problem.capacity).std(),
        lambda w: w.scenario.failures.mean(),
        lambda w: w.problem.release.max(),
    ):
        assert of(daily) == pytest.approx(of(random), rel=0.05)


def test_the_daily_model_has_a_day_bursts_and_the_load() -> None:
    calm = Arrivals(daily_amplitude=0.0, bursts_per_day=0.0)
    gaps = {}
    for name, arrivals in (("calm", calm), ("bursts", Arrivals())):
        workload = WorkloadModel(model="daily", load=0.7, arrivals=arrivals).draw(5000, [3])
        release = workload.problem.release
        offered = utilisation_sum(workload).max() / (release.max() - release.min())
        assert offered == pytest.approx(0.7, rel=0.02)
        gaps[name] = np.diff(release)
    assert gaps["calm"].std() == pytest.approx(gaps["calm"].mean(), rel=0.1)
    assert gaps["bursts"].std() > 1.3 * gaps["bursts"].mean()


def test_users_over_estimate() -> None:
    workload = WorkloadModel(model="daily", estimates="user").draw(200, [0])
    assert (workload.problem.time >= workload.scenario.time).all()
    with pytest.raises(InputError, match=r"^env\.estimates: is user, which the compiled"):
        QueueEnv(id="dispatchlab/TaskQueue-v0", estimates="user").arguments()


def test_a_suite_and_an_environment_draw_from_the_same_model() -> None:
    """Key by key, so that a policy is tested on what it was trained on."""
    for experiment, suite in (("queue/dqn", "queue_random"), ("pool/dqn", "pool_random")):
        env = read(compose("train", [f"experiment={experiment}"])).env
        (one, *_) = instances_of(suite)
        held = env.model_copy(update={"load": 0.9}).draw(one.problem.jobs, [0, 0])
        assert np.array_equal(held.problem.capacity, one.problem.capacity)
        assert np.array_equal(held.problem.demand, one.problem.demand)
        assert np.array_equal(held.scenario.time, one.scenario.time)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"tasks": (9, 3), "model": "daily"}, "tasks: is [9, 3]"),
        ({"load": (0.9, 0.3), "model": "lublin"}, "load: is [0.9, 0.3]"),
        ({"demand": (0.5, 0.3), "model": "daily"}, "demand: is (0.5, 0.3)"),
    ],
)
def test_what_is_out_of_range_is_named(keys, words) -> None:
    with pytest.raises(InputError) as caught:
        WorkloadModel(**keys).source()
    assert str(caught.value).startswith(words)


def test_errors_of_a_suite_change_the_estimates_alone() -> None:
    keys = {"tasks": 50, "instances": 3, "errors": [0.0, 0.5, 1.0]}
    found = instances_of({"generator": keys})
    names = [workload.problem.name for workload in found]
    assert names[:4] == [
        "random-50-0.0~0",
        "random-50-0.1~0",
        "random-50-0.2~0",
        "random-50-0.0~0.5",
    ]
    for i in range(3):
        exact, half, whole = found[i::3]
        for other in (half, whole):
            assert np.array_equal(other.problem.release, exact.problem.release)
            assert np.array_equal(other.scenario.actual_time(other.problem), exact.problem.time)
        assert estimate_error(exact) == 0.0
        assert estimate_error(whole) == pytest.approx(2 * estimate_error(half), rel=0.1)
