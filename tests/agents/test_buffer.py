"""The replay memory against a plain list of everything that was ever added."""

import gymnasium as gym
import numpy as np
import pytest

from agents.dqn.buffer import EpisodeBuffer
from agents.dqn.layout import Candidates, first_best, flatten
from agents.dqn.priority import Priorities
from envs.core.errors import InputError

SPACE = gym.spaces.Dict(
    {
        "candidates": gym.spaces.Box(-1, 1, (6, 3), np.float32),
        "state": gym.spaces.Box(-1, 1, (2,), np.float32),
        "action_mask": gym.spaces.Box(0, 1, (6,), np.int8),
    }
)


class Plain:
    """Feed a buffer with random episodes and remember every decision and its true target."""

    def __init__(self, buffer, seed=0, cut=0.0, end=0.2):
        self.buffer, self.rng = buffer, np.random.default_rng(seed)
        self.cut, self.end = cut, end
        self.serial = 0
        self.episodes = [[] for _ in range(buffer.n_envs)]
        self.done = []  # (decisions, final decision or None)

    def decision(self):
        """Return a decision whose rows all hold its own number, so that it is recognised."""
        self.serial += 1
        count = int(self.rng.integers(1, 7))
        rows = np.full((count, 3), self.serial, np.float32)
        rows[:, 1] = np.arange(count)
        state = np.array([self.serial, -self.serial], np.float32)
        return {
            "serial": self.serial,
            "rows": rows,
            "state": state,
            "chosen": int(self.rng.integers(count)),
            "reward": float(self.rng.normal()),
        }

    def step(self):
        now = [self.decision() for _ in self.episodes]
        lanes = len(now)
        truncated = self.rng.random(lanes) < self.cut
        terminated = (self.rng.random(lanes) < self.end) & ~truncated
        final = np.full(lanes, None, dtype=object)
        for lane, own in enumerate(now):
            self.episodes[lane].append(own)
            last = None
            if truncated[lane]:
                last = self.decision()
                mask = np.zeros(6, np.int8)
                mask[: len(last["rows"])] = 1
                padded = np.zeros((6, 3), np.float32)
                padded[: len(last["rows"])] = last["rows"]
                final[lane] = {"candidates": padded, "state": last["state"], "action_mask": mask}
            if truncated[lane] or terminated[lane]:
                self.done.append((self.episodes[lane], last))
                self.episodes[lane] = []
        counts = np.array([len(d["rows"]) for d in now])
        self.buffer.add(
            Candidates(
                np.concatenate([d["rows"] for d in now]),
                np.stack([d["state"] for d in now]),
                counts,
                np.zeros(counts.sum(), np.int64),
            ),
            np.array([d["chosen"] for d in now]),
            np.array([d["reward"] for d in now]),
            terminated,
            truncated,
            final,
        )

    def truth(self, n_steps, gamma, chunk=10**9):
        """Return serial -> (decision, target, serial bootstrapped from, discount)."""
        found = {}
        for episode, last in self.done:
            for begin in range(0, len(episode), chunk):
                part = episode[begin : begin + chunk]
                after = episode[begin + chunk] if begin + chunk < len(episode) else last
                for t, own in enumerate(part):
                    n = len(part) - t if n_steps == 0 else min(n_steps, len(part) - t)
                    target = sum(gamma**k * part[t + k]["reward"] for k in range(n))
                    follow = part[t + n] if t + n < len(part) else after
                    serial = None if follow is None else follow["serial"]
                    found[own["serial"]] = (own, target, serial, gamma**n)
        return found


def check(buffer, truth):
    """Compare every decision that can be drawn, several times over, with the truth."""
    batch = buffer.sample(4 * len(buffer), np.random.default_rng(0))
    first = np.cumsum(batch.counts) - batch.counts
    follow = {}
    if batch.following is not None:
        f = batch.following
        start = np.cumsum(f.counts) - f.counts
        for i, b in enumerate(f.which):
            rows = f.rows[start[i] : start[i] + f.counts[i]]
            assert (rows[:, 0] == f.state[i, 0]).all()
            follow[int(b)] = (int(f.state[i, 0]), f.discount[i], len(rows))
    seen = set()
    for b in range(len(batch.counts)):
        serial = int(batch.state[b, 0])
        own, target, serial_after, discount = truth[serial]
        rows = batch.rows[first[b] : first[b] + batch.counts[b]]
        np.testing.assert_array_equal(rows, own["rows"])
        np.testing.assert_array_equal(batch.state[b], own["state"])
        assert batch.chosen[b] - first[b] == own["chosen"]
        assert batch.target[b] == pytest.approx(target, abs=1e-5)
        if serial_after is None:
            assert b not in follow
        else:
            assert follow[b][0] == serial_after
            assert follow[b][1] == pytest.approx(discount, rel=1e-6)
        seen.add(serial)
    return seen


@pytest.mark.parametrize("n_steps", [0, 1, 3, 50])
@pytest.mark.parametrize("gamma", [1.0, 0.9])
@pytest.mark.parametrize("cut", [0.0, 0.1])
def test_targets_equal_their_definition(n_steps, gamma, cut):
    buffer = EpisodeBuffer(1000, SPACE, n_envs=4, n_steps=n_steps, gamma=gamma)
    plain = Plain(buffer, cut=cut)
    for _ in range(100):
        plain.step()
    truth = plain.truth(n_steps, gamma)
    assert len(buffer) == len(truth)
    assert len(check(buffer, truth)) > 0.9 * len(truth)


