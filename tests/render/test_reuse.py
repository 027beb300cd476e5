"""The cache is never wrong: any change of input, option or output is seen, and a broken cache is harmless."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from caltrop.cli import build as build_command
from caltrop.cli.build import command
from caltrop.content import fingerprint, load
from caltrop.render import build
from tests.content.sample import DETECTION, Repository

NAME = "detections/endpoint/some_process.yml"


def run(folder: Path, *args: str) -> bytes:
    result = CliRunner().invoke(
        command, ["--content", str(folder), *args], standalone_mode=False, catch_exceptions=False
    )
    return Path(result.stdout.strip().splitlines()[-1]).read_bytes()


def fresh(folder: Path, out: Path) -> bytes:
    return build(load(folder), out).package.read_bytes()


def test_nothing_changed_is_nothing_done(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = repository()
    first = run(folder)
    monkeypatch.setattr("caltrop.cli.build._build", lambda *args: pytest.fail("it was built again"))
    assert run(folder) == first


def touch_same_size(folder: Path) -> None:
    path = folder / NAME
    stat = path.stat()
    path.write_text(path.read_text().replace("score: 50", "score: 51"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # neither size nor time tells


@pytest.mark.parametrize(
    "change",
    [
        touch_same_size,
        lambda f: (f / "macros/events.yml").write_text((f / "macros/events.yml").read_text().replace("main", "other")),
        lambda f: (f / "app.yml").write_text((f / "app.yml").read_text().replace("1.0.0", "1.0.1")),
        lambda f: (f / "app" / "static").mkdir(parents=True) or (f / "app/static/x.png").write_bytes(b"x"),
        lambda f: (f / NAME).rename(f / "detections/endpoint/../some_process.yml"),
        lambda f: (f / "macros/events.yml").write_text((f / "macros/events.yml").read_text() + "# a comment\n"),
    ],
    ids=["same-size-and-time", "macro", "version", "template", "moved", "comment"],
)
def test_a_change_is_seen(repository: Repository, tmp_path: Path, change: Callable[[Path], object]) -> None:
    folder = repository()
    run(folder)
    change(folder)
    assert run(folder) == fresh(folder, tmp_path / "fresh")


def test_test_data_that_goes_away_is_seen(repository: Repository) -> None:
    folder = repository()
    run(folder)
    (folder / "tests/data/some.log").unlink()
    with pytest.raises(Exception, match="1 error"):
        run(folder)


def test_an_altered_output_is_built_again(repository: Repository) -> None:
    folder = repository()
    first = run(folder)
    conf = folder / "dist/test_app/default/macros.conf"
    conf.write_text("nothing")
    (folder / "dist/test_app/stray.txt").write_text("x")
    assert run(folder) == first
    assert "events" in conf.read_text() and not (folder / "dist/test_app/stray.txt").exists()
    next((folder / "dist").glob("*.tar.gz")).write_bytes(b"")
    assert run(folder) == first


@pytest.mark.parametrize("junk", [b"", b"{}", b"\x00" * 100, b'{"x": 1}', None])
def test_a_broken_cache_is_harmless(repository: Repository, junk: bytes | None) -> None:
    folder = repository()
    first = run(folder)
    for path in (folder / "dist/.cache").iterdir():
        path.write_bytes(path.read_bytes()[:-3] if junk is None else junk)
    (folder / NAME).write_text(DETECTION + "# changed\n")
    assert run(folder) == first


def test_a_forged_record_of_another_shape_is_harmless(repository: Repository) -> None:
    folder = repository()
    first = run(folder)
    here = str(folder.resolve())
    records: tuple[object, ...] = (None, [], {"root": here}, {"root": here, "output": "x", "package": 3, "tree": None})
    for record in records:
        (folder / "dist/.cache/build.json").write_text(json.dumps(record))
        assert run(folder) == first


def test_another_toolkit_misses(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = repository()
    run(folder)
    built: list[int] = []
    original = build_command._build

    def counted(*args: Any) -> Any:
        built.append(1)
        return original(*args)

    monkeypatch.setattr(build_command, "_build", counted)
    monkeypatch.setattr("caltrop.render.reuse.toolkit", lambda: b"another")
    monkeypatch.setattr("caltrop.content.cache.toolkit", lambda: b"another")
    run(folder)
    assert built == [1]


def test_options_are_part_of_it(repository: Repository) -> None:
    folder = repository(detection=[("on $dest$", "on $host$")])
    run(folder, "--unchecked")
    with pytest.raises(Exception, match="1 error"):
        run(folder)


def test_without_a_cache_nothing_is_kept(repository: Repository) -> None:
    folder = repository()
    run(folder, "--no-cache")
    assert not list(folder.rglob(".cache"))


def test_the_repository_itself_is_not_written(repository: Repository, tmp_path: Path) -> None:
    folder = repository()
    before = sorted(folder.rglob("*"))
    run(folder, "--out", str(tmp_path / "elsewhere"))
    assert sorted(folder.rglob("*")) == before


def test_cached_reading_and_checking_say_the_same(repository: Repository) -> None:
    folder = repository(detection=[("on $dest$", "on $host$"), ("type: TTP", "type: TTP\ncolour: red")])
    plain, first, second = load(folder), load(folder, cache=folder / "c"), load(folder, cache=folder / "c")
    assert plain == first == second
    (folder / "macros/events.yml").write_text("name: events\ndefinition: a | stats count by host\ndescription: d\n")
    assert load(folder, cache=folder / "c") == load(folder)


def _build_in_a_process(args: tuple[str, str]) -> str:
    return str(len(run(Path(args[0]), "--out", args[1])))


def test_builds_at_the_same_time_do_not_hurt(repository: Repository, tmp_path: Path) -> None:
    folder = repository()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        sizes = pool.map(
            _build_in_a_process, [(str(folder), str(tmp_path / "one")), (str(folder), str(tmp_path / "one"))]
        )
    assert len(set(sizes)) == 1
    assert run(folder, "--out", str(tmp_path / "one")) == fresh(folder, tmp_path / "fresh")


def test_the_fingerprint_covers_the_rooms(root: Path) -> None:
    names = {Path(p).name for room in ("content", "render", "spl") for p in fingerprint.files(root / "caltrop" / room)}
    assert {"attack.csv", "savedsearches.py", "parser.py", "page.html.j2"} <= names
