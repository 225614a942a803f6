"""Eight classic job shops, transcribed as facts.

Source: ft06, ft10 and ft20 from H. Fisher, G. L. Thompson, "Probabilistic learning combinations of
local job-shop scheduling rules", in J. F. Muth, G. L. Thompson (editors), Industrial Scheduling,
Prentice Hall 1963, 225-251; la01 to la05 from S. Lawrence, "Resource constrained project
scheduling: an experimental investigation of heuristic scheduling techniques (supplement)",
Carnegie Mellon University 1984.
"""

from __future__ import annotations

from functools import cache

from envs.core.problem import Problem
from envs.instances.chains import chain_problem

# One line a job: the machines it visits, a digit each from 0, then the durations in that order.
_SHOPS = {
    "ft06": """
        201354  1  3  6  7  3  6
        124503  8  5 10 10 10  4
        235014  5  4  8  9  1  7
        102345  5  5  5  3  8  9
        214503  9  3  5  4  3  1
        135042  3  3  9 10  4  1
    """,
    "ft10": """
        0123456789 29 78  9 36 49 11 62 56 44 21
        0249316578 43 90 75 11 69 28 46 46 72 30
        1032857694 91 85 39 74 90 10 12 89 45 33
        1204687395 81 95 71 99  9 52 85 98 22 43
        2015348796 14  6 22 61 26 69 21 49 72 53
        2153890647 84  2 52 95 48 72 47 65  6 25
        1032659874 46 37 61 13 32 21 32 89 30 55
        2015468973 31 86 46 74 32 88 19 48 36 79
        0135296748 76 69 76 51 85 11 40 89 26 74
        1026895347 85 13 61  7 64 76 47 52 90 45
    """,
    "ft20": """
        01234 29  9 49 62 44
        01324 43 75 69 46 72
        10243 91 39 90 12 45
        10423 81 71  9 85 22
        21034 14 22 26 21 72
        21403 84 52 48 47  6
        10234 46 61 32 32 30
        21034 31 46 32 19 36
        03214 76 76 85 40 26
        12034 85 61 64 47 90
        13042 78 36 11 56 21
        20134 90 11 28 46 30
        02134 85 74 10 89 33
        20134 95 99 52 98 43
        01423  6 61 69 49 53
        10342  2 95 72 65 25
        02134 37 13 21 89 55
        01423 86 74 88 48 79
        12034 69 51 11 89 74
        01234 13  7 76 52 45
    """,
    "la01": """
        10432 21 53 95 55 34
        03421 21 52 16 26 71
        34120 39 98 42 31 12
        10423 77 55 79 66 77
        03214 83 34 64 19 37
        12403 54 43 79 92 62
        34120 69 77 87 87 93
        20134 38 60 41 24 83
        31402 17 49 25 44 98
        43210 77 79 43 75 96
    """,
    "la02": """
        03142 20 87 31 76 17
        42013 25 32 24 18 81
        12403 72 23 28 58 99
        21403 86 76 97 45 90
        40321 27 42 48 17 46
        10432 67 98 48 27 62
        41302 28 12 19 80 50
        10234 63 94 98 50 80
        40213 14 75 50 41 55
        42130 72 18 37 79 61
    """,
    "la03": """
        12043 23 45 82 84 38
        21043 21 29 18 41 50
        23401 38 54 16 52 52
        40213 37 54 74 62 57
        40132 57 81 61 68 30
        40123 81 79 89 89 11
        32041 33 20 91 20 66
        41023 24 84 32 55  8
        40321 56  7 54 64 39
        41023 40 83 19  8  7
    """,
    "la04": """
        02341 12 94 92 91  7
        13420 19 11 66 21 87
        10342 14 75 13 16 20
        24031 95 66  7  7 77
        13402 45  6 89 15 34
        32041 77 20 76 88 53
        21034 74 88 52 27  9
        13042 88 69 62 98 52
        24013 61  9 62 52 90
        24310 54  5 59 15 88
    """,
    "la05": """
        10423 72 87 95 66 60
        43021  5 35 48 39 54
        13204 46 20 21 97 55
        03412 59 19 46 34 37
        42310 23 73 25 24 28
        30412 28 45  5 78 83
        03142 53 71 37 29 12
        42310 12 87 33 55 38
        23104 49 83 40 48  7
        23041 65 17 90 27 23
    """,
}
NAMES = tuple(_SHOPS)


@cache
def classic(name: str) -> Problem:
    """Return one of the transcribed job shops by its name, such as ``ft06``.

    Raises:
        KeyError: If there is no such name.
    """
    job: list[int] = []
    machine: list[int] = []
    time: list[int] = []
    for index, line in enumerate(_SHOPS[name].strip().splitlines()):
        route, *durations = line.split()
        job.extend([index] * len(route))
        machine.extend(map(int, route))
        time.extend(map(int, durations))
    return chain_problem(name, max(machine) + 1, job, range(len(job)), machine, time)
