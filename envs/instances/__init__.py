"""Named and generated instances, their readers, and best-known bounds."""

from envs.instances.bounds import Reference, reference
from envs.instances.json_form import save
from envs.instances.library import load
from envs.instances.random_shop import random_flexible_shop, random_shop
from envs.instances.suites import suite

__all__ = [
    "Reference",
    "load",
    "random_flexible_shop",
    "random_shop",
    "reference",
    "save",
    "suite",
]
