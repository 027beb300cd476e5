"""The search itself: what the analysis finds, does it end in its filter macro, and does it give what its object needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from caltrop.analysis import Known, analyse
from caltrop.content import enriched, halves
from caltrop.content.cache import Bundle, key
from caltrop.content.checks.finding import Finding, of
from caltrop.content.checks.references import Search, searches
from caltrop.content.checks.risk import entity_fields, messages, tokens
from caltrop.content.checks.surroundings import stamp, surroundings
from caltrop.content.config import AppConfig
from caltrop.content.document import Path
from caltrop.content.model import Catalogue, Detection
from caltrop.content.spltext import macro_calls, without_comments
from caltrop.dialect.words import did_you_mean
from caltrop.spl import SplError, parse
from caltrop.spl.ast import Comparison, Word
from caltrop.spl.fieldsets import OPEN, Fields

# Tokens of a drilldown that Enterprise Security fills in from the finding, not from the search's result.
_FINDING_TOKENS = ("info_min_time", "info_max_time", "info_sid", "info_search_time", "event_id", "rule_name", "source")


_ALONE = 100  # fewer searches are checked by one process
_NOTABLE_FIELDS = "notable-not-output"
_OWN_INDEXES = ("risk", "notable", "*")


def check(catalogue: Catalogue, bundle: Bundle | None = None) -> Iterator[Finding]:
    known = surroundings(catalogue)

    def pack(items: Sequence[Search]) -> list[bytes]:
        return [msgspec.msgpack.encode(list(_item(item, known, catalogue))) for item in items]

    items = list(searches(catalogue))
    if bundle is None:
        found = _packed(items, pack)
    else:
        context = key(stamp(catalogue))  # it is long, and part of the key of every search
        keys = [key(b"search", context, msgspec.msgpack.encode(item)) for item in items]
        missing = [index for index, k in enumerate(keys) if bundle.get(k) is None]
        for index, one in zip(missing, _packed([items[i] for i in missing], pack), strict=True):
            bundle.put(keys[index], one)
        found = [bundle.get(k) or b"" for k in keys]
    everything = [finding for one in found for finding in msgspec.msgpack.decode(one, type=list[Finding])]
    yield from (finding for finding in everything if finding.code != _NOTABLE_FIELDS)
    yield from _together(finding for finding in everything if finding.code == _NOTABLE_FIELDS)


def _packed(items: Sequence[Search], pack: Callable[[Sequence[Search]], list[bytes]]) -> list[bytes]:
    return halves.packed(items, pack, lambda item: len(item.search), _ALONE)


def _item(item: Search, known: Known, catalogue: Catalogue) -> Iterator[Finding]:
    analysis = analyse(item.search, known)
    for one in analysis.mistakes:
        yield of(
            item, ("search",), one.code, one.message, one.hint, one.span.start,
            width=one.span.end - one.span.start, severity=one.severity,
        )  # fmt: skip
    if not isinstance(item, Detection):
        return
    yield from _filter(item)
    fields = OPEN
    if analysis.reading is not None:
        yield from _indexes(item, catalogue.config)
        fields = analysis.reading.runs[0].output
        yield from _enrichment(item, fields)
        fields = _enriched(item, fields)
        yield from _notable_fields(item, fields, catalogue)
    lenient = "warning" if _breaks_little(item) else ""
    yield from (one._replace(severity=lenient) for one in (*_tokens(item, fields), *_outputs(item, fields)))


def _breaks_little(item: Detection) -> bool:
    """Whether what a message lacks reaches nobody: a Hunting search that scores nothing, or content that does not run."""
    return item.status in ("experimental", "deprecated") or (item.type == "Hunting" and not _scores(item))


def _scores(item: Detection) -> bool:
    """Whether hits become risk: Hunting has no risk in the older schemas, whatever their tags say."""
    return item.schema in ("flat", "rba") and bool(item.risk_objects)


def _tokens(item: Detection, fields: Fields) -> Iterator[Finding]:
    """Tokens of risk messages: closed, and fields of the result."""
    seen: set[str] = set()
    for path, message in messages(item):
        if message in seen:
            continue
        seen.add(message)
        good, bad = tokens(message, fields.names)
        for offset, what in bad:
            hint = f"write '{what.split(chr(39))[1]}$'" if "not closed" in what else "remove it"
            yield of(item, path, "bad-token", what, hint, offset)
        for name, offset in good:
            if not fields.has(name):
                what = f"the message uses ${name}$, which the search does not output"
                yield of(item, path, "token-not-output", what, _hint(name, fields), offset)


def _outputs(item: Detection, fields: Fields) -> Iterator[Finding]:
    """Everything that risk, throttling and drilldowns take from the result is in the result."""
    for path, name in entity_fields(item):
        if not fields.has(name):
            what = f"the search does not output {name!r}"
            yield of(item, path, "entity-not-output", what, _hint(name, fields))
    for name in item.throttling.fields if item.throttling else ():
        if not fields.has(name):
            what = f"throttled by {name!r}, which the search does not output"
            yield of(item, ("throttling", "fields"), "throttle-not-output", what, _hint(name, fields))
    for index, drill in enumerate(item.drilldown_searches):
        for part in ("name", "search"):
            for name, offset in tokens(getattr(drill, part), fields.names)[0]:
                if name not in _FINDING_TOKENS and not fields.has(name):
                    path = ("drilldown_searches", index, part)
                    what = f"the drilldown uses ${name}$, which the search does not output"
                    yield of(item, path, "drilldown-not-output", what, _hint(name, fields), offset)


def _notable_fields(item: Detection, fields: Fields, catalogue: Catalogue) -> Iterator[Finding]:
    """What the deployment says of every notable of the type holds for this search too."""
    deployment = catalogue.deployment(item.type)
    if deployment is None or not deployment.notable:
        return
    for index, name in enumerate(deployment.nes_fields):
        if not fields.has(name):
            yield of(deployment, ("alert_action", "notable", "nes_fields", index), _NOTABLE_FIELDS, item.name, name)


def _together(found: Iterable[Finding]) -> Iterator[Finding]:
    """One finding a field of a deployment, which names the detections that lack it: it is one line that is to be mended."""
    lacking: dict[tuple[str, Path, str], list[str]] = {}
    for one in found:
        lacking.setdefault((one.file, one.path, one.hint), []).append(one.message)
    for (file, path, name), detections in lacking.items():
        more = f" and {len(detections) - 3} more" if len(detections) > 3 else ""
        what = f"nes_fields names {name!r}, which is not output by {', '.join(map(repr, sorted(detections)[:3]))}{more}"
        hint = "leave nes_fields out: each detection's own risk objects are named then"
        yield Finding(file, path, _NOTABLE_FIELDS, what, hint)


def _enrichment(item: Detection, fields: Fields) -> Iterator[Finding]:
    """There is something to read, and what the lookups match is in the result or among what was added before them."""
    if item.enrichment is None:
        return
    reads = (item.enrichment.field,) if item.enrichment.field else enriched.READS
    if not any(fields.has(name) for name in reads):
        what = "the search outputs nothing that enrichhits reads: " + ", ".join(reads)
        yield of(item, ("enrichment",), "enrichment-not-output", what, _hint(reads[0], fields))
    known = fields.adding(enriched.ADDS)
    for index, lookup in enumerate(item.enrichment.lookups):
        for _, name in lookup.pairs():
            if not known.has(name):
                what = f"the lookup {lookup.name!r} matches {name!r}, which neither the search nor enrichhits outputs"
                yield of(
                    item, ("enrichment", "lookups", index, "match"), "enrichment-not-output", what, _hint(name, known)
                )
        known = known.adding(name for _, name in lookup.outputs())


def _enriched(item: Detection, fields: Fields) -> Fields:
    """What the shipped search outputs: with what the enrichment adds."""
    if item.enrichment is None:
        return fields
    return fields.adding(
        [*enriched.ADDS, *(name for lookup in item.enrichment.lookups for _, name in lookup.outputs())]
    )


def _indexes(item: Detection, config: AppConfig) -> Iterator[Finding]:
    """`index=` belongs into a macro that sites can change, unless the index is Splunk's own or declared external."""
    try:
        nodes = parse(item.search).walk() if "index" in item.search else ()
        found = [node for node in nodes if isinstance(node, Comparison) and node.field.name == "index"]
    except SplError:  # it needs its macros to parse: then what they hold is the site's to change
        return
    for node in found:
        if isinstance(node.value, Word):
            name = node.value.text
            if not name.startswith("_") and name not in (*_OWN_INDEXES, *config.external_indexes):
                what = f"the search reads index {name!r} outright"
                hint = "put it into a macro, or declare the index external in app.yml"
                yield of(item, ("search",), "fixed-index", what, hint, node.span.start)


def _hint(name: str, fields: Fields) -> str:
    names = sorted(fields.names)
    return did_you_mean(name, names) or "the search gives out " + ", ".join(names[:12])


def _filter(item: Detection) -> Iterator[Finding]:
    calls = [c for c in macro_calls(item.search) if c.name == item.filter_macro]
    if not calls:
        hint = f"end the search with | `{item.filter_macro}`"
        yield of(item, ("search",), "filter-macro", f"the filter macro `{item.filter_macro}` is missing", hint)
    elif without_comments(item.search)[calls[-1].end :].strip():
        message = f"the filter macro `{item.filter_macro}` is not last"
        hint, width = "move it to the end of the search", calls[-1].end - calls[-1].start
        yield of(item, ("search",), "filter-macro", message, hint, calls[-1].start, width=width, severity="warning")
