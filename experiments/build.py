"""From settings to objects: the only place that instantiates."""

from __future__ import annotations

from typing import Any

from agents.dqn.bridge import NativeVecEnv
from agents.dqn.checkpoint import Card
from agents.dqn.classic import ClassicDQN
from agents.dqn.config import ClassicConfig, DQNConfig, FlatConfig
from agents.dqn.dqn import MaskedDQN
from agents.dqn.flat import FlatDQN
from envs.core.errors import InputError
from experiments.families import EnvConfig

AgentConfig = DQNConfig | FlatConfig | ClassicConfig
AGENTS: dict[str, type[AgentConfig]] = {
    "dqn": DQNConfig,
    "dqn_flat": FlatConfig,
    "dqn_classic": ClassicConfig,
}
Learner = MaskedDQN | FlatDQN | ClassicDQN


def make_env(settings: EnvConfig, envs: int) -> NativeVecEnv:
    """Return `envs` parallel environments for stable-baselines3.

    Raises:
        InputError: If an option is out of range or an instance cannot be read.
    """
    import gymnasium

    import envs as _registered  # noqa: F401 - importing registers the ids

    arguments = settings.arguments()
    return NativeVecEnv(gymnasium.make_vec(settings.id, num_envs=envs, strict=True, **arguments))


def make_learner(env: NativeVecEnv, settings: AgentConfig, seed: int) -> Learner:
    """Return an untrained agent in an environment.

    Raises:
        InputError: If the agent cannot use what the environment shows.
    """
    space: Any = env.observation_space
    if isinstance(settings, ClassicConfig) == ("candidates" in space.spaces):
        classic = "env.observation=classic10 env.actions=class5"
        remedy = f"give {classic} to dqn_classic, and to no other agent"
        raise InputError("agent", f"{settings.name} cannot use this observation", remedy)
    if isinstance(settings, ClassicConfig):
        return ClassicDQN(env, settings, seed=seed)
    if isinstance(settings, DQNConfig):
        return MaskedDQN(env, settings, seed=seed)
    return FlatDQN(env, settings, seed=seed)


def make_card(learner: Learner, settings: EnvConfig, seed: int) -> Card:
    """Return the description of a learner's checkpoint."""
    space: Any = learner.observation_space
    (rows,) = space["action_mask"].shape
    return Card(
        agent=learner.config.name,
        family=settings.family,
        rows=rows,
        row_size=space["candidates"].shape[1] if "candidates" in space.spaces else 0,
        state_size=space["state"].shape[0],
        width=learner.config.width,
        seed=seed,
        step=learner.num_timesteps,
        **settings.card,
    )
