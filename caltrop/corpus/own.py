"""Every detection of a content repository on its own published data: does it fire, and if not, where were its events lost?

One instance a test: the repository's app and the add-ons, the test's data sets under the source and sourcetype that the
test states, broken into events and dated by the rules that these have. The search runs over all time.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from caltrop import __version__
from caltrop.content import Catalogue, Detection
from caltrop.content.model import RowBounds, Test
from caltrop.corpus.run import INDEXES, as_command, cause, write_app
from caltrop.engine.budget import Stop
from caltrop.engine.execute import Stage
from caltrop.engine.instance import Instance
from caltrop.errors import CaltropError
from caltrop.explained import explained
from caltrop.replay.clone import Clone
from caltrop.replay.delivery import reads_as_it_is
from caltrop.workers import Died
from caltrop.workers import run as in_parallel

SECONDS = 300.0  # that one search may take
TEXT_SHOWN = 200  # characters of a stage
WHY_KEPT = 7  # findings of an explanation
Verdict = Literal["fires", "silent", "error", "absent"]


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """One data set in the clone, and what the test says that it is."""

    path: str
    source: str
    sourcetype: str
    index: str = "main"
    host: str = ""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One test of one detection. `absent` says which of its data is not here (then nothing runs)."""

    detection: str
    id: str
    file: str
    test: str
    search: str
    data: tuple[Data, ...] = ()
    absent: tuple[str, ...] = ()
    hits: RowBounds = RowBounds()
    key: str = ""  # changes with anything that the outcome depends on


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a trial. `lost` says, for a silent one, where its events went; `problems` are the data's."""

    key: str
    detection: str
    id: str
    file: str
    test: str
    verdict: Verdict
    events: int = 0
    hits: int = 0
    lost: str = ""
    why: tuple[str, ...] = ()  # what explains it
    error: str = ""
    cause: str = ""  # the error without what is particular to this detection
    absent: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    seconds: float = 0.0


def trials(catalogue: Catalogue, clone: Clone, apps: Sequence[Path], *, everything: bool = False) -> Iterator[Trial]:
    """The tests of production detections (`everything`: of all), with their data as found in the clone.

    `apps` are the folders of the other apps that they run with.
    """
    common = _digest([__version__, *_rules(catalogue, apps)])
    for detection in catalogue.detections:
        if everything or detection.status == "production":
            for test in detection.tests:
                if test.attack_data:
                    yield _trial(detection, test, clone, common)


def _rules(catalogue: Catalogue, apps: Sequence[Path]) -> Iterator[str]:
    """What every search of the repository may lean on."""
    yield from (repr(macro) for macro in catalogue.macros)
    yield from (repr(lookup) for lookup in catalogue.lookups)
    for app in apps:
        for path in sorted(p for p in app.rglob("*") if p.is_file()):
            yield f"{path.relative_to(app.parent)} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def _trial(detection: Detection, test: Test, clone: Clone, common: str) -> Trial:
    data, absent, marks = [], [], []
    for item in test.attack_data:
        found = clone.find(item.data)
        if found.path is None or found.state != "here":
            absent.append(str(found))
            continue
        stat = found.path.stat()
        marks.append(f"{found.path} {stat.st_size} {stat.st_mtime_ns}")
        one = Data(
            path=str(found.path),
            source=item.source,
            sourcetype=item.sourcetype,
            index=item.custom_index or "main",
            host=item.host,
        )
        data.append(one)
    return Trial(
        detection=detection.name,
        id=detection.id,
        file=detection.file,
        test=test.name,
        search=detection.search,
        data=tuple(data),
        absent=tuple(absent),
        hits=test.expect.hits,
        key=_digest([common, detection.id, detection.search, repr(test), *marks, *absent]),
    )


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


# -- one trial


