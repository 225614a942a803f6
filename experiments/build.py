"""From settings to objects: the only place that instantiates."""

from __future__ import annotations

from typing import Any

from agents.dqn.bridge import NativeVecEnv
from agents.dqn.checkpoint import Card
from agents.dqn.classic import ClassicDQN
from agents.dqn.config import ClassicConfig, DQNConfig, FlatConfig
from agents.dqn.dqn import MaskedDQN
from agents.dqn.flat import FlatDQN
from agents.dqn.rollouts import RolloutDQN
from agents.self_labelling.config import SelfLabellingConfig
from agents.self_labelling.learner import SelfLabelling
from agents.teaching.guided import Teacher
from envs.core.errors import InputError
from experiments.families import EnvConfig
from experiments.shops import ShopEnv

AgentConfig = DQNConfig | FlatConfig | ClassicConfig | SelfLabellingConfig
AGENTS: dict[str, type[AgentConfig]] = {
    "dqn": DQNConfig,
    "dqn_flat": FlatConfig,
    "dqn_classic": ClassicConfig,
    "self_labelling": SelfLabellingConfig,
}
Learner = MaskedDQN | FlatDQN | ClassicDQN | SelfLabelling


def make_env(settings: EnvConfig, envs: int) -> NativeVecEnv:
    """Return `envs` parallel environments for stable-baselines3.

    Raises:
        InputError: If an option is out of range or an instance cannot be read.
    """
    import gymnasium

    import envs as _registered  # noqa: F401 - importing registers the ids

    arguments = settings.arguments()
    return NativeVecEnv(gymnasium.make_vec(settings.id, num_envs=envs, strict=True, **arguments))


def check_pair(agent: AgentConfig, env: EnvConfig) -> None:
    """Raise InputError for an environment whose instances an agent cannot use."""
    if isinstance(agent, DQNConfig) and agent.demonstrations.share:
        what = f"is {agent.demonstrations.share}, but there is no teacher"
        if not isinstance(env, ShopEnv):
            where, remedy = f"for {env.family}", "give 0, or train in job or flexible job shops"
        elif env.instance is not None:
            where, remedy = "for env.instance", "give 0, or leave env.instance null: it draws"
        else:
            return
        raise InputError("agent.demonstrations.share", f"{what} {where}", remedy)
    if not isinstance(agent, SelfLabellingConfig):
        return
    if not isinstance(env, ShopEnv):
        remedy = "train it in job shops or flexible job shops"
        raise InputError("agent", f"{agent.name} cannot learn {env.family}", remedy)
    if env.instance is not None:
        raise InputError("env.instance", f"is given to {agent.name}", "leave it null: it draws")


def make_teacher(moves: int) -> Teacher:
    """Return a teacher: plans by tabu search, mended by `moves` a decision."""
    from baselines.tabu.plans import Plans

    return lambda problems, rng: Plans(problems, moves, rng)


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
    if isinstance(settings, SelfLabellingConfig):
        return SelfLabelling(env, settings, make_teacher(settings.moves), seed=seed)
    if isinstance(settings, DQNConfig) and settings.rollout:
        return RolloutDQN(env, settings, seed=seed)
    if isinstance(settings, DQNConfig):
        teacher = make_teacher(settings.demonstrations.moves)
        return MaskedDQN(env, settings, teacher, seed=seed)
    return FlatDQN(env, settings, seed=seed)


def make_card(learner: Learner, settings: EnvConfig, seed: int) -> Card:
    """Return the description of a learner's checkpoint."""
    space: Any = learner.observation_space
    (rows,) = space["action_mask"].shape
    shown = getattr(learner.config, "demonstrations", None)
    return Card(
        agent=learner.config.name,
        family=settings.family,
        rows=rows,
        row_size=space["candidates"].shape[1] if "candidates" in space.spaces else 0,
        state_size=space["state"].shape[0],
        width=learner.config.width,
        quantiles=getattr(learner.config, "quantiles", 0),
        taught=shown.temperature if shown and shown.share else 0.0,
        seed=seed,
        step=learner.num_timesteps,
        **settings.card,
    )
