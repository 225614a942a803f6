"""Field jobs from Solomon's layout and technician routing files, with every number asserted."""

import itertools

import numpy as np
import pytest

from envs.core.crews import TOOL, VEHICLE
from envs.core.errors import InputError
from envs.instances import CrewOptions, load, save
from envs.instances.field_file import shifts
from envs.instances.field_formats import field_format
from envs.instances.kovacs import _slots
from envs.instances.suites import instance_files
from envs.instances.text import read_text, split_lines
from experiments import evaluate, instances, plot, solve, validate
from experiments.compose import compose
from experiments.suites import instances_of
from tests.instances.field_texts import (
    PILLAC,
    SOLOMON,
    TASKS,
    TECHNICIANS,
    write,
    write_tasks,
)


def who(problem):
    """Who may fill the first slot of each job: lists of people."""
    return [np.flatnonzero(problem.eligible[s]).tolist() for s in problem.slots[:-1]]


def test_customers_become_jobs_of_one_person_one_vehicle_and_one_tool(tmp_path):
    problem = load(write(tmp_path, "tiny.txt", SOLOMON))
    assert problem.name == "tiny" and problem.jobs == 2 and problem.resources == 9
    # 15.125 has three decimals, so that a tick is a thousandth of a minute.
    assert problem.tick == 0.06
    assert problem.release.tolist() == [20_000, 15_125]
    assert problem.due.tolist() == [150_000, 77_000]  # 60 + 90 and 67 + 10
    assert problem.time[:, :3].tolist() == [[90_000] * 3, [10_000] * 3]
    assert not problem.time[:, 3:].any()
    # From the depot 5 and sqrt(2); between the customers sqrt(13).
    assert problem.setup[0].tolist() == [[0, 5000, 1414], [5000, 0, 3606], [1414, 3606, 0]]
    assert not problem.setup[1].any() and problem.setup_group.tolist() == [0] * 3 + [1] * 6
    assert problem.family.tolist() == [1, 2] and not problem.initial.any()
    crews = problem.crews
    assert crews.role.tolist() == [0] * 3 + [VEHICLE] * 3 + [TOOL] * 3
    assert crews.travel_cost[0].tolist() == [0, 5, pytest.approx(2**0.5)]
    assert crews.cost[:, 0].tolist() == [90, 10] and not crews.cost[:, 3:].any()
    assert crews.expected_cost.tolist() == [95, pytest.approx(10 + 2**0.5)]
    assert crews.expected_time.tolist() == [95_000, 11_414]
    assert crews.cap.tolist() == [-1] * 9
    slots = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert [np.flatnonzero(row).tolist() for row in problem.eligible] == slots * 2


def test_crews_of_customers_are_as_asked_for(tmp_path):
    path = write(tmp_path, "tiny.txt", SOLOMON)
    problem = load(str(path), CrewOptions(people=4, vehicles=2, size=2))
    assert [len(problem.crews.of(role)) for role in range(3)] == [4, 2, 3]
    assert np.diff(problem.slots).tolist() == [5, 5]
    assert problem.crews.expected_cost[0] == 2 * 95
    # All three numbers make the file's own unnecessary.
    bare = SOLOMON.replace("  3         200\n", "")
    given = CrewOptions(people=1, vehicles=1, tools=1)
    assert load(write(tmp_path, "bare.txt", bare), given).resources == 3


@pytest.mark.parametrize(
    "text",
    [
        SOLOMON.replace("\n", "\r\n"),
        "\n\n" + SOLOMON.replace("\n", "\n\n") + "\n\n",
        SOLOMON.lower(),
        SOLOMON.replace("  ", "\t"),
        SOLOMON.replace("         90", "  90.0  7  extra"),
        SOLOMON.replace("500", "5e2").replace(" 67 ", " 67. "),
        SOLOMON.replace("TINY\n", "\ufeffTINY\n"),
        SOLOMON.replace("CUST NO.", "CUSTNO").replace("   SERVICE   TIME", " SERVICE\n(minutes)"),
        SOLOMON + "EOF\n",
        SOLOMON.replace("  3         200\n", "# cars\n  3         200\n"),
    ],
)
def test_layouts_vary(tmp_path, text):
    plain = load(write(tmp_path, "tiny.txt", SOLOMON))
    assert load(write(tmp_path, "other.dat", text)).sha256 == plain.sha256


