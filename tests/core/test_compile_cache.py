"""What is kept of compiled functions: as long as nothing that they were made from has changed."""

import re
from pathlib import Path

from envs.core import compiled
from envs.core.compiled import ROOT, imported, sources, stamp
from envs.shop import simulate


def forget() -> None:
    """Look at all files anew."""
    for cached in (compiled.imported, compiled.stamp, compiled._content):
        cached.cache_clear()


def test_imports_are_found_however_they_are_written(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(compiled, "ROOT", tmp_path)
    for name in ("envs/a", "envs/b/c", "envs/b/d", "envs/e", "envs/unused"):
        file = tmp_path / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    text = (
        "import numpy\nfrom envs.a import x\nfrom envs.b import c as k\n"
        "from envs.b import (\n    d,\n    nothing,\n)\nimport envs.e\n"
    )
    (tmp_path / "module.py").write_text(text)
    found = imported(tmp_path / "module.py")
    assert found == {tmp_path / f"envs/{name}.py" for name in ("a", "b/c", "b/d", "e")}


def test_the_stamp_changes_with_any_module_below_and_with_no_other(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(compiled, "ROOT", tmp_path)
    (tmp_path / "envs").mkdir()
    texts = {"top": "from envs.middle import f", "middle": "from envs.low import X"}
    for name, text in {**texts, "low": "X = 1", "other": "Y = 1"}.items():
        (tmp_path / "envs" / f"{name}.py").write_text(text)

    def now() -> str:
        forget()
        return stamp(tmp_path / "envs" / "top.py")

    first = now()
    (tmp_path / "envs" / "other.py").write_text("Y = 2")
    assert now() == first
    (tmp_path / "envs" / "low.py").write_text("X = 2")
    assert now() != first
    forget()


def test_the_loop_of_shops_asks_for_its_layout_its_columns_and_its_lanes() -> None:
    file = Path(simulate.__file__).resolve()
    names = {source.relative_to(ROOT).as_posix() for source in sources(file)}
    assert {"envs/shop/layout.py", "envs/shop/rivals.py", "envs/core/lanes.py"} <= names
    assert simulate.step._cache._impl.locator.get_source_stamp() == stamp(file)


def test_nothing_is_compiled_past_this_cache() -> None:
    for folder in ("envs", "agents", "baselines", "experiments"):
        for file in (ROOT / folder).rglob("*.py"):
            if file != Path(compiled.__file__).resolve():
                assert not re.search(r"numba import njit|nb\.njit|numba\.njit", file.read_text())
