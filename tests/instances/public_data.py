"""Find files of the public collections, or skip the test that needs them."""

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def public_file(name: str) -> Path:
    """Return the path of a public file; skip where this machine has it not."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no {path}")
    return path
