"""What was saved."""

from __future__ import annotations

from pathlib import Path

from caltrop.testing.watch import Watch


def test_written_made_and_deleted(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    one, two = tmp_path / "one.yml", tmp_path / "app" / "two.py"
    one.write_text("a")
    two.write_text("b")
    (tmp_path / "not looked at").write_text("x")
    watch = Watch(tmp_path, lambda: [one, tmp_path / "app", tmp_path / "never there"])
    assert watch.changed() == []
    one.write_text("ab")
    (tmp_path / "app" / "new.py").write_text("")
    (tmp_path / "not looked at").write_text("xy")
    assert watch.changed() == ["app/new.py", "one.yml"]
    assert watch.changed() == []
    two.unlink()
    assert watch.changed() == ["app/two.py"]


def test_a_file_that_an_editor_replaces_is_saved(tmp_path: Path) -> None:
    one = tmp_path / "one.yml"
    one.write_text("a")
    watch = Watch(tmp_path, lambda: [one])
    fresh = tmp_path / "one.yml.tmp"
    fresh.write_text("b")
    fresh.replace(one)
    assert watch.changed() == ["one.yml"]


def test_what_is_written_in_several_steps_is_told_once(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")
    two.write_text("a")
    watch = Watch(tmp_path, lambda: [one, two])
    steps = iter([[], ["one"], ["two"], ["one"], [], ["two"], []])
    watch.changed = lambda: next(steps)  # type: ignore[method-assign]
    saves = watch.saves()
    assert next(saves) == ["one", "two"]
    assert next(saves) == ["two"]
