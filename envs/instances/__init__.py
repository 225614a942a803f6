"""Named and generated instances and workloads, their readers, and best-known bounds."""

from envs.instances.bounds import Reference, reference
from envs.instances.crew_options import CrewOptions
from envs.instances.json_form import save
from envs.instances.library import load
from envs.instances.lublin import LublinWorkload, lublin_workload
from envs.instances.pool import Pool
from envs.instances.random_shop import random_flexible_shop, random_shop
from envs.instances.random_workload import RandomWorkload, random_workload
from envs.instances.suites import suite
from envs.instances.workload import Rows, Workload
from envs.instances.workload_file import load_workload, save_workload

__all__ = [
    "CrewOptions",
    "LublinWorkload",
    "Pool",
    "RandomWorkload",
    "Reference",
    "Rows",
    "Workload",
    "load",
    "load_workload",
    "lublin_workload",
    "random_flexible_shop",
    "random_shop",
    "random_workload",
    "reference",
    "save",
    "save_workload",
    "suite",
]
