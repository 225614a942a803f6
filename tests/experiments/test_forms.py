"""What stands after the "@": classes, budgets, never worse than greedy, and what is refused."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.dqn.checkpoint import Card, save
from agents.dqn.network import CandidateNetwork
from baselines.construct import Beam as RuleBeam
from envs.cloud.features import COLUMNS, STATE
from envs.core.builder import ProblemBuilder
from envs.core.check import violations
from envs.core.errors import InputError
from envs.core.protocols import Budget, Result
from envs.instances import load, random_flexible_shop, random_shop
from envs.instances.random_cloud import random_cloud
from experiments.beam import Beam
from experiments.families import QUEUES, SHOPS, load_instance
from experiments.method import generator
from experiments.methods import method, methods

HUNDRED = Budget(evaluations=100)
SETTINGS = {"sample": {"temperature": 0.05, "copies": 16}}


def network(folder: Path, family: str, delay: float = 0.0, columns: int = 36, state: int = 6):
    torch.manual_seed(1)
    card = Card(
        agent="dqn",
        family=family,
        delay=delay,
        rows=36,
        row_size=columns,
        state_size=state,
        width=8,
    )
    save(folder, CandidateNetwork(columns, state, 8), card)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    return network(tmp_path_factory.mktemp("run"), "jobshop")


def solved(name: str, instance, budget=HUNDRED, seed=0, settings=SETTINGS) -> Result:
    it = method(name, settings, "method", SHOPS)
    it.check(instance)
    (_, result), *more = it.solve([instance], [generator(instance, seed)], budget)
    assert not more and violations(instance, result.schedule) == []
    assert result.metrics.makespan == result.schedule.makespan
    bests = [point.best for point in result.trace]
    if bests:
        assert bests == sorted(set(bests), reverse=True)
        assert bests[-1] == result.schedule.makespan
    return result


def same(one: Result, other: Result) -> bool:
    pairs = ((getattr(r.schedule, key) for r in (one, other)) for key in ("start", "assign"))
    return all(np.array_equal(*pair) for pair in pairs)


@pytest.mark.parametrize(
    ("form", "name", "kind", "budgeted"),
    [
        ("", "jobshop/dqn", "greedy", False),
        ("@sample", "jobshop/dqn@sample", "constructive", True),
        ("@sample128", "jobshop/dqn@sample128", "constructive", False),
        ("@beam", "jobshop/dqn@beam", "constructive", True),
        ("@tabu", "jobshop/dqn@tabu", "search", True),
    ],
)
def test_names_and_classes(run, form, name, kind, budgeted) -> None:
    (run / "metrics.jsonl").write_text('{"seconds": 3.5}\n')
    it, plain = method(f"{run}{form}", {}, "method"), method(str(run), {}, "method")
    assert (it.name, it.kind, it.budgeted) == (name, kind, budgeted)
    assert it.version == plain.version != "" and it.training_seconds == 3.5
    assert (it.given(Budget(5)) is None) == (not budgeted)


def test_a_fixed_number_of_samples_is_drawn_whatever_the_budget(run) -> None:
    shop = random_shop(10, 6, 0)
    greedy = solved(str(run), shop)
    one = solved(f"{run}@sample1", shop)
    assert one.evaluations == 1 and same(one, greedy)
    many = solved(f"{run}@sample128", shop, Budget(evaluations=1))
    assert many.evaluations == 128
    assert many.trace[0].best == greedy.schedule.makespan > many.schedule.makespan
    longer = solved(f"{run}@sample128", shop, Budget(seconds=100.0))
    assert longer.evaluations == 128 and same(longer, many)
    assert same(solved(f"{run}@sample", shop, Budget(evaluations=128)), many)
    assert not same(solved(f"{run}@sample128", shop, seed=1), many)
    fewer = solved(f"{run}@sample40", shop)
    assert fewer.evaluations == 40
    assert [p[::2] for p in fewer.trace] == [p[::2] for p in many.trace if p.evaluations <= 40]


@pytest.mark.parametrize("seed", range(3))
def test_a_beam_begins_greedily_and_is_never_worse(run, seed) -> None:
    shop = random_shop(7, 5, seed)
    greedy = solved(str(run), shop)
    narrow = {"agent_beam": {"width": 1, "branch": 1}}  # nothing but what the agent would do
    one = solved(f"{run}@beam", shop, settings=narrow)
    assert one.evaluations == 1 and same(one, greedy)
    costs = []
    for width in (1, 4, 16):
        found = solved(
            f"{run}@beam", shop, Budget(10_000), settings={"agent_beam": {"width": width}}
        )
        assert found.trace[0].best == greedy.schedule.makespan
        costs.append(found.schedule.makespan)
    assert max(costs) == costs[0] <= greedy.schedule.makespan
    assert costs[-1] < greedy.schedule.makespan


@pytest.mark.deep
def test_a_beam_is_repeated_by_its_evaluations(run) -> None:
    shop = random_shop(10, 8, 0)
    for name in (f"{run}@beam", f"{run}@tabu"):
        timed = solved(name, shop, Budget(seconds=0.15))
        again = solved(name, shop, Budget(evaluations=timed.evaluations))
        assert again.evaluations == timed.evaluations > 1
        assert same(timed, again)
    for most in (1, 2, 7, 50):
        assert solved(f"{run}@beam", shop, Budget(evaluations=most)).evaluations == most


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(4))
def test_a_beam_without_limits_finds_the_optimum(tmp_path, seed) -> None:
    shop = random_shop(4, 3, seed)
    proof = RuleBeam(delay=1.0)(shop, Budget(10**6), np.random.default_rng(0))
    run = network(tmp_path / "run", "jobshop", delay=1.0)  # considers all active schedules
    wide = {"agent_beam": {"width": 256, "branch": None}}
    found = solved(f"{run}@beam", shop, Budget(10**6), settings=wide)
    assert found.schedule.makespan == proof.schedule.makespan
    anytime = {"agent_beam": {"branch": None}}  # ends when a wider beam would see the same
    found = solved(f"{run}@beam", shop, Budget(10**6), settings=anytime)
    assert found.schedule.makespan == proof.schedule.makespan
    assert found.evaluations < 10**6


def test_beams_of_clouds_and_flexible_shops(tmp_path) -> None:
    cloud, shop = random_cloud(4, 4, 4, 0), random_flexible_shop(5, 4, 1, alternatives=2)
    for problem, sizes in ((cloud, (len(COLUMNS), len(STATE))), (shop, (36, 6))):
        family = "cloud" if problem is cloud else "flexible"
        run = network(tmp_path / family, family, 1.0, *sizes)
        greedy = solved(str(run), problem)
        found = solved(f"{run}@beam", problem, Budget(200))
        assert found.evaluations == 200
        assert found.schedule.makespan < greedy.schedule.makespan


@pytest.mark.parametrize("base", ["run", "wrt", "spt", "random"])
def test_tabu_begins_with_what_it_is_given(run, base) -> None:
    shop, name = load("ft10"), str(run) if base == "run" else base
    start = solved(name, shop).schedule.makespan
    first = solved(f"{name}@tabu", shop, Budget(evaluations=1))
    assert first.evaluations == 1
    assert first.trace[0].best == first.schedule.makespan <= start
    more = solved(f"{name}@tabu", shop, Budget(evaluations=3000))
    assert more.schedule.makespan < start and more.trace[0].best == first.schedule.makespan
    it = method(f"{name}@tabu", {"tabu": {"threads": 2}}, "method")
    assert (it.kind, it.budgeted, it.threads) == ("search", True, 2)


def test_tabu_solves_flexible_shops_of_an_agent_too_and_no_time_is_enough_for_a_start(tmp_path):
    shop = random_flexible_shop(6, 4, 1)
    run = network(tmp_path / "run", "flexible")
    start = solved(str(run), shop).schedule.makespan
    assert solved(f"{run}@tabu", shop, Budget(evaluations=2000)).schedule.makespan < start
    none = solved(f"{run}@tabu", shop, Budget(seconds=1e-9))
    assert none.evaluations == 1 and none.schedule.makespan <= start


@pytest.mark.parametrize(
    "name",
    [
        *("{run}@", "{run}@sampling", "{run}@sample0", "{run}@sample-1", "{run}@sample1000000"),
        *("{run}@greedy", "{run}@beam8", "{run}@tabu@tabu", "{run}@exact"),
        *("wrt@sample", "wrt@sample128", "wrt@beam", "wrt@", "ga@tabu", "tabu@tabu", "ga@sample"),
    ],
)
def test_other_forms_are_refused_in_one_line(run, name) -> None:
    with pytest.raises(InputError) as error:
        method(name.format(run=run), {}, "methods[2]")
    text = str(error.value)
    assert text.startswith("methods[2]: ") and "\n" not in text
    for form in ("@sample", "@sample128", "@beam", "@tabu"):
        assert form in text


def test_tabu_is_for_shops(tmp_path) -> None:
    run = network(tmp_path / "run", "cloud")
    with pytest.raises(InputError, match="no tabu search solves cloud"):
        method(f"{run}@tabu", {}, "method")
    with pytest.raises(InputError, match="fifo@tabu is no method and no folder"):
        method("fifo@tabu", {}, "method", QUEUES)
    shop = ProblemBuilder("late")
    shop.add_operation(shop.add_job(deadline=9), {shop.add_resource(): 1})
    with pytest.raises(InputError, match="late: has hard deadlines"):
        method("wrt@tabu", {}, "method").check(shop.build())


def test_what_really_happens_is_not_tried_out(tmp_path) -> None:
    run, workload = network(tmp_path / "run", "queue"), load_instance("queue-20-0")
    method(str(run), {}, "method", QUEUES).check(workload)
    for form in ("sample", "sample128", "beam"):
        with pytest.raises(InputError, match="what really happens is not known"):
            method(f"{run}@{form}", {}, "method", QUEUES).check(workload)


def test_settings_are_checked(run) -> None:
    for key, value in (("width", 0), ("width", 257), ("branch", 0)):
        with pytest.raises(InputError, match=key):
            Beam(**{key: value})
        with pytest.raises(InputError, match=f"agent_beam.{key}"):
            method(f"{run}@beam", {"agent_beam": {key: value}}, "method")


def test_several_runs_are_one_method_in_any_form(run) -> None:
    for form in ("sample128", "beam", "tabu"):
        (one,) = methods([{"dqn": [f"{run}@{form}", f"{run}@{form}"]}], {}, "methods")
        assert len(one.members) == 2
    with pytest.raises(InputError, match="no run folder"):
        methods([{"wrt": ["wrt@tabu"]}], {}, "methods")


def test_an_agent_is_used_without_torch(run) -> None:
    program = (
        "import sys; from experiments.methods import method; from envs.instances import load; "
        "from experiments.method import generator; from envs.core.protocols import Budget; "
        f"m, p = method({str(run)!r}, {{}}, 'method'), load('ft06'); "
        "(_, r), = m.solve([p], [generator(p, 0)], Budget(1)); "
        "print(r.schedule.makespan, 'torch' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert told.stdout.decode() == f"{solved(str(run), load('ft06')).schedule.makespan} False\n"
