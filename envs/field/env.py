"""A day of field service as a Gymnasium environment."""

from __future__ import annotations

from envs.core.crews import Duration, Vehicle
from envs.core.errors import InputError
from envs.core.table_env import TableEnv
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


class FieldServiceEnv(TableEnv[FieldBatch]):
    """Send crews of people, a vehicle and tools to jobs at different sites.

    The dispatcher decides whenever a crew could leave at once. People leave from where they are,
    the job starts when the last has arrived and it is released, and ends when its people are done;
    see :mod:`envs.core.crews`. Jobs may become known during the day, and take longer or shorter
    than was planned, which is seen only when they end. People may have shifts, within which their
    jobs should end; see :mod:`envs.field.day`.

    **Action**: ``Discrete(K)``, the row of a candidate. Rows 3 i, 3 i + 1 and 3 i + 2 are the i-th
    known job that waits (by number), with the crew of those who are free that the nearest-free,
    the least-loaded and the cheapest rule propose; of rules that propose the same crew the first
    has the row. See :mod:`envs.field.proposals`.

    **Observation**: ``candidates`` float32 (K, 32), one row a candidate with the columns of
    :data:`envs.field.features.COLUMNS`; ``state`` float32 (8,); ``action_mask`` int8 (K,). Rows
    outside the mask are zero. The mask is also in ``info["action_mask"]`` and
    :meth:`action_masks`.

    **Reward**: minus what the job costs that a crew is sent to, times 10 / J: `satisfaction` times
    what it adds to F (how far cost and time of people lie above what was expected, as logarithms:
    equation 7 of the study), `makespan` times the rise of the latest end, and `tardiness` times
    the job's weighted tardiness, both as shares of the span, the expected time of all jobs shared
    among all people. ``info["reward_ticks"]`` has minus the cost in millionths: an episode's sum
    is exactly ``info["cost"]`` after the reset less that at the end.

    **Start**: a fresh random day at every reset, see
    :func:`envs.instances.field_day.random_day`, or `instance`.
    **End**: terminated when a crew has been sent to every job; never truncated.

    Args:
        jobs: Jobs of a random day, a number or a pair (low, high).
        people: People of a random day.
        vehicles: Vehicles.
        tools: Tools.
        skills: Kinds of skill that jobs ask for; 0 for none.
        arriving: Share of the jobs that become known during the day; a pair (low, high) draws it
            for each day.
        overrun: By how much jobs take longer or shorter than planned; or a pair, likewise.
        duration: How long a crew takes, of the times of its people: "max", "mean" or "sum".
        vehicle: What a vehicle does during a job: "stay", "drop" or "none".
        pickup: Whether vehicles collect their crews.
        shift: Hours from the start of the day until people go home; 0 for no shifts.
        instance: A name such as ``field-50-7`` or ``day-50-7`` (jobs, seed), a path, a Problem or
            a FieldDay; None for random days.
        visible: Known jobs that are shown, K / 3; of more, the first by number.
        forced: Whether a single candidate is taken at once, except for the last job.
        satisfaction: Weight of F in the reward.
        makespan: Weight of the makespan.
        tardiness: Weight of the tardiness.
        strict: Whether an action outside the mask raises; otherwise nothing changes, the reward
            is 0 and ``info["invalid_action"]`` is true.
        render_mode: "rgb_array" or "ansi" for a Gantt chart.

    Versions: v0.
    """

    told = "cost"

    def __init__(
        self,
        jobs: Range = 50,
        people: int = 10,
        vehicles: int = 5,
        tools: int = 10,
        instance: Instance | None = None,
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
        render_mode: str | None = None,
    ) -> None:
        instances = as_field_instances(instance)
        if len(instances) > 1:
            raise InputError("instance", "is a list", "use gymnasium.make_vec for several")
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
            instances,
            visible,
            forced,
            satisfaction,
            makespan,
            tardiness,
            strict,
        )
        batch = make_batch(self.options, 1)
        drawn = None if instances else self.options.random_days()
        self._open(batch, observation_space(batch), drawn, strict, render_mode)
