"""Cases of the benchmark that search: decoders, colonies, tabu search, rollouts, plans."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from baselines.rolling.policy import Planner, Rolling

Measure = Callable[[float], float]  # seconds to spend -> operations a second


def decoding(jobs: int, machines: int) -> Measure:
    """Measure the decoder on random orders of one random shop."""
    from envs.core.decode import flatten, makespans
    from envs.instances import random_shop

    problem = random_shop(jobs, machines, 0)
    flat, rng, size = flatten(problem), np.random.default_rng(0), 1000
    n = problem.operations
    orders = np.empty((size, n), np.int32)
    for i in range(size):
        job = rng.permutation(np.repeat(np.arange(jobs), machines))
        orders[i] = np.argsort(np.argsort(job, kind="stable"), kind="stable")
    assigns = np.tile(problem.eligible.argmax(axis=1), (size, 1)).astype(np.int32)

    def measure(seconds: float) -> float:
        decoded, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            makespans(flat, orders, assigns)
            decoded += size
        return decoded / (time.perf_counter() - begin)

    return measure


def placing(*, inserting: bool) -> Measure:
    """Measure the decoder of setups and transfers on random orders and assignments."""
    from envs.core.board import new_board, place_many
    from envs.core.decode import flatten
    from envs.instances import load

    problem, rng, size = load("8s8t12st/g1"), np.random.default_rng(0), 1000
    flat = flatten(problem)
    board = new_board(flat)
    before = [set(problem.edges[problem.edges[:, 1] == o, 0].tolist()) for o in range(96)]
    orders, assigns = np.zeros((2, size, problem.operations), np.int32)
    for i in range(size):
        left, done = rng.permutation(problem.operations).tolist(), set[int]()
        for at in range(problem.operations):
            o = next(o for o in left if before[o] <= done)
            left.remove(o)
            done.add(o)
            orders[i, at] = o
        assigns[i] = [rng.choice(np.flatnonzero(row)) for row in problem.eligible]

    def measure(seconds: float) -> float:
        decoded, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            place_many(flat, board, orders, assigns, inserting)
            decoded += size
        return decoded / (time.perf_counter() - begin)

    return measure


def crews(jobs: int) -> Measure:
    """Measure plans of field jobs that are decoded and scored: ten people, five vehicles."""
    from baselines.crews import GeneticField
    from baselines.crews.initial import draw
    from baselines.crews.score import score_many
    from baselines.genetic.stream import stream
    from envs.field.layout import field_of, new_state
    from envs.instances.random_field import random_field

    problem, size = random_field(jobs, 0), 1000
    field, terms, order = field_of(problem), GeneticField().terms(problem), np.arange(jobs)
    plans, state = np.empty((size, len(problem.slot_operation)), np.int64), new_state(field)
    random = stream(np.random.default_rng(0))
    for plan in plans:
        draw(field, state, 4, random, order.copy(), plan)
    values, sums = np.empty(size), np.empty((size, 2))

    def measure(seconds: float) -> float:
        scored, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            score_many(field, state, terms, order, plans, values, sums)
            scored += size
        return scored / (time.perf_counter() - begin)

    return measure


def evolutions(jobs: int) -> Measure:
    """Measure whole runs of the genetic algorithm of field jobs, 300 generations of 100 plans."""
    from baselines.crews import GeneticField
    from envs.core.protocols import Budget
    from envs.instances.random_field import random_field

    problem = random_field(jobs, 0)
    solver, budget = GeneticField(generations=0), Budget(evaluations=100 + 300 * 99)

    def measure(seconds: float) -> float:
        done, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            solver(problem, budget, np.random.default_rng(done))
            done += 1
        return done / (time.perf_counter() - begin)

    return measure


def colony(name: str) -> Measure:
    """Measure solutions that a colony constructs and decodes."""
    from baselines.solvers import SOLVERS
    from envs.core.protocols import Budget
    from envs.instances import load

    problem = load("8s8t12st/g1")
    solver = SOLVERS[name](iterations=None)

    def measure(seconds: float) -> float:
        result = solver(problem, Budget(seconds=seconds), np.random.default_rng(0))
        return result.evaluations / result.seconds

    return measure


def moves(name: str) -> Measure:
    """Measure moves that tabu search executes on a classic job shop."""
    from baselines.solvers import SOLVERS
    from envs.core.protocols import Budget
    from envs.instances import load

    problem, solver = load(name), SOLVERS["tabu"]()

    def measure(seconds: float) -> float:
        result = solver(problem, Budget(seconds=seconds), np.random.default_rng(0))
        return result.evaluations / result.seconds

    return measure


def pilots(name: str, *, rollouts: bool) -> Measure:
    """Measure passes of the pilot method over a classic job shop, or the rollouts that they do."""
    from baselines.solvers import SOLVERS
    from envs.core.protocols import Budget
    from envs.instances import load

    problem, solver = load(name), SOLVERS["pilot"]()

    def measure(seconds: float) -> float:
        done, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            result = solver(problem, Budget(evaluations=2**40), np.random.default_rng(0))
            done += result.evaluations if rollouts else 1
        return done / (time.perf_counter() - begin)

    return measure


def plans(planner: Planner, load: float) -> Measure:
    """Measure operations that a rolling horizon places: a thousandth is its `speed`.

    What is planned is what is known in the middle of an online shop that a rule dispatches, at
    10 ms a decision; placed are the operations of all plans that are decoded.
    """
    from baselines.online_rules import ONLINE_RULES
    from envs.dynamic.batch import DynamicBatch
    from envs.dynamic.known import known
    from envs.dynamic.random_orders import RandomOrders
    from experiments.shops import by_priority

    orders = RandomOrders(load=load, noise=0.3, breakdown=0.05)
    batch, choose = DynamicBatch.drawing(1, orders), by_priority(ONLINE_RULES["covert"])
    batch.begin(orders)
    for _ in range(orders.total * sum(orders.lengths) // 6):  # a third of all operations
        batch.step(choose(batch))
    policy = Rolling(planner, allowance=10.0).policy(np.random.default_rng(0))
    size = len(known(batch).operation)

    def measure(seconds: float) -> float:
        before, begin = policy.evaluations, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            policy(batch)  # decides, and changes nothing
        return (policy.evaluations - before) * size / (time.perf_counter() - begin)

    return measure
