"""What happens between rollouts: at their start everything learned so far is consistent."""

from __future__ import annotations

from collections.abc import Callable

from stable_baselines3.common.callbacks import BaseCallback


class Periodic(BaseCallback):
    """Call a function at the first rollout start after every so many decisions.

    The next time follows from the number of decisions alone, so a resumed training keeps the
    rhythm of an uninterrupted one.

    Args:
        every: Decisions between calls.
        call: Gets the number of decisions so far.
    """

    def __init__(self, every: int, call: Callable[[int], object]) -> None:
        super().__init__()
        self.every, self.call = every, call
        self._next = 0

    def _on_training_start(self) -> None:
        self._next = self._after(self.num_timesteps)

    def _after(self, step: int) -> int:
        return (step // self.every + 1) * self.every

    def _on_rollout_start(self) -> None:
        step = self.model.num_timesteps
        if step >= self._next:
            self._next = self._after(step)
            self.call(step)

    def _on_step(self) -> bool:
        return True


class EveryRollout(BaseCallback):
    """Call a function at the start of every rollout.

    Args:
        call: Gets the number of decisions so far; what it raises ends the training.
    """

    def __init__(self, call: Callable[[int], None]) -> None:
        super().__init__()
        self.call = call

    def _on_rollout_start(self) -> None:
        self.call(self.model.num_timesteps)

    def _on_step(self) -> bool:
        return True
