"""The chart: where its bars lie, what it says, and that it stays out of pyplot."""

import subprocess
import sys

import numpy as np
import pytest

from envs.core import gantt
from envs.core.builder import ProblemBuilder
from envs.core.decode import decode
from envs.core.problem import Problem
from envs.core.schedule import Schedule
from tests.core.clouds import with_tokens, worked_case


def two_jobs() -> tuple[Problem, Schedule]:
    """Job 0: machine 0 for 4, machine 1 for 4; job 1: machine 1 for 2, machine 0 for 6."""
    shop = ProblemBuilder("two")
    first, second = shop.add_resource(), shop.add_resource()
    one, other = shop.add_job(), shop.add_job()
    shop.add_operation(one, {first: 4})
    shop.add_operation(one, {second: 4})
    shop.add_operation(other, {second: 2})
    shop.add_operation(other, {first: 6})
    start, end = np.array([0, 4, 0, 4]), np.array([4, 8, 2, 10])
    return shop.build(), Schedule(start, end, np.array([0, 1, 1, 0]))


def test_text_shows_every_tick_where_a_column_is_one() -> None:
    assert gantt.ascii(*two_jobs(), width=10).splitlines() == [
        "two: makespan 10",
        "0 |0000111111|",
        "1 |11..0000..|",
        "  0        10",
    ]


def test_text_shows_what_runs_longest_in_a_column() -> None:
    # Columns of 5 ticks: machine 0 runs job 0 for 4 of the first 5.
    assert gantt.ascii(*two_jobs(), width=2).splitlines()[1:3] == ["0 |01|", "1 |10|"]


def test_partial_schedules_show_only_what_was_dispatched() -> None:
    problem, whole = two_jobs()
    start, end, assign = whole.start.copy(), whole.end.copy(), whole.assign.copy()
    start[[1, 3]], end[[1, 3]], assign[[1, 3]] = -1, -1, -1
    partial = Schedule(start, end, assign)
    assert list(gantt.bars(problem, partial)) == [(0, 0, 4, 0, 0), (1, 0, 2, 1, 0)]
    assert gantt.ascii(problem, partial, width=4).splitlines()[1:3] == ["0 |0000|", "1 |11..|"]
    nothing = Schedule(np.full(4, -1), np.full(4, -1), np.full(4, -1))
    assert gantt.ascii(problem, nothing, width=4).splitlines()[1] == "0 |....|"
    assert gantt.pixels(problem, nothing).shape == gantt.pixels(problem, whole).shape


def test_setups_stand_before_their_bars_and_tokens_have_no_row() -> None:
    problem = worked_case("attached")
    schedule = decode(problem, [0, 1, 2], [0, 1, 0])
    assert [bar.setup for bar in gantt.bars(problem, schedule)] == [1, 1, 4]
    figure = gantt.draw(problem, schedule)
    boxes = [
        path.get_extents().extents.tolist() for path in figure.axes[0].collections[1].get_paths()
    ]
    assert boxes == [
        pytest.approx([0, -0.3, 1, 0.3]),
        pytest.approx([10, 0.7, 11, 1.3]),
        pytest.approx([5, -0.3, 9, 0.3]),
    ]
    assert figure.legends[0].get_texts()[-1].get_text() == "setup"
    tokens = with_tokens(problem)
    whole = decode(tokens, [0, 1, 2], [0, 1, 0])
    assert {bar.machine for bar in gantt.bars(tokens, whole)} == {0, 1}
    assert gantt.ascii(tokens, whole).count("\n") == 3


def test_figure_has_a_bar_an_operation_at_its_place() -> None:
    figure = gantt.draw(*two_jobs())
    axes = figure.axes[0]
    boxes = [path.get_extents().extents.tolist() for path in axes.collections[0].get_paths()]
    assert boxes == [
        pytest.approx([0, -0.42, 4, 0.42]),
        pytest.approx([4, 0.58, 8, 1.42]),
        pytest.approx([0, 0.58, 2, 1.42]),
        pytest.approx([4, -0.42, 10, 0.42]),
    ]
    assert axes.get_title(loc="left") == "two: makespan 10"
    assert axes.get_xlabel() == "time (ticks)"
    assert [text.get_text() for text in axes.texts] == ["0", "0", "1", "1"]


def test_pixels_are_an_image_with_the_jobs_colours() -> None:
    image = gantt.pixels(*two_jobs())
    assert image.dtype == np.uint8
    assert image.shape[2] == 3
    for red, green, blue in gantt.palette(2):
        colour = np.round(255 * np.array([red, green, blue]))
        near = np.abs(image.astype(int) - colour).max(axis=-1) <= 2
        assert near.sum() > 500  # pixels


def test_colours_of_thirty_jobs_differ() -> None:
    colours = np.array(gantt.palette(30))
    apart = np.abs(colours[:, None] - colours[None]).sum(axis=-1) + 9 * np.eye(30)
    assert apart.min() > 0.05
    assert colours.min() >= 0
    assert colours.max() <= 1


def test_importing_it_imports_no_matplotlib_and_drawing_no_pyplot() -> None:
    code = (
        "import sys; from envs.core import gantt; assert 'matplotlib' not in sys.modules;"
        "sys.path.insert(0, 'tests/core'); from test_gantt import two_jobs;"
        "gantt.pixels(*two_jobs()); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
