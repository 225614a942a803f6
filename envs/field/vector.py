"""Many days as one native Gymnasium VectorEnv; finished ones restart within the same step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from envs.core.crews import Duration, Vehicle
from envs.core.table_env import TableVectorEnv, check_size
from envs.field.batch import FieldBatch
from envs.field.options import (
    FieldOptions,
    Instance,
    Range,
    as_field_instances,
    make_batch,
    observation_space,
)
from envs.instances.field_day import Share


class FieldServiceVectorEnv(TableVectorEnv[FieldBatch]):
    """Step `num_envs` days at once; as :class:`envs.field.env.FieldServiceEnv`.

    Seeds and ``infos``: see :class:`envs.core.table_env.TableVectorEnv`.

    Args:
        num_envs: Number of sub-environments B.
        instance: A name, a path, a Problem, a FieldDay, or a list of them: sub-environment i has
            the i-th, starting over when the list ends.
        jobs, people, vehicles, tools, skills, arriving, overrun, duration, vehicle, pickup,
            shift, visible, forced, satisfaction, makespan, tardiness, strict: As in a single
            environment.
    """

    told = ("cost", "final_cost")

    def __init__(
        self,
        num_envs: int = 1,
        jobs: Range = 50,
        people: int = 10,
        vehicles: int = 5,
        tools: int = 10,
        instance: Instance | Sequence[Instance] | None = None,
        *,
        skills: int = 0,
        arriving: Share = 0.0,
        overrun: Share = 0.0,
        duration: Duration = "max",
        vehicle: Vehicle = "stay",
        pickup: bool = False,
        shift: float = 0.0,
        visible: int = 64,
        forced: bool = True,
        satisfaction: float = 1.0,
        makespan: float = 0.0,
        tardiness: float = 0.0,
        strict: bool = False,
    ) -> None:
        size = check_size(num_envs)
        self.options = FieldOptions(
            jobs,
            people,
            vehicles,
            tools,
            skills,
            arriving,
            overrun,
            duration,
            vehicle,
            pickup,
            shift,
            as_field_instances(instance),
            visible,
            forced,
            satisfaction,
            makespan,
            tardiness,
            strict,
        )
        batch = make_batch(self.options, size)
        drawn = None if self.options.instances else self.options.random_days()
        self._open(batch, observation_space(batch), drawn, strict)

    def rollouts(self, rows: NDArray[np.int64], horizon: float) -> NDArray[np.float64]:
        """Try rows out, (B, G): see :meth:`FieldBatch.rollouts`; no sub-environment moves."""
        return self.batch.rollouts(rows, horizon)
