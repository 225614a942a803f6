"""Read a job shop in JSPLIB text.

After comments (lines that begin with ``#``) the first line is "jobs machines", then one line a
job follows with pairs "machine duration", machines counted from 0. Jobs may differ in length, and
may visit a machine more than once or never. Blank lines are skipped.

Source: J. J. van Hoorn, "The current state of bounds on benchmark instances of the job-shop
scheduling problem", Journal of Scheduling 21 (2018), 127-128, describes the sets in this format.
"""

from __future__ import annotations

from pathlib import Path

from envs.core.errors import InputError
from envs.core.problem import Problem
from envs.instances.chains import chain_problem, check_entries
from envs.instances.text import Line, check_count, job_lines, read_text, split_lines, whole


def read_jsplib(path: str | Path) -> Problem:
    """Return the job shop in a file, named by the file.

    Raises:
        InputError: If the file is not JSPLIB text; the message holds ``file:line``.
    """
    path = Path(path)
    return parse_jsplib(split_lines(read_text(path), path), path.stem)


def parse_jsplib(lines: list[Line], name: str) -> Problem:
    """Return the job shop in the lines of a file; see :func:`read_jsplib`."""
    head = lines[0]
    if len(head.words) != 2:
        raise InputError(
            head.where, f"has {len(head.words)} words", 'the first line must be "jobs machines"'
        )
    jobs = whole(head, 0, "number of jobs", 1)
    machines = whole(head, 1, "number of machines", 1)
    job: list[int] = []
    machine: list[int] = []
    time: list[int] = []
    for index, line in enumerate(job_lines(lines, jobs)):
        count = len(line.words)
        if count % 2:
            raise InputError(
                line.where,
                f"job {index} has {count} numbers",
                "a job is pairs of machine and duration",
            )
        for at in range(0, count, 2):
            machine.append(whole(line, at, "machine", 0, machines - 1))
            time.append(whole(line, at + 1, "duration", 0))
        job.extend([index] * (count // 2))
    check_count(lines, jobs)
    check_entries(head.where, len(job), machines)
    return chain_problem(name, machines, job, range(len(job)), machine, time)
