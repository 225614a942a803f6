"""In the deep profile the promises belong to `-m deep`: the same tests with more examples."""

import os
from pathlib import Path

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("HYPOTHESIS_PROFILE") == "deep":
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker("deep")
