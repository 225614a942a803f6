import pytest

from envs.instances.classic import NAMES, classic

# name: jobs, machines, sum of all times, longest job, greatest load of a machine
FIGURES = {
    "ft06": (6, 6, 197, 47, 43),
    "ft10": (10, 10, 5109, 655, 631),
    "ft20": (20, 5, 5109, 387, 1119),
}


def test_eight_are_shipped():
    assert NAMES == ("ft06", "ft10", "ft20", "la01", "la02", "la03", "la04", "la05")


@pytest.mark.parametrize("name", FIGURES)
def test_sums_of_fisher_and_thompson(name):
    problem = classic(name)
    time = problem.time.max(axis=1)
    by_job = [int(time[problem.job == j].sum()) for j in range(problem.jobs)]
    found = (problem.jobs, problem.resources, int(time.sum()), max(by_job))
    assert (*found, int(problem.time.sum(axis=0).max())) == FIGURES[name]


@pytest.mark.parametrize(
    ("name", "machines", "times"),
    [
        ("ft06", [2, 0, 1, 3, 5, 4], [1, 3, 6, 7, 3, 6]),
        ("ft10", list(range(10)), [29, 78, 9, 36, 49, 11, 62, 56, 44, 21]),
        ("ft20", [0, 1, 2, 3, 4], [29, 9, 49, 62, 44]),
        ("la01", [1, 0, 4, 3, 2], [21, 53, 95, 55, 34]),
        ("la02", [0, 3, 1, 4, 2], [20, 87, 31, 76, 17]),
        ("la03", [1, 2, 0, 4, 3], [23, 45, 82, 84, 38]),
        ("la04", [0, 2, 3, 4, 1], [12, 94, 92, 91, 7]),
        ("la05", [1, 0, 4, 2, 3], [72, 87, 95, 66, 60]),
    ],
)
def test_first_jobs(name, machines, times):
    problem = classic(name)
    first = slice(0, len(machines))
    assert problem.time.argmax(axis=1)[first].tolist() == machines
    assert problem.time.max(axis=1)[first].tolist() == times


@pytest.mark.parametrize("name", ["la01", "la02", "la03", "la04", "la05"])
def test_load_of_the_busiest_machine_is_at_most_the_optimum(name):
    # Lawrence's 10x5: the busiest machine alone decides the optimum of la01 (666) and la05 (593).
    loads = {"la01": 666, "la02": 635, "la03": 588, "la04": 537, "la05": 593}
    problem = classic(name)
    assert (problem.jobs, problem.resources, problem.is_job_shop) == (10, 5, True)
    assert int(problem.time.sum(axis=0).max()) == loads[name]
