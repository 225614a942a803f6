"""The masked DQN on a toy whose optimum is known, and each of its rules by itself."""

import numpy as np
import pytest
import torch

from agents.dqn import snapshot
from agents.dqn.bridge import NativeVecEnv
from agents.dqn.buffer import Batch, Following
from agents.dqn.config import DQNConfig, Exploration, Prioritised
from agents.dqn.dqn import MaskedDQN
from agents.dqn.exploration import cosine, rates
from agents.dqn.groups import group_loss
from envs.core.errors import InputError
from envs.queue import layout as k
from envs.queue.vector import TaskQueueVectorEnv

SMALL = {
    "envs": 16,
    "width": 32,
    "batch_size": 64,
    "buffer_size": 5000,
    "learning_starts": 500,
    "learning_rate": 3e-3,
    "target_update_interval": 50,
    "gradient_steps": 1,
}


def make(toy, seed=0, limit=None, **settings):
    config = DQNConfig(**{**SMALL, **settings})
    return MaskedDQN(NativeVecEnv(toy(config.envs, limit=limit)), config, seed=seed)


def regret(model, toy):
    """Mean loss a decision of the greedy policy; 0 is optimal, random play about 0.5."""
    env = toy(64)
    observation, _ = env.reset(seed=123)
    total = 0.0
    for _ in range(20):
        row, _ = model.predict(observation, deterministic=True)
        observation, reward, *_ = env.step(row)
        total -= reward.mean()
    return total / 20


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"n_steps": 1},
        {"n_steps": 2, "double": False, "loss": "mse"},
        {"prioritised": Prioritised(alpha=0.6)},
        {"exploration": Exploration(schedule="linear", fraction=0.3)},
        {"group": 4, "n_steps": 1, "train_freq": 1},
        {"target_update_interval": 1, "tau": 0.02},
    ],
    ids=["monte-carlo", "1-step double", "2-step", "prioritised", "linear", "groups", "average"],
)
def test_it_learns_the_toy(toy, settings):
    model = make(toy, **settings)
    before = regret(model, toy)
    model.learn(8000)
    assert before > 0.2
    assert regret(model, toy) < 0.06


def test_without_a_learning_rate_it_does_not(toy):
    model = make(toy, learning_rate=1e-12, final_learning_rate=0.0)
    model.learn(8000)
    assert regret(model, toy) > 0.2


def test_no_illegal_row_is_ever_played(toy):
    model = make(toy, limit=2)
    model.learn(4000)
    assert model.env.env.illegal == 0


def test_prediction_never_explores_when_deterministic(toy):
    model = make(toy)
    observation = model.env.reset()
    first = model.predict(observation, deterministic=True)[0]
    for _ in range(20):
        np.testing.assert_array_equal(model.predict(observation, deterministic=True)[0], first)
    one = {name: array[3] for name, array in observation.items()}
    assert model.predict(one, deterministic=True)[0] == first[3]


def test_ties_go_to_the_lowest_row(toy):
    model = make(toy)
    for parameter in model.q_net.parameters():
        parameter.data.zero_()
    observation = model.env.reset()
    row, _ = model.predict(observation, deterministic=True)
    np.testing.assert_array_equal(row, observation["action_mask"].argmax(axis=1))


def test_each_environment_explores_at_its_own_rate(toy):
    model = make(toy, envs=4, exploration=Exploration(base=0.5, power=3.0))
    np.testing.assert_allclose(rates(model.config.exploration, 4, 0.5), [0.5, 0.25, 0.125, 0.0625])
    model.num_timesteps = 10**6
    observation = model.env.reset()
    greedy, _ = model.predict(observation, deterministic=True)
    differs = np.mean([model.predict(observation)[0] != greedy for _ in range(2000)], axis=0)
    legal = observation["action_mask"].sum(axis=1)
    expected = np.array([0.5, 0.25, 0.125, 0.0625]) * (1 - 1 / legal)
    np.testing.assert_allclose(differs, expected, atol=0.04)


def test_the_warm_up_is_uniform_over_legal_rows(toy):
    model = make(toy, envs=4)
    observation = model.env.reset()
    rows = np.array([model.predict(observation)[0] for _ in range(4000)])
    for lane, mask in enumerate(observation["action_mask"]):
        share = np.bincount(rows[:, lane], minlength=5) / 4000
        np.testing.assert_allclose(share, mask / mask.sum(), atol=0.04)


def test_linear_exploration_and_cosine_learning_rate():
    linear = Exploration(schedule="linear", initial=1.0, final=0.1, fraction=0.5)
    shares = [rates(linear, 2, remaining)[1] for remaining in (1.0, 0.75, 0.5, 0.0)]
    np.testing.assert_allclose(shares, [1.0, 0.55, 0.1, 0.1])
    rate = cosine(1.0, 0.2)
    np.testing.assert_allclose([rate(1.0), rate(0.5), rate(0.0)], [1.0, 0.6, 0.2])


