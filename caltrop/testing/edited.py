"""The repository that is being edited beside a running server: what is in it now, and `caltrop test` of it on request.

Tests run in a process of their own, as the command line runs them: the server's own data is never written without waiting for
the disk, as that of a bench is, and a run can be ended at any moment.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from caltrop import children
from caltrop.content import Catalogue, load
from caltrop.content.cache import home
from caltrop.content.choosing import ALWAYS, DETECTIONS, NAMED
from caltrop.errors import CaltropError
from caltrop.replay import stored
from caltrop.replay.verdict import DetectionResult, Report, TestResult
from caltrop.splunkd.rest.edited import Edited, Judged, Run, Told, Tried, Verdict
from caltrop.testing import verdicts
from caltrop.testing.watch import Watch

log = logging.getLogger(__name__)
UNLIMITED = -1  # of address space: it is a server, whose searches are limited themselves
SAID_LINES = 40  # of what a run without a verdict said, kept for the person who asked for it
VERDICTS = ("passed", "failed", "error", "skipped")


class EditedRepository:
    """The repository at `root`. `apps` and `addons` are those of the command line: what tests run with besides those of app.yml.
    `kept`: the file that verdicts are kept in, so that another start of the server has them; without it they go with this object.

    Raises CaltropError where the folder is not there.
    """

    def __init__(self, root: Path, apps: Sequence[Path] = (), *, addons: bool = True, kept: Path | None = None) -> None:
        if not root.is_dir():
            raise CaltropError(f"{root} is no folder", hint="give --content a content repository")
        self._root = root.resolve()
        self._words = [word for app in apps for word in ("--app", str(app.resolve()))]
        if not addons:
            self._words.append("--no-addons")
        self._reading = threading.Lock()  # of what stands in files
        self._read: tuple[Catalogue | None, str] | None = None
        self._watch = Watch(self._root, self._files)
        self._lock = threading.Lock()  # of all below
        self._kept = kept
        self._verdicts = verdicts.read(kept, self._root)
        self._running: Run | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._failed = ""

    # -- what there is

    def told(self, file: str = "") -> Told:
        catalogue, broken = self._catalogue()
        with self._lock:
            known, running, failed = dict(self._verdicts.found), self._running, self._failed
        if catalogue is None:
            return Told(str(self._root), [], [broken], running, failed)
        problems: dict[str, list[str]] = {}
        for problem in catalogue.errors:
            problems.setdefault(problem.file, []).append(str(problem))
        listed = [
            Edited(
                file=detection.file,
                name=detection.name,
                type=detection.type,
                techniques=list(detection.mitre_attack_id),
                stories=list(detection.analytic_story),
                tests=len(detection.tests),
                problems=problems.pop(detection.file, []),
                last=self._verdict(known.get(detection.file), detection.file, whole=detection.file == file),
            )
            for detection in catalogue.detections
        ]
        others = [text for found in problems.values() for text in found]
        return Told(str(self._root), listed, others, running, failed)

    def _files(self) -> list[Path]:
        return [*(self._root / kind for kind in (DETECTIONS, *NAMED, *ALWAYS)), self._root / "app.yml"]

    def _catalogue(self) -> tuple[Catalogue | None, str]:
        """The content as it was saved last, or why there is none."""
        with self._reading:
            if self._watch.changed() or self._read is None:
                try:
                    self._read = load(self._root, cache=home(self._root)), ""
                except CaltropError as error:
                    self._read = None, f"{error}{f': {error.hint}' if error.hint else ''}"
            return self._read

    def _verdict(self, found: tuple[float, DetectionResult] | None, file: str, *, whole: bool) -> Verdict | None:
        if found is None:
            return None
        at, result = found
        try:
            stale = (self._root / file).stat().st_mtime > at
        except OSError:
            stale = True
        return Verdict(
            result.status, result.verdict, at, stale, [_tried(test) for test in result.tests] if whole else []
        )

    # -- runs

    def run(self, file: str) -> bool:
        if file:
            catalogue, broken = self._catalogue()
            if catalogue is None or file not in {detection.file for detection in catalogue.detections}:
                raise CaltropError(f"{file} is no detection of {self._root}", hint=broken or None)
        with self._lock:
            if self._running is not None:
                return False
            self._running, self._failed = Run(file, time.time(), 0, ""), ""
        threading.Thread(target=self._prove, args=(file,), name="content-test", daemon=True).start()
        return True

    def stop(self) -> bool:
        with self._lock:
            if self._running is None:
                return False
            self._failed = "stopped"
            if self._child is not None:
                children.kill(self._child)
        return True

    def _prove(self, file: str) -> None:
        """The run, in a thread of its own."""
        at = time.time()
        failed = ""
        try:
            with tempfile.TemporaryDirectory(prefix="caltrop-content-") as folder:
                said = self._follow(file, Path(folder))
                try:
                    report = stored.read(Path(folder))
                except CaltropError:
                    failed = "\n".join(said) or "the run ended without a word"
                else:
                    self._keep(report, at)
        except OSError as error:
            failed = f"the test cannot be run: {error}"
        finally:
            with self._lock:
                self._running = None
                self._failed = self._failed or failed

    def _follow(self, file: str, folder: Path) -> list[str]:
        """Run `caltrop test` to its end; the last lines of what it said."""
        command = [sys.executable, "-m", "caltrop", "test", "--content", str(self._root), "--report", str(folder)]
        command += [*self._words, *(["--", str(self._root / file)] if file else [])]
        child = children.start(
            command, cwd=self._root, environment=os.environ, memory=UNLIMITED, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        lines: deque[str] = deque(maxlen=SAID_LINES)
        try:
            with self._lock:
                self._child = child
                if self._failed:  # it was stopped before it began
                    children.kill(child)
            assert child.stderr is not None
            for raw in child.stderr:
                lines.append(raw.decode("utf-8", "replace").rstrip())
                self._tell(lines[-1])
        finally:
            with self._lock:
                self._child = None  # its number may soon be another's
            children.end(child)
        return list(lines)

    def _tell(self, line: str) -> None:
        judged = line.startswith(VERDICTS) and ": " in line
        with self._lock:
            if self._running is not None:
                self._running = replace(self._running, said=line, done=self._running.done + judged)

    def _keep(self, report: Report, at: float) -> None:
        with self._lock:
            self._verdicts.found.update({result.file: (at, result) for result in report.detections})
            if self._kept is None:
                return
            try:
                verdicts.write(self._kept, self._verdicts)
            except OSError as error:  # what was found holds for this server all the same
                log.warning("verdicts cannot be kept in %s: %s", self._kept, error)


def _tried(test: TestResult) -> Tried:
    return Tried(
        name=test.name,
        line=test.line,
        status=test.status,
        error=test.error or test.skipped or "",
        events=test.events,
        hits=test.hits,
        milliseconds=round(test.milliseconds, 1),
        checks=[Judged(check.name, check.passed, check.seen, check.line) for check in test.checks],
        why=list(test.why),
    )
