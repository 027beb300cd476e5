"""The documentation site: a page a detection, indexes by story, technique and data source, search without a server.

Static files only. What comes from content is escaped by the templates; the search's words are JSON in a script of
their own, so that pages work from a file:// address too.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from caltrop.content.attack import KILL_CHAIN, techniques
from caltrop.content.model import Catalogue, Deployment, Detection, snake
from caltrop.content.spltext import macro_calls, pipes
from caltrop.content.wellknown import macros as wellknown_macros
from caltrop.errors import CaltropError, Location
from caltrop.render.package import write_tree
from caltrop.render.savedsearches import mappings

INDEXES = (
    ("Detections", "index.html"),
    ("Stories", "stories.html"),
    ("Techniques", "techniques.html"),
    ("Data sources", "data_sources.html"),
)
Results = dict[str, dict[str, str]]  # detection -> test -> passed, passed (stand-in), failed, error, skipped


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    anchor: str
    about: str
    detections: list[dict[str, Any]]


def site(catalogue: Catalogue, results: Results | None = None) -> dict[str, bytes]:
    """Path -> content of every file of the site."""
    env = _environment()
    results = results or {}
    shown = sorted(catalogue.detections, key=lambda d: d.name.lower())
    rows = [_row(item, results.get(item.name, {})) for item in shown]
    common = {"app": catalogue.config, "indexes": INDEXES, "up": ""}
    files = {"index.html": env.get_template("index.html.j2").render(detections=rows, filters=_filters(rows), **common)}
    files["words.js"] = f"const WORDS = {_script(_words(item) for item in shown)};\n"
    for file, heading, groups in (
        ("stories.html", "Stories", _stories(catalogue, shown, rows)),
        ("techniques.html", "Techniques", _techniques(shown, rows)),
        ("data_sources.html", "Data sources", _data_sources(catalogue, shown, rows)),
    ):
        files[file] = env.get_template("group.html.j2").render(heading=heading, groups=groups, **common)
    page = env.get_template("detection.html.j2")
    for item in shown:
        body = page.render(**{**common, "up": "../"}, **_page(catalogue, item), results=results.get(item.name, {}))
        files[f"detections/{_file(item)}"] = body
    out = {name: body.encode() for name, body in files.items()}
    for name in ("style.css", "search.js"):
        out[name] = (Path(__file__).parent / "site" / name).read_bytes()
    return dict(sorted(out.items()))


def write_site(catalogue: Catalogue, folder: Path, results: Results | None = None) -> int:
    """Write the site; the folder holds nothing else afterwards. Returns the number of files."""
    files = site(catalogue, results)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "words.js").is_file():
        raise CaltropError(
            "the folder holds something else",
            location=Location(str(folder)),
            hint="give an empty folder, or an earlier site",
        )
    write_tree(folder, files)
    return len(files)


def read_results(path: Path) -> Results:
    """Results of tests from the JUnit report that `caltrop test` writes."""
    try:
        root = ET.parse(path).getroot()
    except (ET.ParseError, OSError) as error:
        raise CaltropError(f"not a JUnit report: {error}", location=Location(str(path))) from error
    out: Results = {}
    for case in root.iter("testcase"):
        tags = {child.tag for child in case}
        outcome = next((word for tag, word in _OUTCOMES if tag in tags), "passed")
        told = case.find("properties/property[@name='verdict']")
        outcome = outcome if told is None else told.get("value") or outcome
        out.setdefault(case.get("classname", ""), {})[case.get("name", "")] = outcome
    return out


_OUTCOMES = (("failure", "failed"), ("error", "error"), ("skipped", "skipped"))


def _environment() -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "site"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["link"] = _link
    env.filters["anchor"] = _anchor
    env.filters["prose"] = _prose
    return env


def _link(text: str) -> Markup:
    """A web address as a link; anything else as text. (Only http and https: content is not trusted.)"""
    safe = escape(text)
    return Markup(f'<a href="{safe}" rel="noreferrer">{safe}</a>') if re.match(r"https?://", text) else safe


def _prose(text: str) -> Markup:
    """Text in which what stands in backticks is code, as authors write it; everything else is text."""
    parts = re.split(r"`([^`\n]+)`", text)
    pieces = [
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    ]
    return Markup("").join(pieces)


def _anchor(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")


def _file(item: Detection) -> str:
    return re.sub(r"[^\w.-]", "_", snake(item.name)) + ".html"


def _row(item: Detection, results: dict[str, str]) -> dict[str, Any]:
    order = ("failed", "error", "skipped", "passed (stand-in)", "passed")
    worst = next((word for word in order if word in results.values()), "")
    known = techniques()
    return {
        "page": _file(item),
        "name": item.name,
        "type": item.type,
        "status": item.status,
        "mitre_attack_id": item.mitre_attack_id,
        "modification_date": item.modification_date,
        "result": worst or ("not run" if item.tests else "no test"),
        "tactics": list(
            dict.fromkeys(tactic for i in item.mitre_attack_id if i in known for tactic in known[i].tactics)
        ),
        "sources": list(item.data_source),
    }


def _filters(rows: list[dict[str, Any]]) -> list[tuple[str, str, list[str]]]:
    """(attribute of a row, what it is called, its values) of what the list can be narrowed by; none where all are alike."""
    tactics = [tactic for tactic in KILL_CHAIN if any(tactic in row["tactics"] for row in rows)]
    found = [
        ("tactic", "Tactic", tactics),
        ("status", "Status", sorted({row["status"] for row in rows})),
        ("source", "Data source", sorted({source for row in rows for source in row["sources"]}, key=str.lower)),
        ("verdict", "Test", sorted({row["result"] for row in rows})),
    ]
    return [(name, title, values) for name, title, values in found if len(values) > 1]


def _stages(search: str) -> str:
    """A search written on one line, with a line a stage; any other as it was written."""
    if "\n" in search:
        return search
    starts = [0, *(at for at, depth in pipes(search) if at and not depth), len(search)]
    return "\n".join(search[start:end].rstrip() for start, end in pairwise(starts))


def _words(item: Detection) -> str:
    known = techniques()
    names = [known[i].name for i in item.mitre_attack_id if i in known]
    parts = [
        item.name,
        item.description,
        item.type,
        *item.analytic_story,
        *item.mitre_attack_id,
        *names,
        *item.data_source,
        *item.cve,
    ]
    return " ".join(" ".join([*parts, item.search]).lower().split())


def _script(values: Iterable[str]) -> str:
    """JSON that is safe inside a script."""
    return json.dumps(list(values)).replace("<", "\\u003c").replace("\u2028", "\\u2028")


def _page(catalogue: Catalogue, item: Detection) -> dict[str, Any]:
    deployment = catalogue.deployment(item.type) or Deployment(name="", file="", type=item.type)
    found = mappings(catalogue.config, item)
    defined = {(m.name, len(m.arguments)): m.definition for m in [*wellknown_macros(), *catalogue.macros]}
    calls = {(c.name, c.arity): None for c in macro_calls(item.search) if c.name and c.name != item.filter_macro}
    sources = {s.name: f"{s.source} / {s.sourcetype}" for s in catalogue.data_sources}
    return {
        "d": item,
        "search": _stages(item.search),
        "schedule": item.schedule or deployment.schedule,
        "techniques": [techniques()[i] for i in item.mitre_attack_id if i in techniques()],
        "annotations": [
            ("Kill chain phase", found.get("kill_chain_phases", item.kill_chain_phases or ())),
            ("NIST", found.get("nist", ())),
            ("CIS", found.get("cis20", ())),
            ("CVE", item.cve),
        ],
        "macros": [
            (f"{name}({arity})" if arity else name, defined.get((name, arity)) or "defined by another app")
            for name, arity in calls
        ],
        "stories": [(name, _anchor(name)) for name in item.analytic_story],
        "sources": [(name, sources.get(name, "")) for name in item.data_source],
    }


def _stories(catalogue: Catalogue, items: list[Detection], rows: list[dict[str, Any]]) -> list[Group]:
    about = {story.name: story.description for story in catalogue.stories}
    return _grouped(items, rows, lambda d: d.analytic_story, about)


def _techniques(items: list[Detection], rows: list[dict[str, Any]]) -> list[Group]:
    known = techniques()
    about = {i: f"{t.name} ({', '.join(t.tactics)})" for i, t in known.items()}
    return _grouped(items, rows, lambda d: d.mitre_attack_id, about)


def _data_sources(catalogue: Catalogue, items: list[Detection], rows: list[dict[str, Any]]) -> list[Group]:
    about = {s.name: f"{s.source} / {s.sourcetype}" for s in catalogue.data_sources}
    return _grouped(items, rows, lambda d: d.data_source, about)


def _grouped(items: list[Detection], rows: list[dict[str, Any]], names: Any, about: dict[str, str]) -> list[Group]:
    found: dict[str, list[dict[str, Any]]] = {}
    for item, row in zip(items, rows, strict=True):
        for name in dict.fromkeys(names(item)):
            found.setdefault(name, []).append(row)
    return [Group(name, _anchor(name), about.get(name, ""), found[name]) for name in sorted(found, key=str.lower)]
