"""An embedded server to prove on, in this process or in several side by side.

Tests of one server see one another's events, whatever mark these bear, since a search sees its index. So tests that run
side by side have a server each.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from multiprocessing.util import Finalize
from pathlib import Path

import msgspec

from caltrop import disk
from caltrop.content.model import Detection
from caltrop.replay.clone import clones
from caltrop.replay.prove import STOPPING, Proof, addons, begin, proceed, prove_detection, survives_reinstall
from caltrop.replay.remote import Credentials, RemoteTarget
from caltrop.replay.verdict import AddOn, Check, DetectionResult, Report, TestResult
from caltrop.splunkd.inprocess import Wire
from caltrop.splunkd.server import Server
from caltrop.workers import Ahead, Died
from caltrop.workers import run as in_parallel


def serve(stack: ExitStack, apps: Sequence[Path], ours: bool, *, explains: bool = True) -> tuple[Server, RemoteTarget]:
    """Start the embedded server, with these apps, on free loopback ports for as long as the stack lives. `explains`: each search
    that leaves nothing says why, as the server does by itself."""
    disk.nothing_lasts()
    server = stack.enter_context(Server(addons=None if ours else (), asleep=True))
    if not explains:
        server.daemon.state.config.set("limits", "caltrop", {"explain": "false"}, app="system")
    for app in apps:
        server.install(app)
    credentials = Credentials(server.username, server.password)
    return server, RemoteTarget.connect(server.url, credentials, hec_url=server.hec_url, wire=Wire(server.daemon))


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What a bench in any process is made of."""

    root: str
    package: str
    app: str
    apps: tuple[str, ...] = ()
    ours: bool = True
    index: str = "caltrop_test"
    shift: bool = False
    risk: bool = True
    keep: bool = False
    attack_data: tuple[str, ...] = ()  # local clones of published data, besides those of app.yml
    data_cache: tuple[tuple[str, str], ...] = ()


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A detection to prove under the name of its saved search; or, `reinstall`, whether its tuning survives an installation."""

    detection: Detection
    search: str
    reinstall: bool = False


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """`report` is the server's own (address, version, package); `result` is missing where the package was asked about."""

    report: Report
    addons: list[AddOn]
    result: DetectionResult | None = None
    check: Check | None = None


class Bench:
    """One server with the package on it."""

    def __init__(self, setting: Setting, stack: ExitStack) -> None:
        self._names: dict[str, str] = {}
        self._kinds: set[tuple[str, str]] = set()
        self._addons: list[AddOn] = []
        self._package = Path(setting.package)
        # Nobody reads the server's explanations but whom `keep` leads there: a proof asks for its own where one is wanted.
        apps = [Path(app) for app in setting.apps]
        self.server, target = serve(stack, apps, setting.ours, explains=setting.keep)
        root = Path(setting.root)
        self.proof = Proof(
            target=target,
            root=root,
            app=setting.app,
            search_name=lambda detection: self._names[detection.file],
            cache=root / ".cache" / "datasets",
            index=setting.index,
            shift=setting.shift,
            risk=setting.risk,
            keep=setting.keep,
            clones=clones(setting.data_cache, root, [Path(folder) for folder in setting.attack_data]),
        )
        self.report = begin(self.proof, self._package, install=True)
        self.server.daemon.searching.jobs.expect(setting.app)

    def __call__(self, task: Task) -> Done:
        self._names[task.detection.file] = task.search
        if task.reinstall:
            check = survives_reinstall(self.proof, task.detection, self._package)
            return Done(report=self.report, addons=addons(self.proof), check=check)
        result = prove_detection(self.proof, task.detection)
        kinds = {
            (data.source, data.sourcetype)
            for test in task.detection.tests
            for data in (*test.attack_data, *test.benign)
        }
        if not kinds <= self._kinds:  # what steps aside does so for kinds of events
            self._kinds |= kinds
            self._addons = addons(self.proof)
        return Done(report=self.report, addons=self._addons, result=result)

    def prove(
        self,
        tasks: Sequence[Task],
        *,
        progress: Callable[[DetectionResult], object],
        fail_fast: bool = False,
        reinstall: bool = True,
    ) -> Report:
        """One after the other, on this server."""
        self._names.update({task.detection.file: task.search for task in tasks})
        return proceed(
            self.proof,
            replace(self.report, detections=[], checks=[]),
            [task.detection for task in tasks],
            self._package if reinstall else None,
            progress=progress,
            fail_fast=fail_fast,
        )

    def search_of(self, file: str) -> str:
        """The saved search of a detection that was proved here."""
        return self._names[file]

    def install(self, package: Path) -> None:
        """Another build of the package in place of the one that is there."""
        self._package = package
        self.proof.target.install(package)
        self.server.daemon.searching.jobs.expect(self.proof.app)


