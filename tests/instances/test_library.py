from pathlib import Path

import pytest

from envs.core.errors import InputError
from envs.instances import load, random_shop, save, suite
from envs.instances.library import SHIPPED
from envs.instances.suites import instance_files

SHOP = "2 2\n0 3 1 2\n1 2 0 1\n"


def names(spec):
    return [problem.name for problem in suite(spec)]


@pytest.fixture
def folder(tmp_path):
    for name in ("la10.txt", "la2.txt", "b.jsp", "sub/la1", "sub/.hidden.txt", ".git/x.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(SHOP)
    for name in ("README.md", "readme.txt", "SOURCE.txt", "bounds.csv", "bks.json", "old.txt~"):
        (tmp_path / name).write_text("not an instance")
    (tmp_path / "data.tar.gz").write_bytes(b"\x1f\x8b\0")
    (tmp_path / "c.fjs").write_text("1 2 2.0\n1 2 1 5 2 6\n")
    save(random_shop(2, 2, 0), tmp_path / "saved.json")
    return tmp_path


def test_shipped_names():
    assert len(SHIPPED) == 88
    assert [load(name).name for name in SHIPPED] == list(SHIPPED)


def test_a_name_goes_before_a_file_and_a_path_is_always_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("ft06", "orb01", "mine"):
        Path(name).write_text(SHOP)
    assert load("ft06").jobs == 6
    assert load("./ft06").jobs == load(Path("ft06")).jobs == 2
    assert load("orb01").jobs == load("mine").jobs == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("orb01", "orb01: is known (job shop, 10 jobs x 10 machines, optimum 1059), but its"),
        ("orb1", "but its data is not shipped (give its path)"),
        ("dmu42", "dmu42: is known (job shop, 20 jobs x 15 machines, bounds 3339 to 3390), but"),
        ("mk01", "mk01: is known (flexible job shop, 10 jobs x 6 machines, optimum 40), but"),
        ("ft100", "did you mean ft10? there are ft06, ft10, ft20, la01 to la05, ta01 to ta80"),
        ("zzz", "zzz: is no known instance and no file (there are ft06"),
        ("", "instance: is no known instance"),
        ("absent.txt", "absent.txt: no such file (check the path)"),
        ("no/such/file", "no/such/file: no such file"),
        ("x" * 5000, "is no known instance"),
        ("random-0x3-1", "jobs: is 0"),
        ("random-99999x99999-1", "are too many"),
        ("random-3x3", "is no known instance"),
    ],
)
def test_unknown_names_say_what_to_do(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        load(name)
    assert message in str(caught.value) and len(str(caught.value)) < 300


def test_suites_of_names():
    assert names("ft06") == ["ft06"]
    assert names("ta") == [f"ta{i:02d}" for i in range(1, 81)]
    assert names("ta09-ta11") == names("TA9-ta11") == ["ta09", "ta10", "ta11"]
    assert names("la01-la05") == ["la01", "la02", "la03", "la04", "la05"]
    assert names(["ft", "ta80", "random-2x3-4"]) == [
        "ft06",
        "ft10",
        "ft20",
        "ta80",
        "random-2x3-4",
    ]
    shop = random_shop(2, 2, 1)
    assert suite(shop) == [shop] and suite(["ft06", shop])[1] is shop


def test_a_folder_holds_instances_in_natural_order(folder):
    assert names(folder) == names(str(folder)) == [
        "b", "c", "la2", "la10", "random-2x2-0", "la1",
    ]  # fmt: skip
    assert [p.name for p in suite([folder, "ft06"])][-1] == "ft06"


def test_a_broken_file_in_a_folder_is_an_error_that_names_it(folder):
    (folder / "la3.txt").write_text("2 2\n0 3 1 2\n")
    with pytest.raises(InputError, match=r"la3.txt:2: the file ends after 1 of 2 jobs"):
        suite(folder)
    (folder / "la3.txt").unlink()
    (folder / "notes.txt").write_text("some words\n")
    with pytest.raises(InputError, match=r"notes.txt:1: number of jobs is 'some'"):
        suite(folder)


def test_empty_folders_and_lists_are_refused(tmp_path):
    (tmp_path / "README.txt").write_text("nothing here")
    for spec, message in [
        (tmp_path, "holds no instance"),
        ([], "suite: is empty"),
        ("la", "is a family of 40 instances of which only la01-la05 are shipped"),
        ("orb", "is a family of 10 instances of which none is shipped"),
        ("ta03-ta01", "is a range that ends before it begins (write ta01-ta03)"),
        ("orb01-orb10", "orb01 is not shipped"),
        ("zzz-1", "is no known instance"),
        ([5], "suite: holds 5"),
    ]:
        with pytest.raises(InputError) as caught:
            suite(spec)
        assert message in str(caught.value)


def test_files_are_listed_without_reading_them(folder):
    listed = [str(path.relative_to(folder)) for path in instance_files(folder)]
    assert listed == ["b.jsp", "c.fjs", "la2.txt", "la10.txt", "saved.json", "sub/la1"]