def test_skills_of_a_task_become_eligibility(tmp_path):
    problem = load(write_tasks(tmp_path))
    assert problem.name == "C101_2x2_x" and problem.tick == 0.6
    assert who(problem) == [[0], [1], [0, 1, 2]]
    assert problem.resources == 9 and np.diff(problem.slots).tolist() == [3, 3, 3]
    assert problem.release.tolist() == [2000, 0, 0]
    assert problem.due.tolist() == [15_000, 11_000, 11_000]
    assert problem.setup[0, 0].tolist() == [0, 500, 1000, 200]
    assert problem.time[:, :3].tolist() == [[9000, 0, 0], [0, 1000, 0], [1000, 1000, 1000]]
    assert problem.crews.expected_cost.tolist() == [95, 20, 12]


def test_technicians_are_found_beside_the_tasks_or_given(tmp_path):
    path = write(tmp_path, "tasks_x/C101_2x2_x.txt", TASKS)
    with pytest.raises(InputError, match=r"technicians are not in .*technicians_x \(put"):
        load(path)
    few = TECHNICIANS.replace("3\ndomains", "2\ndomains")  # the first two of three
    reduced = write(tmp_path, "reduced/technicians_C101_2x2_x.txt", few)
    assert len(load(path, CrewOptions(technicians=reduced)).crews.of(0)) == 2
    assert len(load(path, CrewOptions(technicians=str(reduced.parent))).crews.of(0)) == 2
    write(tmp_path, "technicians_x/technicians_2x2_x.txt", few)  # for all of a size
    assert len(load(path).crews.of(0)) == 2
    write(tmp_path, "tasks_x/technicians_C101_2x2_x.txt", TECHNICIANS)
    assert len(load(path).crews.of(0)) == 3
    assert instance_files(tmp_path / "tasks_x") == [path]


def test_tasks_that_nobody_can_do_are_refused_or_left_to_others(tmp_path):
    path = write_tasks(tmp_path, technicians=TECHNICIANS.replace("2\t1\t1", "2\t1\t0"))
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path}:7: no crew has the skills for task 3 (give people who have, or "
        "crew.outsource=true to leave such jobs to others)"
    )
    assert who(load(path, CrewOptions(outsource=True))) == [[0], [0, 1, 2]]


@pytest.mark.parametrize(
    ("row", "people"),
    [
        ("2 1 1 0", [[0], [1]]),  # technician 1 can be the second of domain 1, and has domain 2
        ("2 1 1 1", [[0], [0, 1], [2]]),  # nobody has both: a slot of its own
        ("0 1 1 0", [[0], [1, 2]]),  # whoever has level 2 has level 1
        ("2 2 0 0", []),  # there is one such technician
    ],
)
def test_teams_have_a_slot_for_everybody_whom_a_skill_asks_for(tmp_path, row, people):
    team = TASKS.replace("80\t0\t0\t0\t0", "80\t2\t0\t0\t0")  # task 4: two of domain 1
    tasks = team.replace("80\t1\t0\t1\t0", "80\t" + row.replace(" ", "\t"))
    path = write_tasks(tmp_path, tasks)
    if not people:
        with pytest.raises(InputError, match="no crew has the skills for task 3"):
            load(path)
        return
    problem = load(path)
    assert np.diff(problem.slots).tolist() == [3, 2 * len(people) + 1, 5]
    rows = problem.eligible[problem.slots[1] : problem.slots[2]][: len(people)]
    assert [np.flatnonzero(row).tolist() for row in rows] == people
    with pytest.raises(InputError, match="people with a tool each, but there are 1 "):
        load(path, CrewOptions(tools=1))


def test_every_crew_that_fills_the_slots_meets_the_matrix():
    rng = np.random.default_rng(0)
    crews = 0
    for _ in range(200):
        level = rng.integers(0, 3, (5, 2))
        need = np.sort(rng.integers(0, 3, (2, 2)), axis=1)[:, ::-1]
        slots = _slots(need, level, team=True)
        for crew in itertools.permutations(range(5), len(slots)):
            if all(slots[s, p] for s, p in enumerate(crew)):
                own = level[list(crew)]
                has = [[(own[:, d] >= least).sum() for least in (1, 2)] for d in (0, 1)]
                assert (np.array(has) >= need).all()
                crews += 1
    assert crews > 500