class Bench:
    """What one process tries detections with: the folders of apps, the content's own among them. No search changes them."""

    def __init__(self, apps: Sequence[Path], app: str) -> None:
        self._apps = apps
        self._app = app

    def __call__(self, trial: Trial) -> Outcome:
        began = time.perf_counter()
        try:
            outcome = self._run(trial)
        except CaltropError as error:
            text = " ".join(str(error).split())
            outcome = _outcome(trial, "error", error=text, cause=cause(error))
        except (RecursionError, MemoryError, OSError) as error:
            outcome = _outcome(trial, "error", error=f"{type(error).__name__}: {error}", cause=type(error).__name__)
        return msgspec.structs.replace(outcome, seconds=round(time.perf_counter() - began, 3))

    def _run(self, trial: Trial) -> Outcome:
        instance = Instance(None, self._apps)
        for name in dict.fromkeys([*INDEXES, *(data.index for data in trial.data)]):
            instance.store.create_index(name)
        problems: list[str] = []
        events = sum(load(instance, data, problems) for data in trial.data)
        result = instance.search(as_command(trial.search), app=self._app, stop=Stop(SECONDS))
        hits = len(result.table)
        why = [] if hits else [finding.text for finding in explained(instance, result, app=self._app).findings]
        bounds = trial.hits
        fires = hits >= (bounds.at_least or 0) and (bounds.at_most is None or hits <= bounds.at_most)
        return msgspec.structs.replace(
            _outcome(trial, "fires" if fires else "silent"),
            events=events,
            hits=hits,
            lost="" if fires else lost(result.stages, events, hits),
            why=() if fires else tuple(why[:WHY_KEPT]),
            problems=tuple(dict.fromkeys([*problems, *(message.text for message in result.messages)])),
        )


def load(instance: Instance, data: Data, problems: list[str]) -> int:
    """Index a data set as its test says that it is; the number of events. What was wrong with it is added to `problems`."""
    plain = bool(data.sourcetype) and reads_as_it_is(Path(data.path))
    options = instance.import_options(
        host=data.host or None,
        source=data.source or None,
        sourcetype=data.sourcetype or None,
        index=data.index,
        format="raw" if plain else "auto",
        on_problem=lambda problem: problems.append(str(problem)),
    )
    return instance.add_file(data.path, options)


def lost(stages: Sequence[Stage], events: int, hits: int) -> str:
    """Where a search lost its events: the first stage that gave no row, with what it was given."""
    if not events:
        return "the data holds no event"
    before = events
    for number, stage in enumerate(stages, 1):
        if not stage.rows:
            what = "events were loaded" if number == 1 else "rows came in"
            text = stage.text if len(stage.text) <= TEXT_SHOWN else stage.text[:TEXT_SHOWN] + "…"
            return f"stage {number} of {len(stages)} gave no row ({before:,} {what}): {text}"
        before = stage.rows
    return f"{hits:,} hits are not what the test expects"


def _outcome(trial: Trial, verdict: Verdict, *, error: str = "", cause: str = "") -> Outcome:
    return Outcome(
        key=trial.key,
        detection=trial.detection,
        id=trial.id,
        file=trial.file,
        test=trial.test,
        verdict=verdict,
        absent=trial.absent,
        error=error,
        cause=cause,
    )


# -- all of them


class Start(msgspec.Struct, frozen=True):
    """Makes a `Bench` in another process."""

    apps: tuple[str, ...]
    app: str

    def __call__(self) -> Callable[[Trial], Outcome]:
        return Bench([Path(path) for path in self.apps], self.app)


def attempt(catalogue: Catalogue, chosen: Sequence[Trial], apps: Sequence[Path], jobs: int) -> Iterator[Outcome]:
    """The outcomes of trials, as they come, beside the apps in these folders."""
    for trial in chosen:
        if trial.absent:
            yield _outcome(trial, "absent")
    here = [trial for trial in chosen if not trial.absent]
    if not here:
        return
    with tempfile.TemporaryDirectory(prefix="caltrop-own-") as folder:
        start = Start(tuple(map(str, [*apps, write_app(catalogue, Path(folder), views=False)])), catalogue.config.id)
        for trial, result in in_parallel(start, here, min(jobs, len(here))):
            if isinstance(result, Died):
                yield _outcome(trial, "error", error=str(result), cause=str(result))
            else:
                yield result


def kept(path: Path) -> dict[str, Outcome]:
    """Outcomes of an earlier run by key; a line that was cut when that run was stopped is left out."""
    found: dict[str, Outcome] = {}
    if path.is_file():
        for line in path.read_bytes().splitlines():
            with suppress(msgspec.DecodeError):
                outcome = msgspec.json.decode(line, type=Outcome)
                found[outcome.key] = outcome
    return found


def tally(outcomes: Sequence[Outcome]) -> tuple[int, int, int]:
    """(detections that fire, that have data here, that have none): one fires when every test whose data is here does."""
    by_detection: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_detection.setdefault(outcome.id or outcome.detection, []).append(outcome)
    here = [found for group in by_detection.values() if (found := [o for o in group if o.verdict != "absent"])]
    fires = sum(all(outcome.verdict == "fires" for outcome in group) for group in here)
    return fires, len(here), len(by_detection) - len(here)


def as_line(outcome: Outcome) -> str:
    """One JSON line, keys that say nothing left out."""
    value = {key: item for key, item in msgspec.to_builtins(outcome).items() if item not in ("", (), [])}
    return json.dumps(value, ensure_ascii=False)
