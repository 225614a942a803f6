"""The self-labelling agent learns what it is shown, repeats itself, and goes on exactly."""

import numpy as np
import pytest
import torch
from stable_baselines3.common.callbacks import CallbackList

from agents.dqn.agent import CandidateAgent
from agents.self_labelling import snapshot
from agents.self_labelling.sampling import best_of
from agents.teaching.loss import cross_entropy
from envs.instances import random_shop
from envs.shop.batch import ShopBatch


def learn(learner, steps, more=False):
    learner.learn(steps, CallbackList([]), reset_num_timesteps=not more)
    return learner


def weights(learner):
    return torch.cat([p.detach().flatten() for p in learner.policy.q_net.parameters()])


def excess(learner):
    """Mean makespan over bound of the greedy agent on 30 unseen shops, less 1."""
    batch = ShopBatch.of([random_shop(6, 5, 900 + i) for i in range(30)], delay=1.0)
    bound, agent = batch.bound, CandidateAgent(learner.agent_net)
    while not batch.done.all():
        batch.step(agent.act(batch.observation()))
    return (batch.makespan / bound - 1).mean()


@pytest.mark.parametrize("imitation", [1.0, 0.0], ids=["taught", "from its own best"])
def test_it_learns(make, imitation):
    learner = make(imitation=imitation, copies=16, tau=0.05)
    before = excess(learner)
    learn(learner, 2000)
    sabotaged = learn(
        make(imitation=imitation, copies=16, learning_rate=1e-12, final_learning_rate=0.0), 500
    )
    assert excess(sabotaged) == pytest.approx(before, abs=0.02)
    assert excess(learner) < before - 0.08


def test_updates_raise_the_likelihood_of_the_labels(make):
    learner = make(tau=1.0)
    batch = learner._label(taught=True)

    def loss():
        counts = torch.tensor(batch.counts)
        logits = learner.agent_net(torch.tensor(batch.rows), torch.tensor(batch.state), counts)
        return cross_entropy(logits, torch.tensor(batch.right), counts).mean().item()

    before = loss()
    for _ in range(100):
        learner._update(batch)
    assert loss() < before - 0.1


def test_the_best_of_more_samples_is_better(make):
    learner = make()
    problems = [random_shop(6, 5, i) for i in range(8)]

    def mean(copies):
        batch = ShopBatch.of([p for p in problems for _ in range(copies)], delay=1.0)
        best = best_of(batch, copies, learner.agent_net, np.random.default_rng(0))
        means = batch.makespan.reshape(-1, copies).min(axis=1)
        np.testing.assert_array_equal(means, [s.end.max() for s in best])
        return means.mean()

    assert mean(16) < mean(4) < mean(1)


def test_copies_are_of_one_shop_and_rounds_of_others(make):
    learner = make()
    env = learner.env.env
    shops = [env.batch.problem(i).sha256 for i in range(16)]
    assert [shops[i] == shops[i - 1] for i in range(1, 16)] == [i % 4 != 0 for i in range(1, 16)]
    env.reset()
    assert not {env.batch.problem(i).sha256 for i in range(16)} & set(shops)


def test_the_same_seed_gives_the_same_weights(make):
    one, two, other = (learn(make(seed=seed), 400) for seed in (1, 1, 2))
    assert one._n_updates > 5
    assert torch.equal(weights(one), weights(two))
    assert not torch.equal(weights(one), weights(other))


def test_a_snapshot_continues_exactly(make):
    """Taken while the teacher speaks, it goes on into the agent's own samples."""
    whole = learn(make(imitation=0.5), 300)
    arrays, facts = snapshot.get_state(whole)
    learn(whole, 400, more=True)
    twin = make(imitation=0.5, seed=7)
    snapshot.set_state(twin, arrays, facts)
    learn(twin, 400, more=True)
    assert torch.equal(weights(whole), weights(twin))
    assert whole.statistics.take() == twin.statistics.take()
    assert whole.num_timesteps == twin.num_timesteps


def test_the_average_of_the_weights_is_the_agent(make):
    learner = make(tau=0.1)
    last = [p.detach().clone() for p in learner.agent_net.parameters()]
    learner._update(learner._label(taught=True))
    both = zip(learner.policy.q_net.parameters(), learner.agent_net.parameters(), strict=True)
    for old, (new, mean) in zip(last, both, strict=True):
        torch.testing.assert_close(mean, 0.9 * old + 0.1 * new)
    assert make(tau=1.0).agent_net is not make(tau=1.0).policy.q_net_target