@pytest.mark.parametrize("candidates", [4.0, 2.0])
@pytest.mark.parametrize("cut", [0.0, 0.1])
def test_oldest_leave_first_and_the_rest_stays_whole(candidates, cut):
    buffer = EpisodeBuffer(120, SPACE, n_envs=4, n_steps=3, gamma=0.9, candidates=candidates)
    plain = Plain(buffer, cut=cut)
    for step in range(400):
        plain.step()
        if step > 50 and step % 20 == 0:
            seen = check(buffer, plain.truth(3, 0.9))
            assert min(seen) > plain.serial - 120 * (1 + 2 * cut) - 4
            assert len(buffer) > (60 if candidates == 4.0 else 30)


def test_endless_episodes_are_cut_into_chunks():
    buffer = EpisodeBuffer(2000, SPACE, n_envs=3, n_steps=0, gamma=0.9, chunk=8)
    plain = Plain(buffer, end=0.02)
    for _ in range(300):
        plain.step()
    truth = plain.truth(0, 0.9, chunk=8)
    plain.done += [(episode, None) for episode in plain.episodes]
    whole = plain.truth(0, 0.9, chunk=8)
    # Of the running episodes only full chunks, whose follower is known, can be drawn.
    assert len(truth) < len(buffer) <= len(whole)
    check(buffer, whole)


def test_an_episode_longer_than_the_memory_keeps_its_end():
    buffer = EpisodeBuffer(50, SPACE, n_envs=1)
    plain = Plain(buffer, end=0.0)
    for _ in range(200):
        plain.step()
    assert len(buffer) == 0
    plain.end = 1.0
    plain.step()
    assert len(buffer) >= 40
    check(buffer, plain.truth(0, 1.0))


@pytest.mark.parametrize("alpha", [0.0, 0.7])
def test_state_round_trip_continues_exactly(alpha):
    def filled(steps):
        buffer = EpisodeBuffer(150, SPACE, n_envs=4, n_steps=3, alpha=alpha)
        plain = Plain(buffer)
        for _ in range(steps):
            plain.step()
        return buffer, plain

    buffer, plain = filled(77)
    copy = EpisodeBuffer(150, SPACE, n_envs=4, n_steps=3, alpha=alpha)
    copy.set_state(buffer.get_state())
    twin = Plain(copy)
    twin.rng.bit_generator.state = plain.rng.bit_generator.state
    twin.serial = plain.serial
    twin.episodes = [list(e) for e in plain.episodes]
    for _ in range(40):
        plain.step()
        twin.step()
        one, two = (b.sample(32, np.random.default_rng(5), 0.5) for b in (buffer, copy))
        for name in ("rows", "state", "counts", "chosen", "target", "weight", "place"):
            np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize("where", ["reward", "candidates", "state"])
def test_a_number_that_is_not_finite_is_refused(where):
    buffer = EpisodeBuffer(50, SPACE, n_envs=1)
    rows, state, reward = np.zeros((2, 3), np.float32), np.zeros((1, 2), np.float32), np.zeros(1)
    {"reward": reward, "candidates": rows, "state": state}[where].flat[0] = np.nan
    one = Candidates(rows, state, np.array([2]), np.arange(2))
    no = np.zeros(1, bool)
    with pytest.raises(ValueError, match=where):
        buffer.add(one, np.zeros(1, np.int64), reward, no, no)


def test_a_memory_that_is_too_small_is_refused():
    with pytest.raises(InputError, match=r"agent\.buffer_size: is 7"):
        EpisodeBuffer(7, SPACE, n_envs=4)


def test_priorities_draw_in_proportion_and_weigh_back():
    priorities = Priorities(10, alpha=1.0)
    place = np.array([1, 4, 7])
    priorities.open(place)
    priorities.update(place, np.array([1.0, 3.0, 6.0]))
    drawn, weight = priorities.sample(100_000, np.random.default_rng(0), 1.0, 3)
    share = np.bincount(drawn, minlength=10) / len(drawn)
    np.testing.assert_allclose(share[place], [0.1, 0.3, 0.6], atol=2e-3)
    assert share.sum() == pytest.approx(share[place].sum())
    # At beta 1 the weights undo the frequencies.
    for p, q in zip(place, [0.1, 0.3, 0.6], strict=True):
        assert weight[drawn == p][0] * q == pytest.approx(0.1, rel=1e-2)
    priorities.clear(np.array([7]))
    assert 7 not in priorities.sample(1000, np.random.default_rng(0), 1.0, 2)[0]


def test_flatten_and_first_best():
    observation = {
        "candidates": np.arange(24, dtype=np.float32).reshape(2, 4, 3),
        "state": np.zeros((2, 1), np.float32),
        "action_mask": np.array([[0, 1, 0, 1], [1, 1, 0, 1]], np.int8),
    }
    rows, _, counts, row = flatten(observation)
    assert counts.tolist() == [2, 3]
    assert row.tolist() == [1, 3, 0, 1, 3]
    assert rows[:, 0].tolist() == [3, 9, 12, 15, 21]
    best = first_best(np.array([1, 1, 0, 5, 5], np.float32), counts)
    assert best.tolist() == [0, 3]  # the lowest of equal ones
    observation["action_mask"][1] = 0
    with pytest.raises(ValueError, match="observation 1 has no candidate"):
        flatten(observation)
