"""Read every file of the public collections, where this machine has them."""

import csv
from pathlib import Path

import pytest

from envs.core.errors import InputError
from envs.instances import load, reference, suite
from envs.instances.bounds import find, known
from envs.instances.fjsp import parse_fjsp
from envs.instances.jsplib import parse_jsplib
from envs.instances.library import SHIPPED
from envs.instances.reader import read
from envs.instances.text import read_text, split_lines

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no public data in {DATA}")

# Sizes that the published list has wrong: kacem1 has 5 machines, and mk06 uses 10 of 15.
CORRECTED = {"kacem1", "mk06"}


def files(kind):
    found = [p for p in sorted((DATA / kind).rglob("*.txt")) if p.name != "SOURCE.txt"]
    if not found:
        pytest.skip(f"no instances in {DATA / kind}")
    return found


@pytest.mark.parametrize("kind", ["jssp", "fjsp"])
def test_every_file_reads_in_exactly_one_way_and_is_known(kind):
    read_as = {"jssp": parse_jsplib, "fjsp": parse_fjsp}
    for path in files(kind):
        lines = split_lines(read_text(path), path)
        other = read_as["fjsp" if kind == "jssp" else "jssp"]
        with pytest.raises(InputError):
            other(lines, path.stem)
        problem = read(path)
        assert problem.sha256 == read_as[kind](lines, path.stem).sha256
        row = reference(problem)
        assert row is not None, path
        assert row.jobs == problem.jobs and row.flexible != problem.is_job_shop
        # Hurink's sdata are the job shops themselves, and known as these.
        assert find(problem.name.removesuffix("_sdata"), flexible=row.flexible) is row


def test_folders_are_suites():
    for kind in ("jssp", "fjsp"):
        assert len(suite(DATA / kind)) == len(files(kind))


def test_shipped_instances_equal_the_files():
    by_name = {path.stem.removesuffix("js"): path for path in files("jssp")}
    assert set(SHIPPED) <= set(by_name)
    for name in SHIPPED:
        assert read(by_name[name]).sha256 == load(name).sha256


@pytest.mark.parametrize("kind", ["jssp", "fjsp"])
def test_bounds_equal_the_published_ones(kind):
    path = DATA / kind / "bounds_2026.csv"
    if not path.exists():
        pytest.skip(f"no {path}")
    with path.open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        name = row["instance"].removesuffix("js") if row["family"] == "ta" else row["instance"]
        ours = known()[name]
        figures = (ours.lower, ours.upper)
        assert figures == (int(row["lower_bound"]), int(row["upper_bound"])), name
        if name not in CORRECTED:
            assert f"{ours.jobs}x{ours.machines}" == row["size"], name
    assert len(rows) == sum(
        (row.flexible or row.family == "hurink_sdata") == (kind == "fjsp")
        for row in known().values()
    )
