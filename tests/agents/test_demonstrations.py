"""Demonstrations: fresh shops under a teacher's eyes, of which every batch has its share."""

import gymnasium
import numpy as np
import pytest
import torch

import envs  # noqa: F401 - importing registers the ids
from agents.dqn import snapshot
from agents.dqn.bridge import NativeVecEnv
from agents.dqn.buffer import Batch
from agents.dqn.config import Demonstrations as Settings
from agents.dqn.config import DQNConfig, Prioritised
from agents.dqn.demonstrations import guidance, joined
from agents.dqn.dqn import MaskedDQN
from baselines.tabu.plans import Plans
from envs.core.errors import InputError

SMALL = {"envs": 8, "width": 16, "batch_size": 64, "buffer_size": 2000, "learning_starts": 200}


def teach(problems, rng):
    return Plans(problems, 10, rng)


def make(seed=0, kind="dispatchlab/JobShop-v0", teacher=teach, share=0.25, **settings):
    torch.set_num_threads(1)
    shown = Settings(share=share, shops=6, rate=0.5, buffer_size=500)
    world = {"jobs": [4, 6], "machines": 4, **settings.pop("world", {})}
    config = DQNConfig(**{**SMALL, "demonstrations": shown, **settings})
    vector = gymnasium.make_vec(kind, num_envs=config.envs, strict=True, **world)
    return MaskedDQN(NativeVecEnv(vector), config, teacher, seed=seed)


def test_they_keep_up_with_the_decisions_of_the_learner():
    shown = make().demonstrations
    shown.keep_up(0)
    first = shown.decisions
    assert 0 < first == len(shown.memory)
    shown.keep_up(1)  # ahead for as many decisions as were built too many
    assert shown.decisions == first
    shown.keep_up(10 * first)
    asked = 1 + 0.5 * (1 + 10 * first)
    assert asked <= shown.decisions < asked + 2 * first
    assert len(shown.memory) == min(shown.decisions, 500)


def test_a_batch_holds_whole_returns():
    shown = make().demonstrations
    shown.keep_up(0)
    batch = shown.sample(300)
    assert batch.following is None and len(batch.place) == 0
    assert (batch.target <= 0).all() and batch.target.min() < -0.5
    starts = np.cumsum(batch.counts) - batch.counts
    assert ((starts <= batch.chosen) & (batch.chosen < starts + batch.counts)).all()
    hits = np.add.reduceat(batch.right.astype(int), starts)
    assert ((hits > 0) & (hits < batch.counts)).all()


def test_shops_differ_by_seed_and_are_not_those_of_the_learner():
    def shops(model):
        shown = model.demonstrations
        shown._batch.begin(shown._kind)
        return {shown._batch.problem(b).sha256 for b in range(6)}

    model = make(seed=0)
    model.env.reset()
    own = {model.env.env.batch.problem(b).sha256 for b in range(8)}
    assert len(own) == 8 and len(shops(make(seed=0))) == 6
    assert shops(make(seed=0)) == shops(make(seed=0))
    assert not shops(make(seed=0)) & (own | shops(make(seed=1)))


def test_batches_are_joined_and_guided_by_the_last_ones():
    shown = make().demonstrations
    shown.keep_up(0)
    own, taught = shown.sample(6)._replace(right=None, place=np.arange(6)), shown.sample(4)
    both = joined(own, taught)
    np.testing.assert_array_equal(both.rows[both.chosen[6:]], taught.rows[taught.chosen])
    np.testing.assert_array_equal(both.target, np.concatenate([own.target, taught.target]))
    assert len(both.place) == 6 and len(both.counts) == 10


def test_the_loss_is_the_cross_entropy_of_the_values_over_the_temperature():
    nothing = np.zeros(2, np.float32)
    batch = Batch(
        rows=np.zeros((6, 1), np.float32),
        state=np.zeros((2, 1), np.float32),
        counts=np.array([3, 3]),
        chosen=np.array([0, 3]),
        target=nothing,
        following=None,
        weight=nothing,
        place=np.array([7]),  # the first one is the learner's own
        right=np.array([True, False, True]),
    )
    values = torch.tensor([5.0, 6.0, 7.0, 0.1, 0.3, 0.2])
    got = guidance(values, batch, Settings(share=0.5, temperature=0.1, weight=3.0))
    share = (np.exp(1) + np.exp(2)) / (np.exp(1) + np.exp(3) + np.exp(2))
    assert got.item() == pytest.approx(-3.0 * np.log(share) / 2, rel=1e-6)


def agreement(model):
    """Share of the demonstrated choices in which the network's best candidate is right."""
    batch = model.demonstrations.sample(2000)
    with torch.no_grad():
        values = model.q_net(*(torch.tensor(a) for a in batch[:3])).numpy()
    starts = np.cumsum(batch.counts) - batch.counts
    parts = np.split(np.arange(len(values)), starts[1:])
    return batch.right[[own[values[own].argmax()] for own in parts]].mean()


def test_the_learner_comes_to_agree_with_its_teacher():
    model = make(gradient_steps=4, prioritised=Prioritised(alpha=0.6), quantiles=4)
    model.demonstrations.keep_up(0)
    before = agreement(model)
    model.learn(2000)
    assert agreement(model) > max(before, 0.65)


def test_a_snapshot_continues_exactly():
    model = make(n_steps=2, tau=0.1, target_update_interval=1)
    model.learn(600)
    arrays, facts = snapshot.get_state(model)
    model.learn(400, reset_num_timesteps=False)
    twin = make(n_steps=2, tau=0.1, target_update_interval=1, seed=3)
    twin._logger = model._logger
    snapshot.set_state(twin, arrays, facts)
    twin.learn(400, reset_num_timesteps=False)
    assert model._n_updates > 0
    assert model.demonstrations.decisions == twin.demonstrations.decisions
    for a, b in zip(model.q_net.parameters(), twin.q_net.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"group": 4, "n_steps": 1}, "agent.group: is 4, which demonstrations cannot use"),
        ({"gamma": 0.99}, "agent.gamma: is 0.99, which demonstrations cannot use"),
        ({"teacher": None}, "agent.demonstrations.share: is 0.25"),
        ({"batch_size": 1}, "agent.demonstrations.share: is 0.25"),
        ({"world": {"reward": "makespan"}}, "env.reward: is makespan"),
        ({"world": {"instance": "ft06"}}, "env.instance: is given"),
    ],
)
def test_what_demonstrations_cannot_use_is_named(settings, word):
    with pytest.raises(InputError, match=word):
        make(**settings)
