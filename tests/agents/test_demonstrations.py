"""Demonstrations: returns are those of the schedules, and every batch has its share of them."""

import gymnasium
import numpy as np
import pytest
import torch

import envs  # noqa: F401 - importing registers the ids
from agents.dqn import snapshot
from agents.dqn.bridge import NativeVecEnv
from agents.dqn.config import Demonstrations as Settings
from agents.dqn.config import DQNConfig, Prioritised
from agents.dqn.demonstrations import Demonstrations, guidance, joined, margin_loss
from agents.dqn.dqn import MaskedDQN
from baselines.tabu import Tabu
from envs.core.errors import InputError
from envs.core.protocols import Budget
from envs.instances import random_shop
from envs.shop.batch import ShopBatch

SMALL = {"envs": 8, "width": 16, "batch_size": 64, "buffer_size": 2000, "learning_starts": 200}


def teach(problem, rng):
    return Tabu()(problem, Budget(evaluations=10 * problem.operations), rng).schedule


def by_row(observation):
    rows = np.arange(observation["action_mask"].shape[1], dtype=np.float32)
    return np.where(observation["action_mask"] != 0, -rows, -np.inf)


def store(delay=1.0, n_steps=0, gamma=1.0, **options):
    problems = [random_shop(jobs, 4, seed) for seed, jobs in enumerate((4, 6, 8))]
    rng = np.random.default_rng(0)
    schedules = [teach(problem, rng) for problem in problems]
    batch = ShopBatch.of(problems, delay=delay, **options)
    space = gymnasium.spaces.Dict(
        {
            "candidates": gymnasium.spaces.Box(-1, 1, (batch.rows, 36)),
            "state": gymnasium.spaces.Box(-1, 1, (6,)),
        }
    )
    kept = Demonstrations(batch, problems, schedules, space, by_row, n_steps=n_steps, gamma=gamma)
    return batch, kept


@pytest.mark.parametrize("delay", [0.0, 1.0])
@pytest.mark.parametrize("sparse", [False, True])
def test_they_are_what_the_environment_would_have_shown(delay, sparse):
    """Played in the environment, with forced moves unseen, decisions and returns are the same."""
    batch, kept = store(delay, sparse=sparse)
    memory, size = kept.memory, batch.size
    entries = [[] for _ in range(size)]
    shop = np.arange(len(kept))  # of each entry; the first ones are of one shop each
    for entry, before in enumerate(memory.prev):
        shop[entry] = shop[before] if before >= 0 else sum(bool(own) for own in entries)
        entries[shop[entry]].append(entry)
    returns, steps, ended = np.zeros(size), [[] for _ in range(size)], np.zeros(size, bool)
    while not batch.done.all():
        seen, rows = batch.observation(), np.zeros(size, np.int64)
        for b in np.flatnonzero(~batch.done):
            own = np.flatnonzero(seen["action_mask"][b])
            if len(own) > 1:
                entry = entries[b][len(steps[b])]
                start = memory.row_start[entry]
                shown = memory.rows[start : start + memory.count[entry]]
                np.testing.assert_array_equal(shown, seen["candidates"][b, own])
                np.testing.assert_array_equal(memory.state[entry], seen["state"][b])
                rows[b] = own[memory.chosen[entry]]
                steps[b].append(returns[b])
            else:
                rows[b] = own[0]  # the last of a shop
        _, moves = batch.advance(rows, None, again=False)
        returns += np.where(ended, 0.0, moves.reward)
        ended |= moves.flags[1] != 0
    np.testing.assert_array_equal(batch.makespan, kept.makespan)
    for b in range(size):
        assert len(steps[b]) == len(entries[b]) > 5
        np.testing.assert_allclose(
            memory.target[entries[b]], returns[b] - np.array(steps[b]), atol=1e-5
        )


def test_n_steps_bootstrap_as_the_learners_own():
    _, kept = store(n_steps=3, gamma=0.9)
    memory = kept.memory
    later = {int(p): e for e, p in enumerate(memory.prev) if p >= 0}
    for entry in range(len(kept)):
        chain = [entry]
        while len(chain) <= 3 and chain[-1] in later:
            chain.append(later[chain[-1]])
        assert memory.bootstrap[entry] == (chain[3] if len(chain) > 3 else -1)
        expected = sum(0.9**i * memory.reward[e] for i, e in enumerate(chain[:3]))
        assert memory.target[entry] == pytest.approx(expected, abs=1e-5)
    taught = kept.sample(500, np.random.default_rng(0))
    assert 0 < len(taught.following.which) < 500


