"""Examples in the documentation do what the page says.

Every fenced block names its language. `console` blocks are run, in order, a page in a folder of its own: `$ ` starts a
command, `> ` goes on with it, the other lines are what it prints (a line `…` stands for any lines, `…` in a line for any
text). `python` is run, `spl`, `conf` and `yaml` are read by the toolkit, `text` shows a layout. What cannot be run here has
`<!-- not run: the reason -->` on the line above it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from caltrop import spl
from caltrop.content.document import Document
from caltrop.content.schema import DETECTION
from caltrop.content.spec import check

from .conftest import ROOT

_FENCE = re.compile(r"^(`{3,})(\w*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_NOT_RUN = re.compile(r"<!-- not run: \S.{10,} -->\n\Z")
_SECONDS = 180
LANGUAGES = ("console", "python", "spl", "conf", "yaml", "text")


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    text: str
    runs: bool

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    # The plan of the work in hand is a note, which goes when the work is done.
    return sorted(page for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")] if page.name != "plan.md")


def blocks(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, found.start()) + 1,
            found[2],
            found[3],
            not _NOT_RUN.search(text[: found.start()]),
        )
        for found in _FENCE.finditer(text)
    ]


BLOCKS = [block for page in pages() for block in blocks(page)]


def of(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages and block.runs]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_block_says_what_it_is(page: Path) -> None:
    text = page.read_text("utf-8")
    assert len(re.findall(r"^`{3,}\w*$", text, re.MULTILINE)) == 2 * len(blocks(page)), "a fence that is not closed"
    assert not [str(b) for b in blocks(page) if b.language not in LANGUAGES], f"name one of {', '.join(LANGUAGES)}"
    assert not [str(b) for b in blocks(page) if b.language == "text" and re.search(r"^\$ ", b.text, re.MULTILINE)]
    assert not re.findall(r"\n\n {4}\S", text), "an example without a fence is not checked"


@pytest.mark.parametrize("block", of("spl"), ids=str)
def test_searches_parse(block: Block) -> None:
    spl.parse(block.text)


@pytest.mark.parametrize("block", of("yaml"), ids=str)
def test_yaml_follows_the_schemas(block: Block) -> None:
    """A part of a detection: what is in it is right; what it leaves out is left out."""
    document = Document(block.text, str(block))
    assert document.problems == []
    found = [problem for problem in check(document.data, DETECTION) if problem[1] != "missing-field"]
    assert found == []
    assert yaml.safe_load(block.text)


@pytest.mark.slow
@pytest.mark.parametrize("block", of("python"), ids=str)
def test_python_runs(block: Block, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", block.text], cwd=tmp_path, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr


def session(block: Block) -> Iterator[tuple[str, list[str]]]:
    """(command, what it prints) of a console block."""
    command, printed = "", list[str]()
    for line in block.text.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, printed
            command, printed = line[2:], []
        elif line.startswith("> ") and not printed:
            command += "\n" + line[2:]
        else:
            printed.append(line)
    assert command, f"{block}: no command"
    yield command, printed


def matches(printed: str, said: list[str]) -> bool:
    """Whether the output is what the page says: `…` alone stands for any lines, in a line for any text."""
    lines = [
        r"(?:.*\n)*?" if line.strip() == "…" else ".*?".join(map(re.escape, line.split("…"))) + r"\n" for line in said
    ]
    return re.fullmatch("".join(lines), printed) is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", sorted({block.page for block in of("console")}), ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_sessions_print_what_the_page_says(page: Path, tmp_path: Path) -> None:
    here = tmp_path
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "120",
        "NO_COLOR": "1",
    }
    for block in (b for b in blocks(page) if b.language == "console" and b.runs):
        for command, said in session(block):
            kept = shlex.quote(str(tmp_path / ".env"))  # what a command exports is there for the next one
            script = (
                f"[ ! -f {kept} ] || . {kept}; cd {shlex.quote(str(here))}; {command}\n"
                f"code=$?; export -p >{kept}; pwd >{shlex.quote(str(tmp_path / '.pwd'))}; exit $code"
            )
            done = subprocess.run(
                ["bash", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, timeout=_SECONDS, env=environment, check=False,
            )  # fmt: skip
            assert done.returncode in (0, 1), f"{block}: $ {command}\n{done.stdout}"
            assert "Traceback" not in done.stdout
            assert matches(done.stdout, said), f"{block}: $ {command}\n{done.stdout}"
            here = Path((tmp_path / ".pwd").read_text().strip())


@pytest.mark.parametrize(
    ("printed", "said", "right"),
    [
        ("a\n", ["a"], True),
        ("", [], True),
        ("a\n", [], False),
        ("a\nb\n", ["a"], False),
        ("a 12 s\n", ["a … s"], True),
        ("a\nb\nc\n", ["…", "c"], True),
        ("c\n", ["…", "c"], True),
        ("a.c\n", ["abc"], False),
    ],
)
def test_what_is_said_is_compared_with_what_is_printed(printed: str, said: list[str], right: bool) -> None:
    assert matches(printed, said) is right


def test_links_lead_somewhere() -> None:
    missing = []
    for page in pages():
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
            target, _, anchor = link.partition("#")
            if "://" in link or (target == "" and anchor):
                continue
            if not (page.parent / target).exists():
                missing.append(f"{page.name}: {link}")
    assert not missing


def test_commands_named_in_the_documentation_exist() -> None:
    from caltrop.cli import COMMANDS

    named = {
        (page.name, word)
        for page in pages()
        for word in re.findall(r"(?:^\$ |`)caltrop ([a-z][a-z-]*)", page.read_text("utf-8"), re.MULTILINE)
    }
    assert not sorted(item for item in named if item[1] not in COMMANDS)
