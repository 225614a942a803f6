"""Demonstrations through the commands: trained with, and refused where nobody can teach."""

import pytest

from agents.dqn.card import read_card
from agents.dqn.checkpoint import load
from envs.core.errors import InputError
from experiments import train
from experiments.compose import compose

SMALL = [
    "agent=dqn",
    "agent.demonstrations.share=0.25",
    "agent.demonstrations.shops=4",
    "agent.demonstrations.moves=10",
    "agent.quantiles=4",
    "agent.envs=4",
    "agent.width=16",
    "agent.batch_size=32",
    "agent.learning_starts=200",
    "steps=600",
    "progress=off",
]
SHOPS = [
    "env.jobs=[4,6]",
    "env.machines=4",
    "validation.instances=2",
    "validation.sizes=[[5,4]]",
]


def test_flexible_shops_train_with_quantiles_and_a_teacher(tmp_path):
    settings = ["env=flexible", *SMALL, *SHOPS, f"out={tmp_path / 'run'}"]
    assert train.run(compose("train", settings))["updates"] > 0
    agent = load(tmp_path / "run" / "checkpoints" / "best", "flexible")
    assert agent.network.quantiles == 4
    card = read_card(tmp_path / "run" / "checkpoints" / "best")
    assert (card.taught, card.temperature) == (0.05, pytest.approx(0.015))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["env=queue"], "there is no teacher for queue"),
        ([*SHOPS, "env.instance=ft06"], "there is no teacher for env.instance"),
        ([*SHOPS, "agent.demonstrations.share=1"], "agent.demonstrations.share: is 1"),
        ([*SHOPS, "agent.group=4", "agent.n_steps=20"], "agent.group: is 4, which"),
        ([*SHOPS, "agent.loss=mse"], "agent.loss: is mse, which quantiles cannot use"),
    ],
)
def test_bad_settings_leave_no_folder(tmp_path, more, message):
    with pytest.raises(InputError) as error:
        train.run(compose("train", [*SMALL, *more, f"out={tmp_path / 'deep' / 'run'}"]))
    assert message in str(error.value)
    assert list(tmp_path.iterdir()) == []