class Start(msgspec.Struct, frozen=True):
    """Makes a bench in another process, whose server ends with it."""

    setting: Setting

    def __call__(self) -> Callable[[Task], Done]:
        stack = ExitStack()
        Finalize(None, stack.close, exitpriority=10)
        return Bench(self.setting, stack)


def side_by_side(setting: Setting, tasks: Sequence[Task], jobs: int, idle: Ahead | None = None) -> Generator[Done]:
    """What comes of the tasks, as it comes. A process that died is the error of the detection that it had."""
    for task, done in in_parallel(Start(setting), tasks, jobs, idle):
        yield _dead(task, setting, str(done)) if isinstance(done, Died) else done


def together(
    setting: Setting,
    tasks: Sequence[Task],
    jobs: int,
    *,
    progress: Callable[[DetectionResult], object],
    fail_fast: bool = False,
    idle: Ahead | None = None,
) -> Report:
    """Prove side by side, in processes that are there already (`idle`) first; verdicts are told as they come, the report has them in the order of the tasks."""
    report = Report(target="", version="", package=Path(setting.package).name, app=setting.app, started="")
    results: dict[str, DetectionResult] = {}
    targets: dict[str, None] = {}
    with closing(side_by_side(setting, [*tasks, _reinstallation(tasks[0])], jobs, idle)) as coming:
        for done in coming:
            if done.report.target:
                targets[done.report.target] = None
                report.version = done.report.version
                report.started = min(report.started or done.report.started, done.report.started)
            report.addons = _united(report.addons, done.addons)
            if done.check is not None:
                report.checks.append(done.check)
            if done.result is None:
                continue
            results[done.result.file] = done.result
            progress(done.result)
            if fail_fast and done.result.status in STOPPING:
                break
    report.target = f"{len(targets)} embedded servers" if len(targets) > 1 else "".join(targets)
    report.detections = [results[t.detection.file] for t in tasks if t.detection.file in results]
    report.not_run = len(tasks) - len(report.detections)
    return report


def _reinstallation(task: Task) -> Task:
    """The question whether tuning survives an installation, of this detection's filter macro."""
    return msgspec.structs.replace(task, reinstall=True)


def _united(known: Sequence[AddOn], more: Sequence[AddOn]) -> list[AddOn]:
    """Add-ons of several servers: what one stepped aside for on any of them is told."""
    found = {addon.name: addon for addon in known}
    for addon in more:
        if addon.name not in found or (addon.aside and not found[addon.name].aside):
            found[addon.name] = addon
    return sorted(found.values(), key=lambda addon: addon.name)


def _dead(task: Task, setting: Setting, why: str) -> Done:
    detection = task.detection
    report = Report(target="", version="", package=Path(setting.package).name, app=setting.app, started="")
    if task.reinstall:
        return Done(report=report, addons=[], check=Check("tuning survives reinstall", False, why))
    line = detection.tests[0].line if detection.tests else 0
    result = DetectionResult.of(detection)
    result.tests = [
        TestResult(name=test.name, file=detection.file, line=test.line, error=why) for test in detection.tests
    ] or [TestResult(name="", file=detection.file, line=line, error=why)]
    return Done(report=report, addons=[], result=result)
