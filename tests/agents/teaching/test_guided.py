"""The guide is asked about choices alone, is told every dispatch, and its best are the labels."""

import numpy as np
import torch

from agents.dqn.agent import CandidateAgent
from agents.dqn.network import CandidateNetwork
from agents.teaching.guided import guided
from agents.teaching.lessons import lessons
from envs.instances import random_shop
from envs.shop.batch import ShopBatch


class Odd:
    """A guide to whom operations of even numbers cost nothing, and others 5."""

    def __init__(self, shops):
        self.asked, self.told = [0] * shops, [[] for _ in range(shops)]

    def costs(self, i, operation, machine):
        assert len(operation) == len(machine) > 1
        self.asked[i] += 1
        return 100 + 5 * (operation % 2)

    def follow(self, i, operation, machine):
        self.told[i].append((operation, machine))
        return 0


def test_the_cheapest_candidates_are_right():
    problems = [random_shop(4, 3, seed) for seed in range(3)]
    batch = ShopBatch.of(problems, delay=1.0, forced=False)
    guide, network = Odd(3), CandidateNetwork(batch.columns, batch.state_size, 8)
    steps = guided(batch, guide, network, np.random.default_rng(0))
    decisions = lessons(steps, batch.bound)
    for b, problem in enumerate(problems):
        assert sorted(o for o, _ in guide.told[b]) == list(range(12))
        assert all(problem.eligible[o, r] for o, r in guide.told[b])
    first = np.cumsum(decisions.counts) - decisions.counts
    shares = np.add.reduceat(decisions.right, first) / decisions.counts
    assert ((shares > 0) & (shares < 1)).all()  # both kinds in every one that is kept
    assert 0 < len(decisions.counts) < sum(guide.asked)
    assert len(decisions.rows) == len(decisions.right) == decisions.counts.sum()


def test_a_low_temperature_takes_the_best_candidate():
    problems = [random_shop(5, 4, seed) for seed in range(4)]
    torch.manual_seed(0)
    network = CandidateNetwork(36, 6, 8)

    def makespans(temperature, seed):
        batch = ShopBatch.of(problems, delay=1.0, forced=False)
        rng = np.random.default_rng(seed)
        for _ in guided(batch, Odd(4), network, rng, temperature):
            pass
        return batch.makespan.tolist()

    greedy = ShopBatch.of(problems, delay=1.0)
    while not greedy.done.all():
        greedy.step(CandidateAgent(network).act(greedy.observation()))
    assert makespans(1e-7, 0) == makespans(1e-7, 1) == greedy.makespan.tolist()
    assert len({tuple(makespans(1.0, seed)) for seed in range(5)}) > 1