def test_people_of_pillac_have_homes_hours_skills_and_tools(tmp_path):
    problem = load(write(tmp_path, "toy.txt", PILLAC))
    assert problem.jobs == 3 and problem.resources == 6
    # 3: whoever has skill 1; 4: who carries tool 0, too; 5: nobody carries tool 1, skill alone.
    assert who(problem) == [[0, 1], [0], [0, 1]]
    assert problem.initial.tolist() == [1, 2, 0, 0, 0, 0]
    assert problem.family.tolist() == [3, 4, 5] and problem.setup.shape == (2, 6, 6)
    assert problem.setup[0, 1].tolist() == [500, 0, 500, 500, 400, 300]
    assert problem.release.tolist() == [2000, 0, 0]
    assert problem.due.tolist() == [9000, 8000, 8000]
    assert problem.crews.expected_time.tolist() == [3000 + 750, 3000 + 350, 3000 + 350]
    spaced = PILLAC.replace("[0,1]", "[0, 1]").replace("    60 ", "    60.0 ").lower()
    assert load(write(tmp_path, "again.txt", spaced)).sha256 == problem.sha256


def test_shifts_are_the_windows_of_homes_or_of_the_depot(tmp_path, monkeypatch):
    seen = []
    for module in ("solomon", "kovacs", "pillac"):
        made = f"envs.instances.{module}.problem_of"
        monkeypatch.setattr(made, lambda file: seen.append(file))
    load(write(tmp_path, "tiny.txt", SOLOMON), CrewOptions(people=2, vehicles=1, tools=1))
    load(write_tasks(tmp_path))
    load(write(tmp_path, "toy.txt", PILLAC))
    none = [-1, -1]
    assert shifts(seen[0]).tolist() == [[0, 500_000], [0, 500_000], none, none]
    assert shifts(seen[1]).tolist() == [[0, 30_000]] * 3 + [none] * 6
    assert shifts(seen[2]).tolist() == [[1000, 40_000], [0, 45_000]] + [none] * 4


def test_other_texts_are_no_field_jobs(tmp_path):
    path = write(tmp_path, "shop.txt", "2 2\n0 3 1 2\n1 2 0 4\n")
    assert field_format(split_lines(read_text(path), path)) is None
    assert load(path).is_job_shop


def test_json_keeps_what_was_read(tmp_path):
    for path in (
        write(tmp_path, "tiny.txt", SOLOMON),
        write_tasks(tmp_path),
        write(tmp_path, "toy.txt", PILLAC),
    ):
        problem = load(path)
        save(problem, tmp_path / "again.json")
        again = load(tmp_path / "again.json")
        assert again.sha256 == problem.sha256 and again.name == problem.name


def test_commands_describe_files_and_take_folders(tmp_path):
    path = write_tasks(tmp_path)
    told = instances.run(compose("instances", [f"instance={path}"]))
    counts = ("jobs", "people", "vehicles", "tools", "sites", "skills", "people_who_may")
    assert [told[name] for name in counts] == [3, 3, 3, 3, 4, 2, 1.67]
    write(tmp_path, "mixed/SOURCE.txt", "from elsewhere")
    write(tmp_path, "mixed/file_format.txt", "words")
    write(tmp_path, "mixed/x-source.txt", "words")
    write(tmp_path, "mixed/tiny.txt", SOLOMON)
    write(tmp_path, "mixed/toy.txt", PILLAC)
    assert [p.name for p in instances_of(str(tmp_path / "mixed"))] == ["tiny", "toy"]
    given = instances_of([str(path)], crew=CrewOptions(vehicles=2))
    assert len(given[0].crews.of(VEHICLE)) == 2


@pytest.mark.deep
def test_files_are_solved_checked_drawn_and_compared(tmp_path):
    path, out = write_tasks(tmp_path), tmp_path / "schedule.json"
    files = [f"instance={path}", "crew.vehicles=1"]
    found = solve.run(compose("solve", [*files, "method=nearest_free", f"out={out}"]))
    assert found["cost"] > 0
    assert not validate.run(compose("validate", [*files, f"schedule={out}"]))["violations"]
    picture = tmp_path / "gantt.png"
    plot.run(compose("plot", ["kind=gantt", *files, f"schedule={out}", f"out={picture}"]))
    assert picture.stat().st_size > 10_000
    keys = [f"suite={path.parent}", "methods=[manual,edd]", "crew.vehicles=1", "progress=off"]
    evaluate.run(compose("evaluate", [*keys, f"out={tmp_path / 'out'}"]))
    assert (tmp_path / "out" / "results.jsonl").read_text().count("\n") == 2
