"""Which files are meant and needed, told from texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.content import load
from caltrop.content.choosing import Repository, shard
from caltrop.errors import CaltropError

FILES = {
    "detections/endpoint/odd_login.yml": "name: Odd Login\nid: 11111111-aaaa\nsearch: '`logins` | lookup  names u | `odd_login_filter`'\n",
    "detections/endpoint/twice.yml": 'name: "Twice\'s Odd"  # quoted\nid: 2222\nsearch: |\n  `outer` x\nanalytic_story:\n- Odd\n  Things\n',
    "detections/web/third.yml": "name: >-\n  Third One\nid: 3333\nsearch: index=x\ntests:\n- attack_data:\n  - data: data/third.log\n",
    "macros/logins.yml": "name: logins\ndefinition: sourcetype=login\n",
    "macros/outer.yml": "name: outer\ndefinition: '`inner` a=1'\n",
    "macros/inner.yml": "name: inner\ndefinition: b=2\n",
    "macros/idle.yml": "name: nobody_uses_this\ndefinition: b=2\n",
    "lookups/names.yml": "name: names\nfilename: the_names.csv\n",
    "lookups/the_names.csv": "u,v\n1,2\n",
    "stories/odd.yml": "name: Odd Things\n",
    "stories/other.yml": "name: Other Things\n",
    "deployments/ttp.yml": "name: ttp\n",
    "app.yml": "id: a\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def repository(folder: Path) -> Repository:
    return Repository.look(folder)


def stems(found: list[object] | None) -> list[str]:
    return [str(getattr(item, "stem", item)) for item in found or []]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Odd Login", ["odd_login"]),
        ("odd login", ["odd_login"]),
        ("odd_login", ["odd_login"]),
        ("11111111-aaaa", ["odd_login"]),
        ("Twice's Odd", ["twice"]),
        ("detections/endpoint/odd_login.yml", ["odd_login"]),
        ("somewhere/else/odd_login.yml", ["odd_login"]),
        ("detections/endpoint", ["odd_login", "twice"]),
        ("detections", ["odd_login", "twice", "third"]),
        (".", ["odd_login", "twice", "third"]),
        ("third", ["third"]),
    ],
)
def test_names_ids_files_and_folders(
    repository: Repository, name: str, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.root)
    assert stems(list(repository.chosen([name]))) == found


def test_names_are_looked_for_in_the_repository_from_anywhere(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert stems(list(repository.chosen(["detections/web", str(repository.root / "detections" / "endpoint")]))) == [
        "odd_login",
        "twice",
        "third",
    ]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Odd Logn", "did you mean 'Odd Login'?"),
        ("detections/endpoint/odd_logim.yml", "did you mean 'detections/endpoint/odd_login.yml'?"),
        ("qqqqqqqq", "give a detection's name, id, file, or a folder"),
        ("macros", "detections are below"),
        ("macros/logins.yml", "detections are below"),
    ],
)
def test_what_is_none_is_told_with_the_nearest(
    repository: Repository, name: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.root)
    with pytest.raises(CaltropError) as caught:
        repository.chosen(["Odd Login", name])
    assert hint in (caught.value.hint or "")


def test_what_a_detection_is_built_of(repository: Repository) -> None:
    def needed(name: str) -> set[str]:
        return set(repository.needed(repository.chosen([name]))) - {"deployments/ttp.yml"}

    assert needed("Odd Login") == {"detections/endpoint/odd_login.yml", "macros/logins.yml", "lookups/names.yml"}
    assert needed("twice") == {
        "detections/endpoint/twice.yml",
        "macros/outer.yml",
        "macros/inner.yml",
        "stories/odd.yml",
    }
    assert "deployments/ttp.yml" in repository.needed(repository.chosen(["third"]))


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (["detections/web/third.yml"], ["third"]),
        (["macros/logins.yml"], ["odd_login"]),
        (["macros/inner.yml"], ["twice"]),
        (["lookups/the_names.csv"], ["odd_login"]),
        (["lookups/names.yml", "data/third.log"], ["odd_login", "third"]),
        (["stories/odd.yml"], ["twice"]),
        (["macros/gone_already.yml", "README.md", "docs/x.md"], []),
        (["macros/odd_login_filter.yml"], ["odd_login"]),
        (["detections/endpoint/deleted.yml"], []),
    ],
)
def test_what_a_change_touches(repository: Repository, changed: list[str], found: list[str]) -> None:
    assert stems(list(repository.touched(changed) or [])) == found


@pytest.mark.parametrize(
    "file", ["app.yml", "deployments/ttp.yml", "app/bin/enrich.py", "app_template/default/app.conf"]
)
def test_what_may_touch_all(repository: Repository, file: str) -> None:
    assert repository.touched([file]) is None


def test_only_some_files_are_read(folder: Path) -> None:
    (folder / "detections" / "web" / "third.yml").write_text("name: [broken\n")
    whole, part = load(folder), load(folder, only={"detections/endpoint/odd_login.yml", "macros/logins.yml"})
    assert any(problem.file == "detections/web/third.yml" for problem in whole.problems)
    assert {problem.file for problem in part.problems} <= {
        "detections/endpoint/odd_login.yml",
        "macros/logins.yml",
        "app.yml",
    }
    assert [d.name for d in part.detections] == ["Odd Login"] and [m.name for m in part.macros] == ["logins"]


def test_every_detection_is_in_one_shard(repository: Repository) -> None:
    parts = [shard(repository.detections, number, 2) for number in (1, 2)]
    assert sorted(item.file for part in parts for item in part) == sorted(item.file for item in repository.detections)
    assert {len(part) for part in parts} == {1, 2}
    assert not shard(repository.detections, 5, 5)


def test_a_folder_that_is_not_there_has_no_detections(tmp_path: Path) -> None:
    assert Repository.look(tmp_path / "nowhere").detections == []
