"""Settings of the self-labelling agent, checked before anything is made from them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SelfLabellingConfig(BaseModel):
    """Decisions told by a teacher, then those in the best of the network's own schedules."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    name: Literal["self_labelling"] = "self_labelling"
    shops: int = Field(default=32, ge=1, le=4096)  # fresh random shops a round
    copies: int = Field(default=32, ge=1, le=4096)  # schedules sampled of each, side by side
    imitation: float = Field(default=1.0, ge=0, le=1)  # share of the steps taught by the teacher
    moves: int = Field(default=60, ge=1, le=10**6)  # of the teacher: an operation, then a decision
    width: int = Field(default=128, ge=1, le=4096)  # units of a hidden layer
    learning_rate: float = Field(default=1e-3, gt=0, le=1)  # at the start
    final_learning_rate: float = Field(default=1e-5, ge=0, le=1)  # at the end of a cosine
    batch_size: int = Field(default=256, ge=1, le=2**20)  # decisions an update
    reuse: float = Field(default=8.0, ge=0, le=1000)  # updates that a decision takes part in
    buffer_size: int = Field(default=100_000, ge=2, le=10**8)  # decisions kept
    max_grad_norm: float = Field(default=10.0, gt=0)
    tau: float = Field(default=0.002, gt=0, le=1)  # of the average of weights; 1 for none

    @property
    def envs(self) -> int:
        """Parallel environments: all copies of all shops."""
        return self.shops * self.copies
