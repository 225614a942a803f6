"""Run a command once for every combination of swept values, on one of Hydra's launchers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import Any

from envs.core.errors import InputError
from experiments.compose import compose, composer, legible, plain

# Launchers that leave this machine: their folder must be seen from elsewhere and stays.
_REMOTE = re.compile(r"hydra/launcher=(submitit|ray)")


def sweep(command: str, overrides: Sequence[str]) -> list[Any]:
    """Run ``experiments.<command>.run`` for each combination.

    Every combination is composed before the first one runs, so that a slip in the last costs
    nothing. Runs that follow a failed one still run.

    Returns:
        The metrics in order, or the InputError of a run that refused its input.

    Raises:
        InputError: If an override is bad.
    """
    from hydra.core.global_hydra import GlobalHydra

    readable = [legible(override) for override in overrides]
    for combination in combinations(readable):
        compose(command, combination)
    with composer(command), TemporaryDirectory(prefix="dispatchlab-") as scratch:
        hydra = GlobalHydra.instance().hydra
        assert hydra is not None
        quiet = ["hydra/job_logging=none", "hydra/hydra_logging=none", "hydra.output_subdir=null"]
        if not any(map(_REMOTE.match, readable)):
            quiet.append(f"hydra.sweep.dir={legible(f'x={scratch}')[2:]}")
        batches = hydra.multirun(
            config_name=command,
            task_function=_task,
            overrides=[*quiet, *readable],
            with_log_configuration=False,
        )
    return [job.return_value for batch in batches for job in batch]


def combinations(overrides: Sequence[str]) -> list[list[str]]:
    """Return the overrides of each run of a sweep."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    parsed = OverridesParser.create().parse_overrides(list(overrides))
    if any(item.key_or_group == "hydra/sweeper" for item in parsed):
        return []  # another sweeper draws its values itself
    try:
        return [run for batch in BasicSweeper.split_arguments(parsed, None) for run in batch]
    except HydraException as error:
        raise InputError("--multirun", str(error).splitlines()[0], "sweep key=a,b") from None


def _task(config: Any) -> Any:
    """Run one combination, here or in a launcher's worker; the command is the config's name."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    values = plain(OmegaConf.to_container(config, resolve=True, throw_on_missing=True))
    run: Callable[[dict[str, Any]], Any]
    run = import_module(f"experiments.{HydraConfig.get().job.config_name}").run
    try:
        return run(values)
    except InputError as error:
        return error  # Hydra would print a second line
