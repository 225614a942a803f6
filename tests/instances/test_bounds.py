from dataclasses import replace

import numpy as np
import pytest

from envs.core.builder import ProblemBuilder
from envs.instances import load, random_shop, reference
from envs.instances.bounds import find, known
from envs.instances.fjsp import read_fjsp
from envs.instances.library import SHIPPED

# Kacem, Hammadi and Borne 2002, 4 jobs on 5 machines.
KACEM_1 = """4 5
3 5 0 2 1 5 2 4 3 1 4 2 5 0 5 1 4 2 5 3 7 4 5 5 0 4 1 5 2 5 3 4 4 5
3 5 0 2 1 5 2 4 3 7 4 8 5 0 5 1 6 2 9 3 8 4 5 5 0 4 1 5 2 4 3 54 4 5
4 5 0 9 1 8 2 6 3 7 4 9 5 0 6 1 1 2 2 3 5 4 4 5 0 2 1 5 2 4 3 2 4 4 5 0 4 1 5 2 2 3 1 4 5
2 5 0 1 1 5 2 2 3 4 4 12 5 0 5 1 1 2 2 3 1 4 2
"""


@pytest.fixture
def kacem(tmp_path):
    path = tmp_path / "kacem1.txt"
    path.write_text(KACEM_1)
    return read_fjsp(path)


def idle_machine(problem):
    """Add a machine that no operation can use, before the others."""
    return replace(
        problem,
        eligible=np.pad(problem.eligible, ((0, 0), (1, 0))),
        time=np.pad(problem.time, ((0, 0), (1, 0))),
    )


def test_figures_are_consistent():
    rows = list(known().values())
    assert len(rows) == 778
    for row in rows:
        assert 0 < row.lower <= row.upper, row.name
        assert row.jobs > 0 and row.machines > 0
        assert row.kind == ("optimum" if row.lower == row.upper else "upper_bound")
        assert find(row.name, flexible=row.flexible) is row
        assert len(row.sha256) in (0, 64)
    hashes = [row.sha256 for row in rows if row.sha256]
    assert len(hashes) == len(set(hashes)) == 388


@pytest.mark.parametrize(
    ("name", "lower", "upper", "size"),
    [
        ("ft06", 55, 55, (6, 6)),
        ("ft10", 930, 930, (10, 10)),
        ("ft20", 1165, 1165, (20, 5)),
        ("la01", 666, 666, (10, 5)),
        ("abz5", 1234, 1234, (10, 10)),
        ("abz8", 667, 667, (20, 15)),
        ("orb01", 1059, 1059, (10, 10)),
        ("swv20", 2823, 2823, (50, 10)),
        ("yn1", 884, 884, (20, 20)),
        ("ta01", 1231, 1231, (15, 15)),
        ("ta80", 5183, 5183, (100, 20)),
        ("dmu01", 2563, 2563, (20, 15)),
        ("mk01", 40, 40, (10, 6)),
        ("la01_edata", 609, 609, (10, 5)),
        ("dpp01a", 2505, 2505, (10, 5)),
        ("mt10c1", 927, 927, (10, 11)),
        ("kacem1", 11, 11, (4, 5)),
        ("fattahi1", 66, 66, (2, 2)),
    ],
)
def test_figures_of_each_family(name, lower, upper, size):
    row = known()[name]
    assert (row.lower, row.upper, (row.jobs, row.machines)) == (lower, upper, size)
    assert row.date == "2026-08-19" and "ScheduleOpt" in row.source


def test_every_classic_family_is_complete():
    counts: dict[str, int] = {}
    for row in known().values():
        counts[row.family] = counts.get(row.family, 0) + 1
    job_shops = {"ft": 3, "la": 40, "abz": 5, "orb": 10, "swv": 20, "yn": 4, "ta": 80, "dmu": 80}
    flexible = {"brandimarte": 15, "dauzere": 18, "barnes": 21, "kacem": 4, "fattahi": 20}
    hurink = {f"hurink_{letter}data": 66 for letter in "serv"}
    assert counts.items() >= {**job_shops, **flexible, **hurink}.items()


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_instances_are_known_by_content(name):
    problem = load(name)
    row = reference(problem)
    assert row is known()[name]
    assert row.sha256 == problem.sha256
    assert (row.jobs, row.machines) == (problem.jobs, problem.resources)
    assert int(problem.time.sum(axis=0).max()) <= row.upper
    assert reference(replace(problem, name="renamed")) is row


