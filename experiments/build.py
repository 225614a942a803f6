"""From settings to objects: the only place that instantiates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from agents.dqn.bridge import NativeVecEnv
from agents.dqn.checkpoint import Card
from agents.dqn.config import DQNConfig, FlatConfig
from agents.dqn.dqn import MaskedDQN
from agents.dqn.flat import FlatDQN
from envs.core.problem import Problem
from envs.shop.batch import ShopBatch
from experiments.config import Config, Text

FAMILIES = {
    "dispatchlab/JobShop-v0": "jobshop",
    "dispatchlab/FlexibleJobShop-v0": "flexible",
}

Size = Annotated[int, Field(ge=1, le=10_000)]
Range = Size | tuple[Size, Size]
AgentConfig = DQNConfig | FlatConfig
AGENTS: dict[str, type[AgentConfig]] = {"dqn": DQNConfig, "dqn_flat": FlatConfig}
Learner = MaskedDQN | FlatDQN


class EnvConfig(Config):
    """The environment that an agent is trained in."""

    id: Literal["dispatchlab/JobShop-v0", "dispatchlab/FlexibleJobShop-v0"]
    jobs: Range = 15
    machines: Range = 15
    alternatives: int | None = Field(default=None, ge=1, le=1000)
    time: tuple[int, int] = (1, 99)
    instance: Text | tuple[Text, ...] | None = None
    columns: Literal["basic", "full"] = "full"
    delay: Annotated[float, Field(ge=0, le=1)] | Literal["inf"] = 0.0
    reward: Literal["bound", "makespan"] = "bound"

    @property
    def family(self) -> str:
        """The family of problems, the first part of every name."""
        return FAMILIES[self.id]

    @property
    def options(self) -> dict[str, Any]:
        """What decides the decisions: the arguments that every simulation of it shares."""
        return {"columns": self.columns, "delay": float(self.delay)}


def make_env(settings: EnvConfig, envs: int) -> NativeVecEnv:
    """Return `envs` parallel environments for stable-baselines3.

    Raises:
        InputError: If an option is out of range or an instance cannot be read.
    """
    import gymnasium

    import envs as _registered  # noqa: F401 - importing registers the ids

    more: dict[str, Any] = {}
    if settings.alternatives is not None:
        more["alternatives"] = settings.alternatives
    native = gymnasium.make_vec(
        settings.id,
        num_envs=envs,
        jobs=settings.jobs,
        machines=settings.machines,
        time=settings.time,
        instance=settings.instance,
        reward=settings.reward,
        strict=True,
        **settings.options,
        **more,
    )
    return NativeVecEnv(native)


def make_learner(env: NativeVecEnv, settings: AgentConfig, seed: int) -> Learner:
    """Return an untrained agent in an environment."""
    if isinstance(settings, DQNConfig):
        return MaskedDQN(env, settings, seed=seed)
    return FlatDQN(env, settings, seed=seed)


def make_batch(problems: Sequence[Problem], settings: EnvConfig) -> ShopBatch:
    """Return one shop a problem, with the decisions of an environment."""
    return ShopBatch.of(problems, **settings.options)


def make_card(learner: Learner, settings: EnvConfig, seed: int) -> Card:
    """Return the description of a learner's checkpoint."""
    space: Any = learner.observation_space
    rows, row_size = space["candidates"].shape
    return Card(
        agent=learner.config.name,
        family=settings.family,
        columns=settings.columns,
        delay="inf" if math.isinf(float(settings.delay)) else float(settings.delay),
        rows=rows,
        row_size=row_size,
        state_size=space["state"].shape[0],
        width=learner.config.width,
        seed=seed,
        step=learner.num_timesteps,
    )
