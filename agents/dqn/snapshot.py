"""Everything that a training needs to go on exactly, as arrays and plain facts.

Taken at the start of a rollout, between an update and the next decision; the environment must
offer ``get_state`` and ``set_state``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.buffers import DictReplayBuffer

from agents.dqn.dqn import MaskedDQN
from agents.dqn.flat import StockDQN

Arrays = dict[str, NDArray[Any]]
Learner = MaskedDQN | StockDQN

_COUNTERS = ("num_timesteps", "_episode_num", "_n_updates", "_n_calls")


def get_state(model: Learner) -> tuple[Arrays, dict[str, Any]]:
    """Return arrays by name, and facts that JSON can hold."""
    assert model.env is not None
    parts: dict[str, Arrays] = {
        "q_net": tensors(model.q_net),
        "q_net_target": tensors(model.q_net_target),
        "optimizer": moments(model.policy.optimizer),
        "env": model.env.get_state(),  # type: ignore[attr-defined]
        "buffer": _buffer(model.replay_buffer),
        "statistics": model.statistics.get_state(),
        "observation": dict(model._last_obs),  # type: ignore[arg-type]
        "random": {"torch": torch.get_rng_state().numpy()},
    }
    demonstrations = getattr(model, "demonstrations", None)
    if demonstrations is not None:
        parts["demonstrations"] = demonstrations.get_state()
    arrays = {f"{part}/{name}": a for part, own in parts.items() for name, a in own.items()}
    legacy = np.random.get_state(legacy=False)  # noqa: NPY002 - stable-baselines3 draws from it
    assert isinstance(legacy, dict)
    arrays["random/legacy"] = legacy["state"]["key"]
    facts = {name: getattr(model, name) for name in _COUNTERS}
    facts["remaining"] = model._current_progress_remaining
    facts["generator"] = model.rng.bit_generator.state
    facts["legacy"] = [legacy["state"]["pos"], legacy["has_gauss"], legacy["gauss"]]
    return arrays, facts


def set_state(model: Learner, arrays: Arrays, facts: dict[str, Any]) -> None:
    """Restore what :func:`get_state` of a learner with the same settings returned."""
    assert model.env is not None

    def part(name: str) -> Arrays:
        return {k[len(name) + 1 :]: a for k, a in arrays.items() if k.startswith(name + "/")}

    for name, network in (("q_net", model.q_net), ("q_net_target", model.q_net_target)):
        network.load_state_dict({k: torch.from_numpy(a) for k, a in part(name).items()})
    restore_moments(model.policy.optimizer, part("optimizer"))
    model.env.set_state(part("env"))  # type: ignore[attr-defined]
    _restore_buffer(model.replay_buffer, part("buffer"))
    demonstrations = getattr(model, "demonstrations", None)
    if demonstrations is not None:
        demonstrations.set_state(part("demonstrations"))
    model.statistics.set_state(part("statistics"))
    model._last_obs = {k: a.copy() for k, a in part("observation").items()}
    model._last_episode_starts = np.zeros(model.n_envs, np.bool_)
    for name in _COUNTERS:
        setattr(model, name, facts[name])
    model._current_progress_remaining = facts["remaining"]
    model.rng.bit_generator.state = facts["generator"]
    torch.set_rng_state(torch.from_numpy(arrays["random/torch"].copy()))
    position, has_gauss, gauss = facts["legacy"]
    np.random.set_state(  # noqa: NPY002
        ("MT19937", arrays["random/legacy"], position, has_gauss, gauss)
    )


def tensors(module: torch.nn.Module) -> Arrays:
    """Return copies of the weights by name."""
    return {name: tensor.cpu().numpy().copy() for name, tensor in module.state_dict().items()}


def moments(optimizer: torch.optim.Optimizer) -> Arrays:
    """Return copies of what an optimiser remembers of each weight."""
    state = optimizer.state_dict()["state"]
    return {
        f"{i}/{name}": tensor.cpu().numpy().copy()
        for i, own in state.items()
        for name, tensor in own.items()
    }


def restore_moments(optimizer: torch.optim.Optimizer, arrays: Arrays) -> None:
    """Restore what :func:`moments` returned."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, array in arrays.items():
        i, name = key.split("/")
        state.setdefault(int(i), {})[name] = torch.tensor(array)
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _buffer(buffer: Any) -> Arrays:
    if not isinstance(buffer, DictReplayBuffer):
        own: Arrays = buffer.get_state()
        return own
    end = buffer.buffer_size if buffer.full else buffer.pos
    arrays = {name: getattr(buffer, name)[:end].copy() for name in _STOCK}
    arrays |= {f"now.{k}": a[:end].copy() for k, a in buffer.observations.items()}
    arrays |= {f"next.{k}": a[:end].copy() for k, a in buffer.next_observations.items()}
    return {**arrays, "place": np.array([buffer.pos, buffer.full], np.int64)}


_STOCK = ("actions", "rewards", "dones", "timeouts")


def _restore_buffer(buffer: Any, arrays: Arrays) -> None:
    if not isinstance(buffer, DictReplayBuffer):
        buffer.set_state(arrays)
        return
    buffer.pos, buffer.full = int(arrays["place"][0]), bool(arrays["place"][1])
    end = len(arrays["actions"])
    for name in _STOCK:
        getattr(buffer, name)[:end] = arrays[name]
    for prefix, whole in (("now.", buffer.observations), ("next.", buffer.next_observations)):
        for key, array in whole.items():
            array[:end] = arrays[prefix + key]
