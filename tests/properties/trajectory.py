"""Trajectories as digests: everything that an environment says, byte for byte."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from baselines.genetic import Genetic
from envs.core.problem import Problem
from envs.core.protocols import Budget
from envs.instances import load
from envs.shop.env import FlexibleJobShopEnv, JobShopEnv
from envs.shop.vector import FlexibleJobShopVectorEnv, JobShopVectorEnv

KINDS: dict[str, tuple[Any, Any]] = {
    "jobshop": (JobShopEnv, JobShopVectorEnv),
    "flexible": (FlexibleJobShopEnv, FlexibleJobShopVectorEnv),
}


def pick(mask: np.ndarray, step: int) -> int:
    """Return a legal row that depends on the mask and the step alone."""
    legal = np.flatnonzero(mask)
    return int(legal[(step * 7 + step // 3) % len(legal)])


def note(digest: Any, look: dict[str, np.ndarray], *facts: Any) -> None:
    for name in ("candidates", "state", "action_mask"):
        digest.update(look[name].tobytes())
    digest.update(repr(facts).encode())


def single(kind: str, options: dict[str, Any], seed: int, *, steps: int) -> str:
    """Return the digest of one environment's trajectory, reset where episodes end."""
    digest, env = hashlib.sha256(), KINDS[kind][0](**options)
    look, info = env.reset(seed=seed)
    note(digest, look, info["lower_bound"])
    for step in range(steps):
        look, reward, ended, _, info = env.step(pick(look["action_mask"], step))
        facts = reward, ended, info["reward_ticks"]
        if ended:
            digest.update(look["state"].tobytes())
            look, info = env.reset()
        note(digest, look, facts, info["lower_bound"])
    return digest.hexdigest()


def many(kind: str, options: dict[str, Any], seed: int, count: int, *, steps: int) -> list[str]:
    """Return the digest of each sub-environment's trajectory."""
    digests = [hashlib.sha256() for _ in range(count)]
    env = KINDS[kind][1](count, **options)
    looks, infos = env.reset(seed=seed)
    for i, digest in enumerate(digests):
        note(digest, {k: v[i] for k, v in looks.items()}, int(infos["lower_bound"][i]))
    for step in range(steps):
        rows = np.array([pick(mask, step) for mask in looks["action_mask"]])
        looks, rewards, ends, _, infos = env.step(rows)
        for i, digest in enumerate(digests):
            facts = float(rewards[i]), bool(ends[i]), int(infos["reward_ticks"][i])
            if ends[i]:
                digest.update(infos["final_obs"][i]["state"].tobytes())
            look = {k: v[i] for k, v in looks.items()}
            note(digest, look, facts, int(infos["lower_bound"][i]))
    return [digest.hexdigest() for digest in digests]


def search(problem: Problem, solver: Genetic, evaluations: int, seed: int) -> str:
    """Return the digest of a search: its schedule, course and count."""
    result = solver(problem, Budget(evaluations=evaluations), np.random.default_rng(seed))
    s, course = result.schedule, [(point.evaluations, point.best) for point in result.trace]
    arrays = s.start.tobytes() + s.end.tobytes() + s.assign.tobytes()
    return hashlib.sha256(arrays + repr((course, result.evaluations)).encode()).hexdigest()


def everything() -> str:
    """Return the digests of one trajectory of each kind and of one search."""
    options = {"jobs": (4, 8), "machines": (3, 6), "delay": 1.0}
    digests = [single(kind, options, 5, steps=100) for kind in KINDS]
    digests += [digest for kind in KINDS for digest in many(kind, options, 5, 2, steps=100)]
    digests.append(search(load("ft06"), Genetic(), 500, 5))
    assert digests[0] == digests[2]
    assert digests[1] == digests[4]
    return " ".join(digests)
