"""Small files of field jobs in the layouts of others, as texts."""

from pathlib import Path

SOLOMON = """\
TINY

VEHICLE
NUMBER     CAPACITY
  3         200

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE   TIME

    0      0         0          0          0       500          0
    1      3         4         10         20        60         90
    2      1         1         30         15.125    67         10
"""

# Two domains of two levels. Task 2 needs level 2 of the first, task 3 level 1 of both, 4 nothing.
TASKS = """\
Capacity: 200
Customer: 4

CUST NO.\tXCOORD.\tYCOORD.\tDEMAND\tREADY TIME\tDUE DATE\tSERVICE TIME\tcost\td11\td12\t2d21\t d22
1\t0\t0\t0\t0\t300\t0\t0\t0\t0\t0\t0
2\t3\t4\t10\t20\t60\t90\t80\t1\t1\t0\t0
3\t6\t8\t10\t0\t100\t10\t80\t1\t0\t1\t0
4\t0\t2\t10\t0\t100\t10\t80\t0\t0\t0\t0
"""
TECHNICIANS = """\
Technicians
Number of Technicians: 3
domains: 2
proficiency level: 2


ID\tdomain1\tdomain2
1\t2\t0
2\t1\t1
3\t0\t2
"""

PILLAC = """\
Toy

INFO
CREW COUNT  SKILLS  TOOLS   SPARE PARTS
2           2       2       1

DEPOT TECHNICIANS AND REQUESTS
ID   X     Y     TWS    TWE    Serv   SKILLS   TOOLS    SPARE PARTS
0    0     0     0      500    0      []       []       []
1    3     4     10     400    0      [0,1]    [0]      [4]
2    0     0     0      450    0      [1]      []       [4]
3    6     8     20     60     30     [1]      []       [1]
4    3     0     0      50     30     [1]      [0]      [1]
5    0     4     0      50     30     [1]      [1]      [1]
"""


def write(folder: Path, name: str, text: str) -> Path:
    """Write a text to a file and return its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def write_tasks(folder: Path, tasks: str = TASKS, technicians: str = TECHNICIANS) -> Path:
    """Write a file of tasks and its technicians in folders beside each other."""
    write(folder, "technicians_x/technicians_C101_2x2_x.txt", technicians)
    return write(folder, "tasks_x/C101_2x2_x.txt", tasks)
