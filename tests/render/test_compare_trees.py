"""Comparing two app trees."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.errors import CaltropError
from caltrop.render.compare import compare, report, same


def tree(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / "default" / f"{name}.conf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ("a  b", "a\nb", True),
        ('{"a": 1, "b": [1, 2]}', '{"b":[1,2],"a":1}', True),
        ('["a", "b"]', '["b", "a"]', False),
        ('{"s": "x  y"}', '{"s": "x y"}', True),
        ('["\\u0026"]', '["&"]', True),
        ("[a", "[ a", False),
        ("1", "1.0", False),
    ],
)
def test_values_mean_the_same(left: str, right: str, equal: bool) -> None:
    assert same(left, right) is equal


def test_counts_and_last_line(tmp_path: Path) -> None:
    a = tree(tmp_path / "a", x="[s]\nk = 1\nl = 2\nm = 3\n[t]\nk = 1\n")
    b = tree(tmp_path / "b", x="[s]\nk = 1\nl = 9\nn = 4\n", y="[u]\nk = 1\n")
    result = compare(a, b)
    assert (result.keys, result.equal) == (6, 1)
    assert [(d.kind, d.stanza, d.key) for d in sorted(result.differences)] == [
        ("different", "s", "l"), ("only in A", "t", ""), ("only in A", "s", "m"), ("only in B", "s", "n"),
        ("only in B", "u", ""),
    ]  # fmt: skip
    assert list(report(result))[-1] == "16.67% of 6 keys equal, 5 differences"
    assert list(report(compare(a, a)))[-1] == "100.00% of 4 keys equal, 0 differences"


def test_other_files_are_named_but_not_counted(tmp_path: Path) -> None:
    a, b = tree(tmp_path / "a", x="[s]\nk=1\n"), tree(tmp_path / "b", x="[s]\nk=1\n")
    (b / "README.md").write_text("hello")
    result = compare(a, b)
    assert (result.keys, result.differences, result.other_files) == (1, [], [("README.md", "only in B")])


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(CaltropError, match="no such folder"):
        compare(tmp_path / "a", tmp_path / "b")
