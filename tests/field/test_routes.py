"""The map of a day: whose ways it shows, where sites lie, and what the legend says."""

import numpy as np
import pytest

from envs.core import gantt
from envs.core.schedule import Schedule
from envs.field import routes
from envs.field.places import places, scaled
from envs.field.routes import Leg
from envs.instances.random_field import random_field
from tests.field.crews import line
from tests.field.test_crew_schedules import scheduled

CREWS = [0, 3, 5, 0, 1, 4, 5, 6, 2, 3, 7]  # of jobs of one, two and one person


def by_hand(**options):
    problem = line((1, 2, 1), **options)
    return problem, scheduled(problem, [0, 1, 2], CREWS)[0]


def texts(figure):
    """Return what the legends say, and what is written on the map."""
    axes = figure.axes[0]
    said = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return said, [text.get_text() for text in axes.texts if text.get_text()]


def test_legs_are_those_of_each_person_in_turn():
    problem, schedule = by_hand()
    assert routes.legs(problem, schedule) == [
        Leg(person=0, vehicle=3, job=0, start=0, end=1),
        Leg(person=0, vehicle=4, job=1, start=1, end=2),
        Leg(person=1, vehicle=4, job=1, start=0, end=2),
        Leg(person=2, vehicle=3, job=2, start=0, end=3),
    ]
    start, end, assign = (
        np.where(np.arange(len(a)) < k, a, -1)
        for a, k in ((schedule.start, 1), (schedule.end, 1), (schedule.assign, 3))
    )
    partial = Schedule(start, end, assign)
    assert routes.legs(problem, partial) == [Leg(0, 3, 0, 0, 1)]
    routes.draw(problem, partial)
    nothing = Schedule(np.full(3, -1), np.full(3, -1), np.full(11, -1))
    assert routes.legs(problem, nothing) == []
    assert "person 0: 0 ticks, length 0\nnothing" in texts(routes.draw(problem, nothing))[0]


def test_distances_give_the_points_back_but_for_turns_and_mirrors():
    points = np.random.default_rng(0).uniform(0, 40, (12, 2))
    far = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    found = scaled(far)
    again = np.hypot(*(found[:, None] - found[None]).transpose(2, 0, 1))
    np.testing.assert_allclose(again, far, atol=1e-9)
    np.testing.assert_array_equal(scaled(far), found)
    skew = np.triu(far) * 1.5 + np.tril(far) * 0.5  # one way slow, the other fast
    np.testing.assert_allclose(scaled(skew), found, atol=1e-9)
    assert found[0, 0] > 0 and found[0, 1] > 0
    np.testing.assert_array_equal(scaled(np.zeros((1, 1))), np.zeros((1, 2)))
    np.testing.assert_array_equal(scaled(np.zeros((3, 3))), np.zeros((3, 2)))


def test_sites_lie_where_the_instance_says_or_else_by_their_ways():
    problem, _ = by_hand()
    at, known = places(problem)
    assert not known  # a road: 10 ticks from site to site
    np.testing.assert_allclose(np.abs(np.diff(at[:, 0])), 10)
    np.testing.assert_allclose(at[:, 1], 0, atol=1e-6)
    xy = np.array([[0, 0], [3, 4], [6, 8], [3, 0]])
    at, known = places(by_hand(xy=xy)[0])
    assert known and at.tolist() == xy.tolist()


@pytest.mark.parametrize("known", [False, True])
def test_the_map_says_who_does_what_and_how_far_it_is(known):
    xy = np.array([[0, 0], [3, 4], [6, 8], [3, 0]]) if known else np.empty((0, 2))
    problem, schedule = by_hand(xy=xy, tick=60.0)
    figure = routes.draw(problem, schedule)
    axes = figure.axes[0]
    where = "" if known else "; sites laid out by their travel times"
    assert axes.get_title(loc="left") == f"line: people are 70 min on the way{where}"
    assert routes.draw(problem, schedule, "mine").axes[0].get_title(loc="left") == "mine"
    said, written = texts(figure)
    assert said == [
        *("person 0: 20 min, length " + ("10" if known else "20") + "\n0 1",),
        *("person 1: 20 min, length " + ("10" if known else "20") + "\n1",),
        *("person 2: 30 min, length " + ("3" if known else "30") + "\n2",),
        *("vehicle 0", "vehicle 1", "home", "job of one person", "job of several people"),
    ]
    assert written == ["0", "1", "2"]
    ways = [drawn for drawn in axes.lines if len(drawn.get_xdata()) == 2]
    assert len(ways) == 4
    assert [drawn.get_linestyle() for drawn in ways] == ["-", "--", "--", "-"]
    assert ways[0].get_color() == ways[1].get_color() != ways[2].get_color()


def test_many_people_and_vehicles_share_what_there_is():
    assert len({tuple(colour) for colour in routes._colours(30)}) == 30
    assert [label for _, label in routes._named(12)] == [
        *("vehicle 0, 5, 10", "vehicle 1, 6, 11", "vehicle 2, 7", "vehicle 3, 8"),
        "vehicle 4, 9",
    ]


def test_badges_of_neighbours_lie_side_by_side():
    at = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 0.5], [100.0, 60.0]])
    moved = routes._apart(at, [1, 2, 3])
    assert np.hypot(*(moved[1] - moved[2])) > 2.9
    assert moved[[0, 3]].tolist() == at[[0, 3]].tolist()


def test_the_chart_has_a_row_for_everybody_and_everything_and_hatches_ways():
    problem, schedule = by_hand()
    assert gantt.labels(problem) == [
        *("person 0", "person 1", "person 2", "vehicle 0", "vehicle 1"),
        *("tool 0", "tool 1", "tool 2"),
    ]
    drawn = list(gantt.bars(problem, schedule))
    assert [(b.machine, b.job, b.start, b.end, b.setup) for b in drawn][:4] == [
        *((0, 0, 10, 15, 10), (3, 0, 10, 15, 0), (5, 0, 10, 15, 0), (0, 1, 35, 40, 10)),
    ]
    axes = gantt.draw(problem, schedule).axes[0]
    ways = axes.collections[1]
    assert ways.get_hatch() == "////" and len(ways.get_paths()) == 4
    across = [line.get_ydata()[0] for line in axes.lines if line.get_ydata()[0] % 1 == 0.5]
    assert across == [2.5, 4.5]  # between people, vehicles and tools


def test_a_legend_that_would_be_too_long_says_how_many_are_left_out():
    problem = random_field(3, 0, people=40, vehicles=2, tools=40)
    nothing = Schedule(*(np.full(n, -1) for n in (3, 3, len(problem.slot_operation))))
    said, _ = texts(routes.draw(problem, nothing))
    assert said[22] == "person 22: 0 min, length 0\nnothing" and said[23] == "and 17 more"
