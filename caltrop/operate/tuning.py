"""The filter macro of a detection: what it holds, what a candidate would leave, and the candidate saved.

A preview runs the detection up to its filter once, numbers the hits, and asks both filters which of them stay; where the filter
stands within another stage (the first one, which reads the events) the search is run with each filter instead, and rows are
compared. Nothing is saved by it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from splunklib.binding import HTTPError

from caltrop.analysis import Known, Mistake, analyse
from caltrop.content.spltext import macro_calls, pipes
from caltrop.errors import CaltropError, Location
from caltrop.operate.installed import Installed, needs
from caltrop.replay.remote import RemoteTarget, reason
from caltrop.replay.target import Row, TargetError
from caltrop.spl.macros import Macro
from caltrop.spl.source import position

UNTUNED = "search *"
HIGH = 61  # from this risk score on a hit is "high" in Enterprise Security's words
NUMBER, PART = "caltrop_hit", "caltrop_filter"
NEWEST = (
    "_time",
    "lastTime",
    "last_time",
    "firstTime",
    "first_time",
)  # by which hits are the newest, the first that a row has
FIELDS, VALUES = 6, 5  # shown of what goes
# What a value of differs from hit to hit, or says nothing of who was hit.
_FLEETING = frozenset(
    {"count", "dc", "_time", "_raw", "_cd", "_bkt", "_si", "_serial", "_indextime", "linecount", "punct", *NEWEST}
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a search calls its filter macro: the text before, the call, the text after."""

    before: str
    call: str
    after: str

    @property
    def alone(self) -> bool:
        """Whether the call is a stage of its own, as `| ... | the_filter`, with or without stages after it."""
        stages = [at for at, depth in pipes(self.before) if depth == 0]
        return bool(stages) and not self.before[stages[-1] + 1 :].strip() and not self.after.partition("|")[0].strip()

    def filled(self, definition: str) -> str:
        return f"{self.before}{definition}{self.after}"


@dataclass(frozen=True, slots=True)
class Preview:
    """The hits of the range, newest first, with the numbers of those that today's filter lets through and that the candidate would."""

    hits: tuple[Row, ...]
    today: frozenset[int]
    candidate: frozenset[int]

    @property
    def gone(self) -> tuple[Row, ...]:
        """What today's filter lets through and the candidate does not, newest first."""
        return self._rows(self.today - self.candidate)

    @property
    def back(self) -> tuple[Row, ...]:
        """What comes back with the candidate, newest first."""
        return self._rows(self.candidate - self.today)

    @property
    def now(self) -> tuple[Row, ...]:
        """What today's filter lets through, newest first."""
        return self._rows(self.today)

    @property
    def removes_everything(self) -> bool:
        return bool(self.today) and not self.candidate

    def _rows(self, numbers: frozenset[int]) -> tuple[Row, ...]:
        return tuple(self.hits[number] for number in sorted(numbers))


def high(rows: Sequence[Row], detection: Installed) -> tuple[Row, ...]:
    """Those whose risk score is high."""
    return tuple(row for row in rows if score(row, detection) >= HIGH)


def by_field(
    rows: Sequence[Row], hits: Sequence[Row], detection: Installed
) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """Some of the hits by the values of fields, the most frequent first. Fields that are scored come first, then those with the
    fewest values over all hits; what is the same in every hit tells nothing and comes last."""
    among, over = _counted(rows), _counted(hits)
    scored = [str(one["risk_object_field"]) for one in detection.risk]
    order = sorted(among, key=lambda name: (name not in scored, len(over[name]) == 1, len(over[name])))
    for name in order[:FIELDS]:
        yield name, among[name].most_common(VALUES)


