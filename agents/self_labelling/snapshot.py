"""Everything that a training needs to go on exactly; taken at the start of a round."""

from __future__ import annotations

from typing import Any

import torch

from agents.dqn.snapshot import Arrays, moments, restore_moments, tensors
from agents.self_labelling.learner import SelfLabelling

_COUNTERS = ("num_timesteps", "_episode_num", "_n_updates", "owed")


def get_state(model: SelfLabelling) -> tuple[Arrays, dict[str, Any]]:
    """Return arrays by name, and facts that JSON can hold."""
    parts: dict[str, Arrays] = {
        "q_net": tensors(model.policy.q_net),
        "q_net_target": tensors(model.policy.q_net_target),
        "optimizer": moments(model.policy.optimizer),
        "env": model.env.get_state(),
        "memory": model.memory.get_state(),
        "statistics": model.statistics.get_state(),
    }
    arrays = {f"{part}/{name}": a for part, own in parts.items() for name, a in own.items()}
    facts = {name: getattr(model, name) for name in _COUNTERS}
    return arrays, {**facts, "generator": model.rng.bit_generator.state}


def set_state(model: SelfLabelling, arrays: Arrays, facts: dict[str, Any]) -> None:
    """Restore what :func:`get_state` of a learner with the same settings returned."""

    def part(name: str) -> Arrays:
        return {k[len(name) + 1 :]: a for k, a in arrays.items() if k.startswith(name + "/")}

    for name in ("q_net", "q_net_target"):
        own = {k: torch.from_numpy(a) for k, a in part(name).items()}
        getattr(model.policy, name).load_state_dict(own)
    restore_moments(model.policy.optimizer, part("optimizer"))
    model.env.set_state(part("env"))
    model.memory.set_state(part("memory"))
    model.statistics.set_state(part("statistics"))
    for name in _COUNTERS:
        setattr(model, name, facts[name])
    model.rng.bit_generator.state = facts["generator"]
