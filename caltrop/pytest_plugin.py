"""`pytest --caltrop DIR`: each test of a content repository's detections is an item of pytest.

The repository is built once and proved on one embedded server for the session; a detection is proved when the first of its
tests is asked for. Loaded by every pytest run of an environment that has Caltrop, so that nothing heavy is imported before
`--caltrop` is given.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from caltrop.content import Detection
    from caltrop.replay.verdict import DetectionResult, TestResult

_OPTION = "--caltrop"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("caltrop", "detections of Caltrop content repositories")
    group.addoption(
        _OPTION, action="append", default=[], metavar="DIR", help="Prove the detections of this content repository."
    )
    group.addoption(
        "--caltrop-attack-data", action="append", default=[], metavar="DIR",
        help="A local clone of published data for them; may be repeated.",
    )  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """What is collected besides: the repositories' detections; alone, where nothing else was named."""
    config.addinivalue_line("markers", "caltrop: a test of a detection (--caltrop)")
    roots = [Path(folder).resolve() for folder in config.getoption(_OPTION)]
    if not roots:
        return
    for root in roots:
        if not (root / "detections").is_dir():
            raise pytest.UsageError(f"{_OPTION} {root}: there is no folder 'detections' in it")
    ours = [str(root / "detections") for root in roots]
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    config.args = [*config.args, *ours] if named else ours
    config.stash[_ROOTS] = {root: _Repository(root, config) for root in roots}


_ROOTS = pytest.StashKey[dict[Path, "_Repository"]]()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix not in (".yml", ".yaml"):
        return None
    for root, repository in parent.config.stash.get(_ROOTS, {}).items():
        if (root / "detections") in file_path.resolve().parents:
            return DetectionFile.from_parent(parent, path=file_path, repository=repository)
    return None


def pytest_unconfigure(config: pytest.Config) -> None:
    for repository in config.stash.get(_ROOTS, {}).values():
        repository.close()


class _Repository:
    """A repository, built and on a server when the first detection is to be proved."""

    def __init__(self, root: Path, config: pytest.Config) -> None:
        self.root = root
        self._attack_data = tuple(str(Path(folder).resolve()) for folder in config.getoption("--caltrop-attack-data"))
        self._stack = ExitStack()
        self._bench: Any = None
        self._catalogue: Any = None
        self._results: dict[str, DetectionResult] = {}

    @property
    def detections(self) -> Sequence[Detection]:
        """Raises `Collector.CollectError` behind every error of content that cannot be built."""
        if self._catalogue is None:
            from caltrop.content import load

            self._catalogue = load(self.root)
        if self._catalogue.blocking:
            faults = "\n".join(str(problem) for problem in self._catalogue.errors)
            raise pytest.Collector.CollectError(f"the content of {self.root} has errors:\n{faults}")
        found: Sequence[Detection] = self._catalogue.detections
        return found

    def result(self, detection: Detection, number: int) -> TestResult:
        """What came of one test of a detection."""
        if detection.file not in self._results:
            from caltrop.testing.bench import Task

            if self._bench is None:
                self._bench = self._started()
            task = Task(detection=detection, search=str(self._catalogue.config.rule_name(detection.name)))
            done = self._bench(task)
            assert done.result is not None
            self._results[detection.file] = done.result
        return self._results[detection.file].tests[number]

    def _started(self) -> Any:
        import tempfile

        from caltrop.content.config import addon_packages
        from caltrop.render import build
        from caltrop.testing.bench import Bench, Setting

        out = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="caltrop-pytest-"))
        config = self._catalogue.config
        apps = addon_packages(self.root) if (self.root / "app.yml").is_file() else []
        setting = Setting(
            root=str(self.root),
            package=str(build(self._catalogue, out).package.resolve()),
            app=config.id,
            apps=tuple(str(path.resolve()) for path in apps),
            attack_data=self._attack_data,
            data_cache=config.data_cache,
        )
        return Bench(setting, self._stack)

    def close(self) -> None:
        self._stack.close()


class DetectionFile(pytest.File):
    """One detection; its tests are the items."""

    def __init__(self, *, repository: _Repository, **given: Any) -> None:
        super().__init__(**given)
        self.repository = repository

    def collect(self) -> Iterator[pytest.Item]:
        file = Path(os.path.relpath(self.path.resolve(), self.repository.root)).as_posix()
        for detection in self.repository.detections:
            if detection.file == file:
                for number, test in enumerate(detection.tests):
                    yield DetectionTest.from_parent(
                        self, name=test.name or f"test {number + 1}", detection=detection, number=number
                    )


class NotProved(Exception):
    """A test that did not pass; the text is the whole report."""


class DetectionTest(pytest.Item):
    """One test of a detection."""

    def __init__(self, *, detection: Detection, number: int, **given: Any) -> None:
        super().__init__(**given)
        self.detection = detection
        self.number = number
        self.add_marker("caltrop")

    def runtest(self) -> None:
        assert isinstance(self.parent, DetectionFile)
        result = self.parent.repository.result(self.detection, self.number)
        for note in result.notes:
            self.add_report_section("call", "notes", note)
        if result.skipped:
            pytest.skip(result.skipped)
        if result.status != "passed":
            raise NotProved(told(result))
        if result.stand_in:
            self.user_properties.append(("verdict", result.verdict))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, NotProved):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        line = self.detection.tests[self.number].line
        return self.path, max(line - 1, 0), f"{self.detection.name}: {self.name}"


def told(result: TestResult) -> str:
    """The places to open, what was seen, why, and what held."""
    lines = []
    if result.error:
        lines.append(f"{result.file}:{result.line}: {result.error}")
    for check in result.checks:
        if not check.passed:
            lines.append(f"{result.file}:{check.line or result.line}: {check.name}: {check.seen}")
    lines += [f"  {line}" for line in result.why]
    held = [check.name for check in result.checks if check.passed]
    if held:
        lines.append(f"held: {', '.join(held)}")
    return "\n".join(lines) or f"{result.file}:{result.line}: nothing was asserted"
