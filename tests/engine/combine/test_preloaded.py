"""A script that is loaded ahead does what a fresh interpreter does with it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from caltrop import children
from caltrop.engine import chunked, preloaded
from caltrop.engine.errors import SearchError
from tests.patience import PATIENCE, ends, until

REPLY = """
def answer(text, code=None):
    head = sys.stdin.buffer.readline()
    sizes = [int(n) for n in head.decode().split(" ")[1].split(",")[1:]]
    sys.stdin.buffer.read(sum(sizes))
    meta = json.dumps({"says": text}).encode()
    sys.stdout.buffer.write(b"chunked 1.0,%d,0\\n" % len(meta) + meta)
    sys.stdout.buffer.flush()
"""
GUARDED = f"""import json, os, sys
from helper import VALUE, loaded_in
{REPLY}
if __name__ == "__main__":
    answer([VALUE, os.getpid(), loaded_in, sys.argv, os.path.basename(__file__), sorted(os.environ), os.getcwd(), sys.stdout.encoding])
    answer("more")
    sys.stderr.write("said at the end\\n")
    sys.exit(7)
"""
HELPER = "import os\nVALUE = 1\nloaded_in = os.getpid()\n"


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    yield
    preloaded.close()


def script(folder: Path, text: str) -> Path:
    path = folder / "app" / "bin" / "s.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    (path.parent / "helper.py").write_text(HELPER)
    return path


def ask(path: Path) -> list[object]:
    with chunked.Process(path) as process:
        answer, _ = process.exchange({})
        found = answer["says"]
        assert isinstance(found, list)
        return found


def test_each_search_has_a_process_of_its_own_and_modules_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = script(tmp_path, GUARDED)
    first, second = ask(path), ask(path)
    assert first[1] != second[1], "a process each"
    assert first[2] == second[2] and first[2] not in (first[1], second[1]), "loaded once, before"
    monkeypatch.setattr(preloaded, "POSSIBLE", False)
    plain = ask(path)
    assert plain[1] == plain[2]
    assert [plain[0], *plain[3:]] == [first[0], *first[3:]], "the same to the script"


def test_what_changed_on_disk_is_loaded_again(tmp_path: Path) -> None:
    path = script(tmp_path, GUARDED)
    assert ask(path)[0] == 1
    (path.parent / "helper.py").write_text(HELPER.replace("VALUE = 1", "VALUE = 22"))
    assert ask(path)[0] == 22


def test_an_app_that_is_installed_again_as_it_was_is_not_loaded_again(tmp_path: Path) -> None:
    path = script(tmp_path, GUARDED)
    first = ask(path)
    path.parent.parent.rename(tmp_path / "old")
    script(tmp_path, GUARDED)
    second = ask(path)
    assert first[2] == second[2] or not preloaded.POSSIBLE, "the modules are those of before"
    assert first[6] == second[6] == str(path.parent), "in the folder that is there now"
    (path.parent / "data.txt").write_text("another")
    assert ask(path)[2] != first[2] or not preloaded.POSSIBLE


@pytest.mark.parametrize("possible", [True, False])
def test_its_end_is_told_with_exit_code_and_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, possible: bool
) -> None:
    monkeypatch.setattr(preloaded, "POSSIBLE", possible and preloaded.POSSIBLE)
    with chunked.Process(script(tmp_path, GUARDED)) as process:
        process.exchange({})
        process.exchange({})
        with pytest.raises(SearchError, match=r"ended early \(exit code 7\): said at the end"):
            process.exchange({})


@pytest.mark.parametrize(
    "text",
    [
        "import json, sys, os\nloaded_in = 0\n{reply}\nanswer([os.getpid()])\n",  # no guard: it would wait for its input
        "import json, sys, threading, time, os\n{reply}\nthreading.Thread(target=time.sleep, args=(5,), daemon=True).start()\n"
        "if __name__ == '__main__':\n    answer([os.getpid()])\n",
        "import json, sys, os\n{reply}\nif __name__ != '__main__':\n    sys.exit(3)\nanswer([os.getpid()])\n",
    ],
)  # fmt: skip
def test_a_script_that_does_not_take_it_is_started_the_plain_way(tmp_path: Path, text: str) -> None:
    path = script(tmp_path, text.replace("{reply}", REPLY))
    assert len(ask(path)) == 1
    found = preloaded.ahead(path)
    assert found is None or found.ready is False


def test_a_traceback_and_words_of_exit_are_told(tmp_path: Path) -> None:
    for line, says in (("raise RuntimeError('odd')", "RuntimeError: odd"), ("sys.exit('bad words')", "bad words")):
        path = script(tmp_path, f"import sys\nif __name__ == '__main__':\n    {line}\n")
        with chunked.Process(path) as process, pytest.raises(SearchError, match=rf"exit code 1\): (.|\n)*{says}"):
            process.exchange({})


def test_one_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    text = "import subprocess, sys, os\nif __name__ == '__main__':\n    p = subprocess.Popen(['sleep', '600'])\n    open('pid', 'w').write(str(p.pid))\n    p.wait()\n"
    path = script(tmp_path, text)
    note = path.parent / "pid"
    with chunked.Process(path, seconds=PATIENCE) as process:

        def time_is_up() -> None:
            until(lambda: note.exists() and note.read_text(), "what it starts")
            process._timer.function()

        threading.Thread(target=time_is_up).start()
        with pytest.raises(SearchError, match=r"took longer than 60 s"):
            process.exchange({})
    ends(int(note.read_text()))


def test_one_that_was_killed_is_waited_for_and_the_next_runs(tmp_path: Path) -> None:
    path = script(tmp_path, GUARDED)
    with Path(os.devnull).open("wb") as errors:
        for _ in range(3):
            process = preloaded.fork(path, errors)
            assert process is not None
            process.kill()
            assert process.wait(PATIENCE) == -signal.SIGKILL
            children.end(process)
    assert ask(path)[2] != os.getpid()


def test_only_so_many_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preloaded, "MOST", 2)
    if preloaded.POSSIBLE:
        made = [preloaded.ahead(script(tmp_path / str(n), GUARDED)) for n in range(3)]
        assert len(preloaded._held) == 2 and made[0] is not None and made[0].process.poll() is not None
