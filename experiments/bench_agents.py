"""Cases of the benchmark that have a network in them: decisions, updates, whole trainings."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.bench_searches import Measure

SHOP: dict[str, Any] = {"id": "dispatchlab/JobShop-v0", "jobs": 15, "machines": 15}
N_STEPS = 20  # of the returns that are bootstrapped


def deciding(size: int, threads: int) -> Measure:
    """Measure decisions in a vector environment: observing, scoring, choosing and stepping.

    Args:
        size: Sub-environments.
        threads: Of torch; 0 for the compiled network, which has one.
    """
    from experiments.build import make_env
    from experiments.shops import ShopEnv

    env = make_env(ShopEnv(**SHOP), size).env
    agent = _agent(compiled=threads == 0)

    def measure(seconds: float) -> float:
        _use(max(threads, 1))
        observation, _ = env.reset(seed=0)
        decided, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            observation, *_ = env.step(agent.act(observation))
            decided += size
        return decided / (time.perf_counter() - begin)

    return measure


def single(*, compiled: bool) -> Measure:
    """Measure decisions one by one, on observations of a whole shop."""
    from envs.instances import load
    from envs.shop.batch import ShopBatch

    agent, batch, seen = _agent(compiled=compiled), ShopBatch.of([load("ta01")]), []
    while not batch.done.all():
        seen.append(batch.observation())
        batch.step(agent.act(seen[-1]))

    def measure(seconds: float) -> float:
        _use(1)
        decided, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            for observation in seen:
                agent.act(observation)
            decided += len(seen)
        return decided / (time.perf_counter() - begin)

    return measure


def updates(batch_size: int, threads: int) -> Measure:
    """Measure updates of the double DQN, sampling from the buffer included."""
    learner = _learner(threads, envs=64, batch_size=batch_size, gradient_steps=0)

    def measure(seconds: float) -> float:
        _use(threads)
        done, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            learner.train(10, batch_size)
            done += 10
        return done / (time.perf_counter() - begin)

    return measure


def training(envs: int) -> Measure:
    """Measure the decisions of a training: playing, storing, drawing and updating."""
    learner = _learner(1, envs=envs)

    def measure(seconds: float) -> float:
        _use(1)
        before, begin = learner.num_timesteps, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            learner.learn(8 * envs, reset_num_timesteps=False)
        return float(learner.num_timesteps - before) / (time.perf_counter() - begin)

    return measure


def shares(envs: int, seconds: float) -> dict[str, float]:
    """Return which share of the time of a training goes into which part of it."""
    learner = _learner(1, envs=envs)
    spent = dict.fromkeys(("environment", "network", "buffer", "update"), 0.0)

    def timed(part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def clocked(*arguments: Any) -> Any:
            begin = time.perf_counter()
            try:
                return call(*arguments)
            finally:
                spent[part] += time.perf_counter() - begin

        return clocked

    for part, owner, method in (
        ("environment", learner.env, "advance"),
        ("network", learner, "_scores"),
        ("buffer", learner.replay_buffer, "add"),
        ("buffer", learner.replay_buffer, "sample"),
        ("update", learner, "_update"),
    ):
        setattr(owner, method, timed(part, getattr(owner, method)))
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        learner.learn(8 * envs, reset_num_timesteps=False)
    whole = time.perf_counter() - begin
    spent["rest"] = whole - sum(spent.values())
    return {part: own / whole for part, own in spent.items()}


def _learner(threads: int, **settings: Any) -> Any:
    """Return a double DQN with settings of its configuration and a buffer with decisions."""
    from agents.dqn.config import DQNConfig
    from experiments.build import make_env, make_learner
    from experiments.shops import ShopEnv

    _use(threads)
    filled = 20_000  # decisions, played at random
    config = DQNConfig(n_steps=N_STEPS, learning_starts=filled, **settings)
    learner: Any = make_learner(make_env(ShopEnv(**SHOP), config.envs), config, 0)
    learner.learn(filled)
    return learner


def _agent(*, compiled: bool) -> Any:
    """Return a network of the usual size with random weights."""
    import torch

    from agents.dqn.agent import CandidateAgent
    from agents.dqn.compiled import CompiledAgent
    from agents.dqn.network import CandidateNetwork
    from envs.shop.features import FULL, STATE

    torch.manual_seed(0)
    network = CandidateNetwork(FULL, len(STATE))
    if not compiled:
        return CandidateAgent(network)
    weights = network.state_dict().items()
    return CompiledAgent({name: np.asarray(tensor.numpy()) for name, tensor in weights})


def _use(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)
