"""Promise 2: same seed, same bytes: single, vectorised, in a fresh process, and for searches."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines.genetic import Genetic
from envs.core.protocols import Budget
from tests.properties.trajectory import KINDS, everything, many, search, single
from tests.shop.strategies import SEEDS, chain_shops, options


def settings() -> st.SearchStrategy[dict]:
    size = st.integers(1, 4) | st.tuples(st.integers(1, 3), st.integers(3, 4))
    more = {"jobs": size, "machines": size, "reward": st.sampled_from(["bound", "makespan"])}
    return st.tuples(options(), st.fixed_dictionaries(more)).map(lambda two: two[0] | two[1])


@given(st.sampled_from(sorted(KINDS)), settings(), SEEDS, st.integers(1, 3))
def test_single_twice_and_vector_are_the_same(kind, chosen, seed, count) -> None:
    alone = [single(kind, chosen, seed + i, steps=20) for i in range(count)]
    assert many(kind, chosen, seed, count, steps=20) == alone
    assert single(kind, chosen, seed, steps=20) == alone[0]


@given(chain_shops(), st.integers(0, 2), st.integers(1, 100), SEEDS)
def test_a_search_with_a_budget_of_evaluations_repeats_itself(problem, local, count, seed) -> None:
    solver = Genetic(population=5, local_search=local)
    one, other = (search(problem, solver, count, seed) for _ in range(2))
    assert one == other


@given(chain_shops(), SEEDS)
def test_a_budget_of_seconds_is_replayed_by_its_evaluations(problem, seed) -> None:
    solver = Genetic(population=5)
    timed = solver(problem, Budget(seconds=1e-3), np.random.default_rng(seed))
    replayed = solver(problem, Budget(evaluations=timed.evaluations), np.random.default_rng(seed))
    assert timed.schedule.start.tobytes() == replayed.schedule.start.tobytes()
    assert timed.evaluations == replayed.evaluations


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_a_fresh_process_gives_the_same_bytes(hash_seed) -> None:
    code = "from tests.properties.trajectory import everything; print(everything())"
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env={"PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": "1"},
    )
    assert run.stdout.strip() == everything()