def test_what_is_right_is_told_and_taken():
    _, kept = store(delay=1.0)
    batch = kept.sample(400, np.random.default_rng(0))
    assert batch.right[batch.chosen].all()
    starts = np.cumsum(batch.counts) - batch.counts
    hits = np.add.reduceat(batch.right.astype(int), starts)
    assert (hits >= 1).all() and (hits < batch.counts).mean() > 0.5


def test_the_margin_loss_is_that_of_the_paper():
    values = torch.tensor([1.0, 0.9, 0.0, 2.0, 5.0, 1.0, 3.0])
    right = torch.tensor([True, False, False, True, True, False, True])
    counts = torch.tensor([3, 2, 2])
    # 0.9 is less than 0.5 below 1; where all are right nothing is lost; 1 is far enough below 3.
    loss = margin_loss(values, right, counts, 0.5)
    np.testing.assert_allclose(loss.numpy(), [0.4, 0.0, 0.0], atol=1e-6)
    assert margin_loss(values, ~right, torch.tensor([3, 4]), 0.5)[0].item() == pytest.approx(0.6)


def test_batches_are_joined_and_guided_by_the_last_ones():
    _, kept = store(n_steps=2)
    rng = np.random.default_rng(0)
    own = kept.sample(6, rng)._replace(right=None)
    taught = kept.sample(4, rng)
    both = joined(own, taught)
    np.testing.assert_array_equal(both.rows[both.chosen[6:]], taught.rows[taught.chosen])
    np.testing.assert_array_equal(both.target, np.concatenate([own.target, taught.target]))
    assert len(both.place) == 6 and len(both.counts) == 10
    assert both.following.counts.tolist() == [
        *own.following.counts.tolist(),
        *taught.following.counts.tolist(),
    ]
    assert both.following.which.tolist() == [
        *own.following.which.tolist(),
        *(taught.following.which + 6).tolist(),
    ]
    values = torch.randn(len(both.rows))
    settings = Settings(share=0.4, margin=0.3, weight=2.0)
    alone = margin_loss(
        values[len(own.rows) :], torch.tensor(taught.right), torch.tensor(taught.counts), 0.3
    )
    got = guidance(values, both, settings)
    assert got.item() == pytest.approx(2.0 * alone.sum().item() / 10)


def make(seed=0, kind="dispatchlab/JobShop-v0", teacher=teach, **settings):
    shown = Settings(share=0.25, episodes=12, margin=0.3)
    config = DQNConfig(**{**SMALL, "demonstrations": shown, **settings})
    more = {} if "Queue" in kind else {"jobs": [4, 6], "machines": 4}
    vector = gymnasium.make_vec(kind, num_envs=config.envs, strict=True, **more)
    return MaskedDQN(NativeVecEnv(vector), config, teacher, seed=seed)


def agreement(model):
    """Share of the demonstrated choices in which the network's best candidate is right."""
    batch = model.demonstrations.sample(2000, np.random.default_rng(0))
    with torch.no_grad():
        values = model.q_net(*(torch.tensor(a) for a in batch[:3])).numpy()
    starts = np.cumsum(batch.counts) - batch.counts
    hits = np.add.reduceat(batch.right.astype(int), starts)
    parts = np.split(np.arange(len(values)), starts[1:])
    best = np.array([own[values[own].argmax()] for own in parts])
    return batch.right[best][hits < batch.counts].mean()


def test_the_learner_comes_to_agree_with_its_teacher():
    model = make(gradient_steps=4, prioritised=Prioritised(alpha=0.6), quantiles=4)
    before = agreement(model)
    model.learn(2000)
    assert agreement(model) > max(before, 0.7)


def test_a_snapshot_continues_exactly_without_holding_them():
    model = make(n_steps=2)
    model.learn(600)
    arrays, facts = snapshot.get_state(model)
    model.learn(400, reset_num_timesteps=False)
    twin = make(n_steps=2)
    twin._logger = model._logger
    snapshot.set_state(twin, arrays, facts)
    twin.learn(400, reset_num_timesteps=False)
    assert model._n_updates > 0
    for a, b in zip(model.q_net.parameters(), twin.q_net.parameters(), strict=True):
        assert torch.equal(a, b)


def test_shops_differ_from_those_of_the_training_and_by_seed():
    one, two = make(seed=0).demonstrations, make(seed=1).demonstrations
    assert len(one.makespan) == 12
    assert one.makespan.tolist() == make(seed=0).demonstrations.makespan.tolist()
    assert one.makespan.tolist() != two.makespan.tolist()


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"group": 4, "n_steps": 1}, "agent.group: is 4, which demonstrations cannot use"),
        ({"teacher": None}, "agent.demonstrations.share: is 0.25"),
        ({"batch_size": 1}, "agent.demonstrations.share: is 0.25"),
    ],
)
def test_what_demonstrations_cannot_use_is_named(settings, word):
    with pytest.raises(InputError, match=word):
        make(**settings)
