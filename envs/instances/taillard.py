"""Taillard's job shops ta01 to ta80, generated from their published seeds.

Source: E. Taillard, "Benchmarks for basic scheduling problems", European Journal of Operational
Research 64 (1993), 278-285: the generator in section 2, the seeds in the tables of section 4.
"""

from __future__ import annotations

from functools import cache

from envs.core.problem import Problem
from envs.instances.chains import chain_problem

_MODULUS, _MULTIPLIER = 2**31 - 1, 16807  # Lewis, Goodman and Miller 1969
_LOW, _HIGH = 1, 99  # ticks

# (jobs, machines): for each of ten instances the seed of the times and that of the machines.
SEEDS: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {
    (15, 15): (  # ta01 to ta10
        (840612802, 398197754),
        (1314640371, 386720536),
        (1227221349, 316176388),
        (342269428, 1806358582),
        (1603221416, 1501949241),
        (1357584978, 1734077082),
        (44531661, 1374316395),
        (302545136, 2092186050),
        (1153780144, 1393392374),
        (73896786, 1544979948),
    ),
    (20, 15): (  # ta11 to ta20
        (533484900, 317419073),
        (1894307698, 1474268163),
        (874340513, 509669280),
        (1124986343, 1209573668),
        (1463788335, 529048107),
        (1056908795, 25321885),
        (195672285, 1717580117),
        (961965583, 1353003786),
        (1610169733, 1734469503),
        (532794656, 998486810),
    ),
    (20, 20): (  # ta21 to ta30
        (1035939303, 773961798),
        (5997802, 1872541150),
        (1357503601, 722225039),
        (806159563, 1166962073),
        (1902815253, 1879990068),
        (1503184031, 1850351876),
        (1032645967, 99711329),
        (229894219, 1158117804),
        (823349822, 108033225),
        (1297900341, 489486403),
    ),
    (30, 15): (  # ta31 to ta40
        (98640593, 1981283465),
        (1839268120, 248890888),
        (573875290, 2081512253),
        (1670898570, 788294565),
        (1118914567, 1074349202),
        (178750207, 294279708),
        (1549372605, 596993084),
        (798174738, 151685779),
        (553410952, 1329272528),
        (1661531649, 1173386294),
    ),
    (30, 20): (  # ta41 to ta50
        (1841414609, 1357882888),
        (2116959593, 1546338557),
        (796392706, 1230864158),
        (532496463, 254174057),
        (2020525633, 978943053),
        (524444252, 185526083),
        (1569394691, 487269855),
        (1460267840, 1631446539),
        (198324822, 1937476577),
        (38071822, 1541985579),
    ),
    (50, 15): (  # ta51 to ta60
        (17271, 718939),
        (660481279, 449650254),
        (352229765, 949737911),
        (1197518780, 166840558),
        (1376020303, 483922052),
        (2106639239, 955932362),
        (1765352082, 1209982549),
        (1105092880, 1349003108),
        (907248070, 919544535),
        (2011630757, 1845447001),
    ),
    (50, 20): (  # ta61 to ta70
        (8493988, 2738939),
        (1991925010, 709517751),
        (342093237, 786960785),
        (1634043183, 973178279),
        (341706507, 286513148),
        (320167954, 1411193018),
        (1089696753, 298068750),
        (433032965, 1589656152),
        (615974477, 331205412),
        (236150141, 592292984),
    ),
    (100, 20): (  # ta71 to ta80
        (302034063, 1203569070),
        (1437643198, 1692025209),
        (1792475497, 1039908559),
        (1647273132, 1012841433),
        (696480901, 1689682358),
        (1785569423, 1092647459),
        (117806902, 739059626),
        (1639154709, 1319962509),
        (2007423389, 749368241),
        (682761130, 262763021),
    ),
}
_ROWS = {
    f"ta{index:02d}": row
    for index, row in enumerate(
        ((size, seeds) for size, ten in SEEDS.items() for seeds in ten), start=1
    )
}
NAMES = tuple(_ROWS)


@cache
def taillard(name: str) -> Problem:
    """Return one of Taillard's job shops by its name, ``ta01`` to ``ta80``.

    Raises:
        KeyError: If there is no such name.
    """
    (jobs, machines), (time_seed, machine_seed) = _ROWS[name]
    draw = _Uniform(time_seed)
    time = [draw(_LOW, _HIGH) for _ in range(jobs * machines)]
    draw = _Uniform(machine_seed)
    machine: list[int] = []
    for _ in range(jobs):
        route = list(range(machines))
        for j in range(machines):
            other = draw(j, machines - 1)
            route[j], route[other] = route[other], route[j]
        machine.extend(route)
    job = [j for j in range(jobs) for _ in range(machines)]
    return chain_problem(name, machines, job, range(len(job)), machine, time)


class _Uniform:
    """Draw whole numbers low..high from a linear congruential stream."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def __call__(self, low: int, high: int) -> int:
        self._state = self._state * _MULTIPLIER % _MODULUS
        return low + self._state * (high - low + 1) // _MODULUS