def _counted(rows: Sequence[Row]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        for name, value in row.items():
            if name not in _FLEETING and not name.startswith("_"):
                counts.setdefault(name, Counter()).update(value if isinstance(value, list) else [str(value)])
    return counts


def arranged(row: Row, detection: Installed) -> Row:
    """The hit with its time and what is scored first."""
    first = [*(name for name in NEWEST if row.get(name)), *(str(one["risk_object_field"]) for one in detection.risk)]
    return {name: row[name] for name in dict.fromkeys([*first, *row]) if name in row}


def place(detection: Installed) -> Place:
    """Raises CaltropError for a search that calls no filter macro."""
    calls = [call for call in macro_calls(detection.spl) if call.name == detection.filter_macro]
    if not calls or not detection.filter_macro:
        raise CaltropError(
            f"{detection.name} calls no filter macro: there is nothing to tune it by",
            hint="end its search with | `<file name>_filter` and build again",
        )
    call, text = calls[-1], detection.spl
    return Place(text[: call.start], text[call.start : call.end], text[call.end :])


def macros(target: RemoteTarget, app: str) -> dict[tuple[str, int], Macro]:
    """The macros that searches of the app see, by name and number of arguments."""
    try:
        reply = target.service.get(
            "configs/conf-macros", owner="nobody", app=app, sharing="app", count=0, output_mode="json"
        )
    except HTTPError as error:
        raise TargetError(f"{target.url} does not list macros: {reason(error)}") from error
    found = {}
    for entry in json.loads(reply.body.read())["entry"]:
        name, content = entry["name"].partition("(")[0], entry["content"]
        args = tuple(part.strip() for part in str(content.get("args") or "").split(",") if part.strip())
        definition = str(content.get("definition") or "")
        found[name, len(args)] = Macro(name, args, definition, str(content.get("iseval", "0")) in ("1", "true", "True"))
    return found


def check(
    target: RemoteTarget, detection: Installed, candidate: str, known: Mapping[tuple[str, int], Macro]
) -> list[CaltropError]:
    """Raises CaltropError, with its line and column in the candidate, for a filter that cannot work where it stands; what only the
    target knows (its own commands) it is asked. Gives back what may be meant so, and most likely is not."""
    where = place(detection)
    start = len(where.before)
    if not candidate.strip():
        raise _wrong(
            candidate, 0, "an empty filter breaks the search", f"a filter that lets everything through is {UNTUNED!r}"
        )
    filled = where.filled(candidate)
    found = analyse(filled, Known(macro=lambda name, arity: known.get((name, arity))))
    here = [one for one in found.mistakes if start <= one.span.start <= start + len(candidate)]
    mine = [one for one in here if one.severity == "error"]
    certain = [one for one in mine if one.code != "unknown-command"]
    if certain:
        raise _told(candidate, certain[0], start)
    called = [call for call in macro_calls(candidate) if call.name and (call.name, call.arity) not in known]
    if called:
        raise _wrong(
            candidate, called[0].start, f"there is no macro `{called[0].name}` of {called[0].arity} arguments", None
        )
    try:
        query = filled if filled.lstrip().startswith("|") else f"search {filled}"
        target.service.parse(query, output_mode="json", parse_only="true")
    except HTTPError as error:
        if mine:
            raise _told(candidate, mine[0], start) from error
        raise _wrong(
            candidate, 0, f"{target.url} cannot read the search with it: {reason(error)}", _command_first(candidate)
        ) from error
    return [_told(candidate, one, start) for one in here if one.severity == "warning"]


def preview(
    target: RemoteTarget, detection: Installed, today: str, candidate: str, earliest: str, latest: str
) -> Preview:
    """What a candidate does to the hits of a range, next to what the macro does today. Raises TargetError where the search cannot
    run, and for a candidate after which hits cannot be told apart any more (it is no filter)."""
    where = place(detection)
    ask = _numbered if where.alone else _compared
    hits, now, then = ask(target, detection.app, where, today, candidate, earliest, latest)
    order = sorted(range(len(hits)), key=lambda number: _when(hits[number]), reverse=True)
    places = {number: at for at, number in enumerate(order)}
    return Preview(
        tuple(hits[number] for number in order),
        frozenset(places[number] for number in now),
        frozenset(places[number] for number in then),
    )


def save(target: RemoteTarget, detection: Installed, candidate: str) -> None:
    """The candidate becomes the macro's definition, in the app's local settings. Raises TargetError where that is refused."""
    try:
        target.set_macro(detection.filter_macro, detection.app, candidate)
    except TargetError as error:
        raise TargetError(f"{error.message}: nothing was changed", hint=error.hint or needs(target.who())) from error


def score(row: Row, detection: Installed) -> float:
    """The risk score of a hit: its own, where its row has one, else the highest that its detection gives."""
    own = row.get("risk_score")
    try:
        return max(float(one) for one in (own if isinstance(own, list) else [own]))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return max((float(one.get("risk_score") or 0) for one in detection.risk), default=0.0)


# -- asking


Asked = tuple[Sequence[Row], set[int], set[int]]  # the hits; numbers of those that stay today, and with the candidate


def _numbered(
    target: RemoteTarget, app: str, where: Place, today: str, candidate: str, earliest: str, latest: str
) -> Asked:
    text = (
        f'{where.before.rstrip().removesuffix("|")}| streamstats count AS {NUMBER} | eval {PART}="all"'
        f' | appendpipe [ {candidate} | eval {PART}="candidate" | fields {NUMBER} {PART} ]'
        f' | appendpipe [ where {PART}="all" | {today} | eval {PART}="today" | fields {NUMBER} {PART} ]'
    )
    rows = _search(target, app, text, earliest, latest)
    parts: dict[str, set[int]] = {"today": set(), "candidate": set()}
    hits = []
    for row in rows:
        part, number = row.get(PART), row.get(NUMBER)
        if part == "all":
            hits.append({name: value for name, value in row.items() if name not in (PART, NUMBER)})
        elif part in parts and number is not None:
            parts[str(part)].add(int(float(str(number))) - 1)
        else:
            raise TargetError(
                "the filter leaves rows that cannot be told from one another: it counts or groups them",
                hint="a filter keeps hits or drops them: search …, where …",
            )
    return hits, parts["today"], parts["candidate"]


def _compared(
    target: RemoteTarget, app: str, where: Place, today: str, candidate: str, earliest: str, latest: str
) -> Asked:
    hits = _search(target, app, where.filled(UNTUNED if where.alone else "*"), earliest, latest)

    def numbers(definition: str) -> set[int]:
        left = Counter(_key(row) for row in _search(target, app, where.filled(definition), earliest, latest))
        found = set()
        for number, row in enumerate(hits):
            if left[_key(row)]:
                left[_key(row)] -= 1
                found.add(number)
        return found

    return hits, numbers(today), numbers(candidate)


def _search(target: RemoteTarget, app: str, text: str, earliest: str, latest: str) -> list[Row]:
    query = text if text.lstrip().startswith("|") else f"search {text}"
    # As the user in the app: what the app's searches see, and no more than this user may.
    return target.search(query, app=app, owner=target.who().name, earliest_time=earliest, latest_time=latest)


def _key(row: Row) -> str:
    return json.dumps(row, sort_keys=True)


def _when(row: Row) -> str:
    """When a hit was, as text that sorts: the first time that its row has."""
    return next((str(row[name]) for name in NEWEST if row.get(name)), "")


# -- saying


def _told(candidate: str, one: Mistake, start: int) -> CaltropError:
    hint = _command_first(candidate) if not one.span.start - start else None
    return _wrong(candidate, one.span.start - start, one.message, hint or one.hint)


def _command_first(candidate: str) -> str | None:
    """What to do about a filter that begins as a search expression does."""
    first = candidate.split(maxsplit=1)[0]
    if first.upper() == "NOT" or first.startswith("(") or "=" in first:
        return f"a filter begins with a command: search {candidate.strip()}"
    return None


def _wrong(candidate: str, at: int, message: str, hint: str | None) -> CaltropError:
    where = position(candidate, max(min(at, len(candidate)), 0))
    return CaltropError(message, location=Location("--filter", where.line, where.column), hint=hint)
