"""The DQN that learns from rollouts: on the toy, exactly resumed, and each part by itself."""

import numpy as np
import pytest
import torch

from agents.dqn import snapshot
from agents.dqn.bridge import NativeVecEnv
from agents.dqn.comparisons import ComparisonBuffer, to_try
from agents.dqn.config import DQNConfig, Prioritised
from agents.dqn.layout import flatten
from agents.dqn.rollouts import RolloutDQN, comparison_loss
from envs.core.errors import InputError
from envs.dynamic.vector import DynamicShopVectorEnv

SMALL = {
    "envs": 16,
    "width": 32,
    "batch_size": 64,
    "buffer_size": 5000,
    "learning_starts": 500,
    "learning_rate": 3e-3,
    "gradient_steps": 1,
    "group": 3,
    "rollout": 2.0,
    "level_weight": 0.0,
}


def make(toy, seed=0, **settings):
    class Tried(toy):
        """The toy, whose rollouts bring the regret of a row, and noise that its rows share."""

        def rollouts(self, rows, horizon):
            assert horizon == 2.0
            lane = np.arange(self.num_envs)[:, None]
            assert (self.mask[lane, np.maximum(rows, 0)] == 1)[rows >= 0].all()
            worth = self.candidates[lane, np.maximum(rows, 0), 0] * self.state
            return np.where(rows >= 0, worth + 50.0 * self.left[:, None], 0.0).astype(np.float64)

    config = DQNConfig(**{**SMALL, **settings})
    return RolloutDQN(NativeVecEnv(Tried(config.envs)), config, seed=seed)


def mistakes(model, toy):
    """Share of the decisions in which the greedy choice is not the best."""
    env = toy(200)
    observation, _ = env.reset(seed=123)
    row, _ = model.predict(observation, deterministic=True)
    worth = np.where(env.mask == 1, env.candidates[:, :, 0] * env.state, -np.inf)
    return np.mean(row != worth.argmax(axis=1))


def test_it_learns_the_toy_from_differences_alone(toy):
    model = make(toy)
    before = mistakes(model, toy)
    model.learn(6000)
    assert before > 0.3
    assert mistakes(model, toy) < 0.08


def test_the_same_seed_gives_the_same_weights(toy):
    def weights(seed):
        model = make(toy, seed=seed)
        model.learn(1500)
        return torch.cat([p.detach().flatten() for p in model.q_net.parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_a_snapshot_continues_exactly(toy):
    settings = {"target_update_interval": 1, "tau": 0.01, "buffer_size": 700}
    model = make(toy, **settings)
    model.learn(1200)
    arrays, facts = snapshot.get_state(model)
    model.learn(800, reset_num_timesteps=False)
    torch.manual_seed(99)
    twin = make(toy, seed=5, **settings)
    twin._logger = model._logger
    snapshot.set_state(twin, arrays, facts)
    twin.learn(800, reset_num_timesteps=False)
    for a, b in zip(model.agent_net.parameters(), twin.agent_net.parameters(), strict=True):
        assert torch.equal(a, b)
    assert model.statistics.take() == twin.statistics.take()


def test_a_training_in_online_shops_continues_exactly():
    """The shops come back with their futures: rollouts after a snapshot bring the same."""

    def learner(seed):
        shops = {"jobs": 8, "warmup": 0, "cooldown": 0, "machines": 3, "operations": (1, 3)}
        rough = {"noise": 0.3, "breakdown": 0.1, "load": (0.7, 0.95), "visible": 8}
        env = DynamicShopVectorEnv(16, **shops, **rough, strict=True)
        return RolloutDQN(NativeVecEnv(env), DQNConfig(**SMALL), seed=seed)

    model = learner(1)
    model.learn(1600)
    arrays, facts = snapshot.get_state(model)
    model.learn(800, reset_num_timesteps=False)
    assert model._n_updates > 50
    twin = learner(2)
    twin._logger = model._logger
    snapshot.set_state(twin, arrays, facts)
    twin.learn(800, reset_num_timesteps=False)
    for a, b in zip(model.q_net.parameters(), twin.q_net.parameters(), strict=True):
        assert torch.equal(a, b)
    assert np.array_equal(model.replay_buffer.rewards, twin.replay_buffer.rewards)
    assert np.ptp(model.replay_buffer.rewards) > 0


def test_what_is_tried_is_the_greedy_candidate_and_random_others():
    counts, rng = np.array([1, 5, 3]), np.random.default_rng(0)
    greedy = np.array([0, 4, 6])  # of their own: 0, 3, 0
    seen = np.zeros((3, 5), int)
    for _ in range(2000):
        tried = to_try(counts, greedy, 3, rng)
        assert tried[:, 0].tolist() == [0, 3, 0]
        assert (tried >= 0).sum(axis=1).tolist() == [1, 3, 3]
        for state, own in enumerate(tried):
            own = own[own >= 0]
            assert len(set(own.tolist())) == len(own)
            seen[state, own] += 1
    assert seen[2, :3].tolist() == [2000] * 3
    np.testing.assert_allclose(seen[1, [0, 1, 2, 4]], 1000, atol=80)


def test_draws_hold_what_was_stored(toy):
    env = toy(6)
    observation, _ = env.reset(seed=3)
    buffer = ComparisonBuffer(40, env.single_observation_space, n_envs=6, group=3)
    rng = np.random.default_rng(0)
    for step in range(12):  # the oldest leave
        candidates = flatten(observation)
        first = np.cumsum(candidates.counts) - candidates.counts
        tried = to_try(candidates.counts, first, 3, rng)
        rows = candidates.rows[first[:, None] + np.maximum(tried, 0), 0]
        buffer.add_tried(candidates, tried, np.where(tried >= 0, rows + step, 0.0))
        observation, *_ = env.step(candidates.row[first])
    assert 0 < len(buffer) <= 40
    batch = buffer.draw(500, rng)
    assert batch.decision.tolist() == sorted(batch.decision.tolist())
    assert (np.bincount(batch.decision, minlength=500) == np.minimum(batch.counts, 3)).all()
    steps = batch.reward - batch.rows[batch.tried, 0]  # the reward tells its row and its step
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-5)
    assert 5 <= steps.min() <= 6.5 < steps.max() < 11.5
    for i in range(500):
        own = steps[batch.decision == i]
        np.testing.assert_allclose(own, own[0], atol=1e-5)


def test_the_loss_is_that_of_differences_and_of_their_level():
    error = torch.tensor([1.0, 2.0, 6.0, -1.0, 3.0])
    decision = torch.tensor([0, 0, 0, 1, 1])
    loss = comparison_loss(error, decision, 2, 0.25, torch.nn.functional.mse_loss)
    assert loss.item() == pytest.approx((4 + 1 + 9 + 4 + 4) / 5 + 0.25 * (9 + 1) / 2)


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"group": 1}, "agent.group: is 1"),
        ({"quantiles": 8}, "agent.quantiles: is 8"),
        ({"prioritised": Prioritised(alpha=0.5)}, "agent.prioritised.alpha: is 0.5"),
    ],
)
def test_settings_that_rollouts_cannot_use_are_named(toy, settings, word):
    with pytest.raises(InputError, match=word):
        make(toy, **settings)


def test_environments_without_a_rule_are_refused(toy):
    with pytest.raises(InputError, match=r"agent.rollout: is 2.0, but this environment"):
        RolloutDQN(NativeVecEnv(toy(16)), DQNConfig(**SMALL))
