"""Settings of an ant colony, and a colony made by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from baselines.ants.colony import ALL, BEST, ROUND_BEST, Colony, Rates, begin, new_colony, scale
from baselines.decoding import Decoding, Objective, new_decoding
from baselines.genetic.stream import Stream
from envs.core.bounds import longest_paths
from envs.core.decode import Decoder
from envs.core.errors import InputError
from envs.core.problem import Float, Int, Problem
from envs.instances.ranges import check_integer, check_real

Candidates = Literal["repair", "ready"]
Deposit = Literal["best", "iteration_best", "all"]
Heuristic = Literal["time", "path"]
_DEPOSITS = {"best": BEST, "iteration_best": ROUND_BEST, "all": ALL}


@dataclass(frozen=True)
class ColonySettings:
    """Hold the numbers of ACO4STLS; the defaults are those of the specification.

    Args:
        ants: Ants of an iteration; None for half as many as operations, at least 4.
        iterations: Iterations; None for as many as the budget allows.
        alpha: Exponent of the pheromone.
        beta: Exponent of the heuristics.
        evaporation: Share rho of the pheromone that is lost in an iteration.
        quantity: Q; a deposit is Q / objective.
        greedy: Probability q0 that an ant takes the best choice instead of drawing one.
        candidates: "repair" lets an ant choose among all operations left and repairs the sequence
            afterwards; "ready" offers only those whose predecessors are placed.
        deposit: Whose elements get a deposit: "best" so far, "iteration_best" or "all".
        patience: Iterations without a better schedule after which the pheromone is laid anew
            (Stuetzle and Hoos 2000, section 4.3); None for never. "best" then means since then,
            and every other time no heuristic is looked at: one that misleads keeps misleading.
        heuristic: What a sequence prefers: "time", short operations, or "path", those with much
            work after them on the longest path.
        decoder: "append" or "insert", see :func:`envs.core.decode.decode`.
        objective: "makespan", "mean_flow" or "weighted_flow".

    Raises:
        InputError: If a setting is out of its range.
    """

    ants: int | None = None
    iterations: int | None = None
    alpha: float = 1.0
    beta: float = 2.0
    evaporation: float = 0.1
    quantity: float = 1.0
    greedy: float = 0.0
    candidates: Candidates = "repair"
    deposit: Deposit = "best"
    patience: int | None = None
    heuristic: Heuristic = "time"
    decoder: Decoder = "append"
    objective: Objective = "makespan"

    def __post_init__(self) -> None:
        """Check the settings."""
        for key in ("ants", "iterations", "patience"):
            if getattr(self, key) is not None:
                check_integer(key, getattr(self, key), 1, 1_000_000)
        check_real("alpha", self.alpha, 0, 20)
        check_real("beta", self.beta, 0, 20)
        check_real("evaporation", self.evaporation, 0.0001, 1)
        check_real("quantity", self.quantity, 0.000001, 1_000_000)
        check_real("greedy", self.greedy, 0, 1)
        for name, known in (
            ("candidates", get_args(Candidates)),
            ("deposit", get_args(Deposit)),
            ("heuristic", get_args(Heuristic)),
            ("decoder", get_args(Decoder)),
            ("objective", get_args(Objective)),
        ):
            word = getattr(self, name)
            if word not in known:
                raise InputError(name, f"is {word!r}", f"use {', '.join(known)}")

    def decoding(self, problem: Problem) -> Decoding:
        """Return what scoring a problem needs.

        Raises:
            InputError: If the problem has several slots to choose for.
        """
        return new_decoding(problem, self.objective, self.decoder)

    def ants_for(self, operations: int) -> int:
        """Return the number of ants that place so many operations."""
        return max(4, round(operations / 2)) if self.ants is None else self.ants

    def tails(self, problem: Problem) -> Float:
        """Return what :meth:`colony` prefers operations by: (N,) ticks, empty for their times."""
        if self.heuristic == "time":
            return np.empty(0)
        return longest_paths(problem)[1].astype(np.float64)

    def colony(
        self, d: Decoding, ops: Int, tails: Float, stream: Stream, bound: float = -1.0
    ) -> tuple[Colony, Rates]:
        """Return a colony for some operations, with its first pheromone laid.

        Args:
            d: The problem, with what is placed already.
            ops: (m,) operations to place, ascending.
            tails: From :meth:`tails`.
            stream: Random numbers.
            bound: Where the objective meets it, the search ends.
        """
        c = new_colony(d, ops, tails, float(self.beta), stream)
        rates = Rates(
            alpha=float(self.alpha),
            beta=float(self.beta),
            rho=float(self.evaporation),
            quantity=float(self.quantity),
            greedy=float(self.greedy),
            ants=self.ants_for(len(ops)),
            deposit=_DEPOSITS[self.deposit],
            patience=2**62 if self.patience is None else self.patience,
            ready_only=self.candidates == "ready",
            first=1.0,
            bound=float(bound),
        )
        begin(c, rates)
        depositors = rates.ants if rates.deposit == ALL else 1
        greedy = scale(d, c, rates._replace(greedy=1.0, ready_only=True))
        first = depositors * rates.quantity / (rates.rho * max(greedy, 1.0))
        rates = rates._replace(first=first)
        begin(c, rates)
        return c, rates