def test_idle_machines_do_not_hide_an_instance(kacem):
    assert reference(idle_machine(load("ft06"))) is known()["ft06"]
    assert reference(idle_machine(kacem)) is known()["kacem1"]


def test_a_changed_instance_has_no_reference_even_under_its_old_name():
    problem = load("ft06")
    time = problem.time.copy()
    time[0, 2] += 1
    assert reference(replace(problem, time=time)) is None
    assert reference(replace(problem, release=np.full(6, 1))) is None
    assert reference(replace(problem, due=np.full(6, 50))) is None
    assert reference(random_shop(6, 6, 0, name="ft06")) is None


def test_an_instance_whose_content_is_not_on_record_is_known_by_name_size_and_kind(kacem):
    for name in ("kacem1", "Kacem1", "k1", "KACEM01"):
        assert reference(replace(kacem, name=name)) is known()["kacem1"]
    assert reference(replace(kacem, name="kacem2")) is None  # another size
    assert reference(replace(kacem, name="other")) is None
    assert reference(random_shop(4, 5, 0, name="kacem1")) is None  # another kind of shop
    assert reference(replace(kacem, release=np.full(4, 1))) is None
    assert reference(replace(kacem, due=np.full(4, 9))) is None
    assert reference(replace(kacem, edges=kacem.edges[1:])) is None


def test_bounds_that_cannot_be_true_are_not_attached(kacem):
    assert reference(replace(kacem, time=kacem.time * 100)) is None  # longest job 700 > 11
    low = replace(kacem, time=np.minimum(kacem.time, 0))
    assert reference(low) is None  # all one by one takes 0 < 11
    shop = ProblemBuilder("dmu41")
    machines = [shop.add_resource() for _ in range(15)]
    for _ in range(20):
        job = shop.add_job()
        for m in machines:
            shop.add_operation(job, {m: 9000 if m == 3 else 1})
    assert known()["dmu41"].sha256 == "" and known()["dmu41"].upper < 20 * 9000
    assert reference(shop.build()) is None


@pytest.mark.parametrize(
    ("spelling", "flexible", "name"),
    [
        ("TA01", None, "ta01"),
        ("ta1", False, "ta01"),
        ("ta01js", False, "ta01"),
        ("LA1", False, "la01"),
        ("mt06", False, "ft06"),
        ("MT10", False, "ft10"),
        ("orb1", False, "orb01"),
        ("yn01", False, "yn1"),
        ("abz07", False, "abz7"),
        ("Mk1", True, "mk01"),
        ("01a", True, "dpp01a"),
        ("18a", None, "dpp18a"),
        ("la01_vdata", True, "la01_vdata"),
        ("vdata-la01", True, "la01_vdata"),
        ("Hurink_rdata_la40", True, "la40_rdata"),
        ("mt06_edata", True, "ft06_edata"),
        ("orb01_edata", True, "orb1_edata"),
        ("la01_sdata", False, "la01_sdata"),
        ("sfjs01", True, "fattahi1"),
        ("MFJS10", True, "fattahi20"),
        ("mt10xyz", True, "mt10xyz"),
        ("tai_10_10_1", False, "tai_10_10_1"),
        ("dct-long-100-10000-1", False, "dct-long-100-10000-1"),
        ("la01", True, None),  # of Hurink's three flexible sets, which one?
        ("ft06", True, None),
        ("mk01", False, None),
        ("kacem1", False, None),
        ("ta81", None, None),
        ("", None, None),
    ],
)
def test_names_in_use(spelling, flexible, name):
    found = find(spelling, flexible=flexible)
    assert (found.name if found else None) == name
