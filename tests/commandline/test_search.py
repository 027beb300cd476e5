"""caltrop search at a shell: where a search and its data come from, and how results are written."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.cli import main
from caltrop.cli.options import packages
from caltrop.cli.results import aligned, format_of, lines_of
from caltrop.cli.search import command
from caltrop.engine.table import Table

LOG = "2023-11-14 10:00:00 level=info user=ann size=7\n2023-11-14 10:00:05 level=error user=bob size=1200\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text(LOG)
    return path


def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "caltrop", *words], input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


def out(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["search", *words]) == 0
    return capsys.readouterr().out


# --- where it comes from -----------------------------------------------------------------------------------------------------


def test_a_search_from_a_file(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "s.spl").write_text("level=error\n```a comment```\n| table user\n")
    assert out(capsys, "--data", str(log), "-f", str(tmp_path / "s.spl")) == "user\nbob\n"


@pytest.mark.parametrize("words", [[], ["x", "-f", "{file}"]])
def test_one_search_and_no_more(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    (tmp_path / "s.spl").write_text("x")
    assert main(["search", *(w.format(file=tmp_path / "s.spl") for w in words)]) == 2
    assert "-f FILE" in capsys.readouterr().err


def test_data_from_standard_input() -> None:
    result = run("search", "--data", "-", "level=error | table user source", stdin=LOG)
    assert result.stdout.splitlines()[-1].split() == ["bob", "stdin"]
    assert result.returncode == 0


def test_a_lookup_by_its_name_and_as_a_definition(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "people.csv").write_text("user,team\nbob,red\n")
    words = ["--data", str(log), "--lookup", str(tmp_path / "people.csv"), "--format", "csv"]
    for name in ("people", "people.csv"):
        assert out(capsys, *words, f"level=error | lookup {name} user OUTPUT team | table team") == "team\nred\n"


@pytest.mark.parametrize("name", ["people.txt", "people"])
def test_a_lookup_is_a_csv_file(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (tmp_path / name).write_text("a\n")
    assert main(["search", "--data", str(log), "--lookup", str(tmp_path / name), "*"]) == 2
    assert "a lookup is a CSV file" in capsys.readouterr().err


def test_the_zone_is_that_of_the_search_and_of_what_is_shown(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--data", str(log), "--tz", "Asia/Tokyo", "--format", "json"]
    found = json.loads(out(capsys, *words, 'level=error | eval hour=strftime(_time, "%H") | table _time hour'))
    assert found == {"_time": "2023-11-14T19:00:05.000+09:00", "hour": "19"}


def test_a_zone_that_there_is_not(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--data", str(log), "--tz", "Mars/Phobos", "*"]) == 2
    assert "--tz: " in capsys.readouterr().err


def test_a_target_has_its_own_data(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--target", "https://localhost:1", "--data", str(log), "*"]) == 2
    assert "--target searches what is there" in capsys.readouterr().err


@pytest.mark.slow
def test_the_same_search_on_a_target(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from caltrop.splunkd.server import Server

    with Server(addons=()) as server:
        words = [
            "--target",
            server.url,
            "--username",
            server.username,
            "--password",
            server.password,
            "--format",
            "csv",
        ]
        text = '| makeresults count=2 | streamstats count as n | eval m=split("a b", " ") | table n m'
        assert out(capsys, *words, text) == 'n,m\n1,"a\nb"\n2,"a\nb"\n'
        assert main(["search", *words, "| nosuch"]) == 2
        assert "nosuch" in capsys.readouterr().err


# --- formats -----------------------------------------------------------------------------------------------------------------


def test_numbers_stand_to_the_right(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert out(capsys, "--data", str(log), "* | sort user | table user size level") == (
        "user  size  level\nann      7  info\nbob   1200  error\n"
    )


def test_a_piped_table_is_as_wide_as_it_is(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = out(capsys, "--data", str(log), 'level=error | eval a="' + "x" * 100 + '", b=a, c=a | table a b c user')
    assert len(text.splitlines()) == 2
    assert text.splitlines()[1].endswith("bob")


def test_long_cells_are_shortened_and_whole_when_wide(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--data", str(log), 'level=error | eval a="' + "x" * 500 + '" | table a']
    assert out(capsys, *words).splitlines()[1] == "x" * 119 + "…"
    assert out(capsys, *words, "--wide").splitlines()[1] == "x" * 500


def test_vertical_has_a_field_a_line(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = out(
        capsys, "--data", str(log), "--format", "vertical", 'level=error | eval m=split("a b", " ") | table user m none'
    )
    assert text == "-- 1 --\nuser  bob\nm     a\n      b\n"


def test_raw_is_the_events(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert out(capsys, "--data", str(log), "--format", "raw", "level=info") == LOG.splitlines()[0] + "\n"
    assert main(["search", "--data", str(log), "--format", "raw", "* | stats count"]) == 2
    assert "the results have no _raw" in capsys.readouterr().err


def test_markdown_takes_text_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    text = out(capsys, "--format", "markdown", '| makeresults | eval a="x|<b>*y*", n=1 | table a n')
    assert text == "| a | n |\n| --- | --- |\n| x\\|\\<b\\>\\*y\\* | 1 |\n"


def test_parquet_keeps_types(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "r.parquet"
    assert (
        out(capsys, "--data", str(log), "-o", str(path), "* | stats count values(user) as user by level | eval t=1.5")
        == ""
    )
    frame = pl.read_parquet(path)
    assert frame.sort("level").get_column("count").to_list() == [1, 1]
    assert (frame.schema["count"].is_numeric(), frame.schema["t"].is_numeric()) == (True, True)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("r.csv", "user,level"),
        ("r.jsonl", '{"user": "bob", "level": "error"}'),
        ("r.md", "| user | level |"),
        ("r", "user  level"),
    ],
)
def test_a_file_is_written_as_its_name_ends(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, first: str
) -> None:
    assert out(capsys, "--data", str(log), "-o", str(tmp_path / name), "level=error | table user level") == ""
    assert (tmp_path / name).read_text().splitlines()[0] == first


def test_the_format_that_is_given_counts_more_than_the_ending() -> None:
    assert format_of("json", Path("x.csv")) == "json"
    assert format_of(None, None) == "table"


@given(
    st.lists(
        st.tuples(st.text(max_size=20), st.one_of(st.none(), st.lists(st.text(max_size=8), min_size=1, max_size=3))),
        max_size=6,
    )
)
def test_what_programs_read_comes_back_as_it_was(rows: list[tuple[str, list[str] | None]]) -> None:
    frame = pl.DataFrame(rows, schema={"a": pl.String, "b": pl.List(pl.String)}, orient="row")
    table = Table(frame)
    back = [json.loads(line) for line in lines_of(table, "json")]
    assert back == [{"a": a} if b is None else {"a": a, "b": b} for a, b in rows]
    text = "\n".join(lines_of(table, "csv")) + "\n"
    parsed = list(csv.reader(io.StringIO(text, newline="")))
    assert parsed[1:] == [[a, "\n".join(b or [])] for a, b in rows]


@given(st.lists(st.lists(st.text(max_size=10), min_size=3, max_size=3), min_size=1, max_size=5))
def test_a_row_of_a_table_is_one_line_and_cannot_steer_a_terminal(rows: list[list[str]]) -> None:
    table = Table(pl.DataFrame(rows, schema=["a", "b", "c"], orient="row"))
    lines = list(lines_of(table, "table"))
    assert len(lines) == len(rows) + 1
    assert all(line.isprintable() for line in lines)


def test_wide_characters_take_two_places() -> None:
    assert list(aligned(["a", "b"], [["日本", "x"], ["ab", "y"]])) == ["a     b", "日本  x", "ab    y"]


# --- at a shell --------------------------------------------------------------------------------------------------------------


def test_a_reader_that_has_had_enough_is_no_failure(log: Path) -> None:
    line = f"{sys.executable} -m caltrop search --data {log} '| makeresults count=50000 | eval a=\"xxxxxxxxxxxxxxxxxxxx\"' | head -1; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "nearest"),
    [(["serch"], "search"), (["corpus", "rn"], "run"), (["spl", "chek"], "check"), (["hnt", "x"], "hunt")],
)
def test_an_unknown_command_gets_the_nearest_name(
    capsys: pytest.CaptureFixture[str], words: list[str], nearest: str
) -> None:
    assert main(words) == 2
    assert f"did you mean '{nearest}'?" in capsys.readouterr().err


def test_help_has_examples() -> None:
    assert command.help is not None
    assert command.help.count("caltrop search") >= 3


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_command(shell: str) -> None:
    source = subprocess.run(
        [sys.executable, "-m", "caltrop"], env=os.environ | {"_CALTROP_COMPLETE": f"{shell}_source"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert source.returncode == 0, source.stderr
    assert f"_CALTROP_COMPLETE={shell}_complete" in source.stdout


def test_completion_proposes_commands_and_options() -> None:
    def proposed(words: str, number: int) -> list[str]:
        env = os.environ | {"_CALTROP_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(number)}
        result = subprocess.run(
            [sys.executable, "-m", "caltrop"], env=env, capture_output=True, text=True, timeout=60, check=False
        )
        return [line.partition(",")[2] for line in result.stdout.splitlines()]

    assert proposed("caltrop se", 1) == ["serve", "search"]
    assert "--lookup" in proposed("caltrop search --l", 2)
    assert "jsonl" in proposed("caltrop search --format j", 3)


@pytest.mark.parametrize(
    ("redirect", "code", "said"), [(">/dev/full", 2, "No space left on device"), (">&-", 0, ""), (">&- 2>&-", 0, "")]
)
def test_nowhere_to_write(log: Path, redirect: str, code: int, said: str) -> None:
    words = [sys.executable, "-m", "caltrop", "search", "--data", str(log), "* | table user"]
    done = subprocess.run(
        ["sh", "-c", f'"$@" {redirect}', "sh", *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == code
    assert done.stderr == (f"cannot write: {said}\n" if said else "")


@pytest.mark.parametrize("daemon", [False, True])
def test_the_process_ends_at_once_but_not_before_its_time(daemon: bool) -> None:
    """What was to be called at the end is called, after threads that are waited for, and what was written arrives."""
    code = (
        "import atexit, sys, threading, time\nfrom caltrop.__main__ import run\n"
        "def work():\n    time.sleep(0.5 if not DAEMON else 3600)\n    print('worked')\n"
        "atexit.register(print, 'ended')\nthreading.Thread(target=work, daemon=DAEMON).start()\n"
        "sys.argv = ['caltrop', 'search', '--no-such-option']\nrun()\n"
    ).replace("DAEMON", str(daemon))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "--no-such-option" in done.stderr
    assert done.stdout.split() == (["ended"] if daemon else ["worked", "ended"])


def test_a_profiler_gets_the_process_back() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cProfile", "-m", "caltrop", "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("caltrop") and "function calls" in done.stdout


def test_addons_of_app_yml_are_found_however_the_key_is_written(tmp_path: Path) -> None:
    head = "id: acme\nlabel: a\nprefix: A\nversion: '1.0.0'\nauthor: {name: x}\n"
    package = tmp_path / "addon"
    package.mkdir()
    for key, expected in (("addons", [package]), ('"\\x61ddons"', [package]), ("# none", [])):
        (tmp_path / "app.yml").write_text(head + (f"{key}: [addon]\n" if expected else f"{key}\n"))
        assert packages([Path("given")], tmp_path) == [*expected, Path("given")]
    (tmp_path / "app.yml").unlink()
    assert packages([], tmp_path) == []


def test_what_opens_and_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    memory = "/proc/self/mem"
    if not Path(memory).exists():
        pytest.skip("no such file here: it opens, and its first byte is an error")
    assert main(["search", "--data", memory, "*"]) == 2
    assert capsys.readouterr().err.startswith(f"{memory}: cannot be read: ")


@pytest.mark.parametrize("words", [["--port", "65536"], ["--hec-port", "-1"], ["--web-port", "-2"]])
def test_a_port_that_is_none(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", *words]) == 2
    assert f"{words[1]} is not in the range" in capsys.readouterr().err


def test_a_content_repository_is_no_app(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "detections").mkdir()
    assert main(["install", str(tmp_path), "--target", "https://127.0.0.1:1", "--password", "x"]) == 2
    assert "caltrop build" in capsys.readouterr().err


def test_a_macro_that_another_app_keeps_to_itself(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = tmp_path / "Acme_TA"
    (app / "default").mkdir(parents=True)
    (app / "default" / "macros.conf").write_text(
        "[acme]\ndefinition = level=error\n[acme(1)]\nargs = a\ndefinition = $a$\n"
    )
    words = ["search", "--data", str(log), "--app", str(app), "`acme` | table user"]
    assert main(words) == 2
    assert "Acme_TA keeps it to itself" in capsys.readouterr().err
    (app / "metadata").mkdir()
    (app / "metadata" / "default.meta").write_text("[macros]\nexport = system\n")
    assert main(words) == 0
    assert capsys.readouterr().out == "user\nbob\n"
    assert main(["search", "--data", str(log), "--app", str(app), "`acmee`"]) == 2
    assert "did you mean `acme`?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("meta", "told"), [("", True), ("[]\nexport = none\n", True), ("[props]\nexport = system\n", False)]
)
def test_an_app_whose_extractions_are_its_own_is_told(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], meta: str, told: bool
) -> None:
    app = tmp_path / "Acme_TA"
    for folder in ("default", "metadata"):
        (app / folder).mkdir(parents=True)
    (app / "default" / "props.conf").write_text("[x]\nEVAL-who = user\n")
    (app / "metadata" / "default.meta").write_text(meta)
    assert main(["search", "--data", str(log), "--sourcetype", "x", "--app", str(app), "* | table who user"]) == 0
    said = capsys.readouterr()
    assert said.err.startswith("Acme_TA: its search-time settings count in its own searches alone") == told
    assert ("bob" in said.out.split("\n")[1].split(" ")[0]) != told


def test_an_app_without_extractions_is_not_told(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Plain" / "default").mkdir(parents=True)
    (tmp_path / "Plain" / "default" / "props.conf").write_text("[x]\nTZ = UTC\n")
    assert main(["search", "--data", str(log), "--app", str(tmp_path / "Plain"), "* | table user"]) == 0
    assert capsys.readouterr().err == ""