@pytest.mark.parametrize("double", [True, False])
def test_the_bootstrap_is_masked_discounted_and_double(toy, double):
    model = make(toy, n_steps=1, gamma=0.9, double=double)
    with torch.no_grad():
        for parameter in model.q_net_target.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    rng = np.random.default_rng(0)
    counts = np.array([3, 2, 4])
    rows = rng.normal(size=(9, 2)).astype(np.float32)
    state = rng.normal(size=(3, 1)).astype(np.float32)
    discount = np.array([0.9, 0.9, 0.81], np.float32)
    got = model._bootstrap(Following(np.arange(3), discount, rows, state, counts)).numpy()
    arguments = torch.tensor(rows), torch.tensor(state), torch.tensor(counts)
    with torch.no_grad():
        online = np.split(model.q_net(*arguments).numpy(), [3, 5])
        target = np.split(model.q_net_target(*arguments).numpy(), [3, 5])
    chooser = online if double else target
    expected = [t[c.argmax()] for c, t in zip(chooser, target, strict=True)]
    np.testing.assert_allclose(got, discount * expected, rtol=1e-5)


def test_the_target_network_is_copied_by_updates(toy):
    model = make(toy, target_update_interval=3)
    rng = np.random.default_rng(0)
    batch = Batch(
        rng.normal(size=(4, 2)).astype(np.float32),
        np.zeros((2, 1), np.float32),
        np.array([2, 2]),
        np.array([0, 3]),
        np.ones(2, np.float32),
        None,
        np.ones(2, np.float32),
        np.arange(2),
    )

    def equal():
        pairs = zip(model.q_net.parameters(), model.q_net_target.parameters(), strict=True)
        return all(torch.equal(a, b) for a, b in pairs)

    seen = []
    for _ in range(6):
        model._update(batch)
        seen.append(equal())
    assert seen == [False, False, True, False, False, True]


def test_the_same_seed_gives_the_same_weights(toy):
    def weights(seed):
        model = make(toy, seed=seed, n_steps=1)
        model.learn(1500)
        return torch.cat([p.detach().flatten() for p in model.q_net.parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


@pytest.mark.parametrize("limit", [None, 2])
def test_a_snapshot_continues_exactly(toy, limit):
    settings = {"n_steps": 2, "prioritised": Prioritised(alpha=0.6), "limit": limit}
    model = make(toy, **settings)
    model.learn(1200)
    arrays, facts = snapshot.get_state(model)
    model.learn(800, reset_num_timesteps=False)
    torch.manual_seed(99)
    twin = make(toy, seed=5, **settings)
    twin._logger = model._logger
    snapshot.set_state(twin, arrays, facts)
    twin.learn(800, reset_num_timesteps=False)
    for a, b in zip(model.q_net.parameters(), twin.q_net.parameters(), strict=True):
        assert torch.equal(a, b)
    assert model.statistics.take() == twin.statistics.take()
    assert model._n_updates == twin._n_updates


def test_members_of_a_group_part_at_one_decision_and_meet_the_same_future():
    """In queues: until the second decision, all that differs is what the first one was."""
    vector = TaskQueueVectorEnv(8, tasks=[20, 30], wait=False, strict=True)
    config = DQNConfig(**{**SMALL, "envs": 8, "group": 4, "n_steps": 3, "batch_size": 8})
    model = MaskedDQN(NativeVecEnv(vector), config, seed=0)
    for _ in range(20):
        model.learn(config.envs * config.n_steps, reset_num_timesteps=False)
    buffer, real = model.replay_buffer, 0
    arrivals = vector.batch.data[:, [k.CLOCK, k.TASKS]]
    assert len(np.unique(arrivals[:, 1])) <= 2  # two groups, two workloads
    for first in buffer.pool:
        place = (first + np.arange(4)) % buffer.capacity
        for own in place[1:]:
            np.testing.assert_array_equal(buffer.state[own], buffer.state[first])
            assert buffer.count[own] == buffer.count[first]
        choices = buffer.chosen[place]
        assert len(set(choices.tolist())) == min(4, buffer.count[first]) > 1
        real += 1
    assert real > 5


def test_the_loss_of_groups_is_that_of_differences_and_of_their_level():
    error = torch.tensor([1.0, 2.0, 3.0, 6.0, -1.0, -1.0, -1.0, -1.0])
    within = (4 + 1 + 0 + 9) / 8
    level = (9 + 1) / 2
    loss = group_loss(error, 4, 0.25, torch.nn.functional.mse_loss)
    assert loss.item() == pytest.approx(within + 0.25 * level)


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"envs": 6, "n_steps": 1}, "agent.envs: is 6"),
        ({"batch_size": 10, "n_steps": 1}, "agent.batch_size: is 10"),
        ({"n_steps": 0}, "agent.n_steps: is 0"),
        ({"n_steps": 1, "prioritised": Prioritised(alpha=0.5)}, "agent.prioritised.alpha"),
    ],
)
def test_settings_that_groups_cannot_use_are_named(toy, settings, word):
    with pytest.raises(InputError, match=word):
        make(toy, group=4, **settings)


def test_the_average_of_the_weights_is_what_acts(toy):
    model = make(toy, target_update_interval=1, tau=0.1)
    model.learn(3000)
    assert model.agent_net is model.q_net_target
    last = [p.detach().clone() for p in model.q_net_target.parameters()]
    model.train(1, 64)
    for old, new, mean in zip(
        last, model.q_net.parameters(), model.q_net_target.parameters(), strict=True
    ):
        torch.testing.assert_close(mean, 0.9 * old + 0.1 * new)
