"""The app that a repository builds into: `app.yml`, or the `contentctl.yml` of an ESCU-style repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from caltrop.content.document import Document
from caltrop.content.problems import Problem
from caltrop.content.rules import RULES
from caltrop.content.spec import ANY, BOOL, TEXT, TEXTS, Either, ListOf, MapOf, Obj, Scalar, check
from caltrop.content.values import Data, mapping, mappings, text, texts
from caltrop.errors import CaltropError, Location

VIEWS = ("overview", "hits", "tune", "coverage", "help")  # the first is the app's first page
FLAVOURS = ("es", "no-es", "cloud")
SEVERITIES = ("error", "warning", "off")


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's severity for one detection, and why."""

    detection: str
    rule: str
    severity: str
    reason: str


class AddOn(msgspec.Struct, frozen=True, kw_only=True):
    """A package that the repository's detections are proved with and that stays outside of it; where app.yml names it."""

    path: str  # absolute, or relative to the repository
    line: int
    column: int


class AppConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Identity of the app and how it is rendered. `prefix` starts every search name: '<prefix> - <name> - Rule'.

    `release_date` (ISO) and `build` stamp the app; they come from here, never from the clock, so that builds repeat.
    `file` is where this was read from.
    """

    id: str = "caltrop_content"
    label: str = "Caltrop content"
    prefix: str = "Caltrop"
    version: str = "0.1.0"
    description: str = ""
    license: str = ""
    author_name: str = ""
    author_email: str = ""
    author_company: str = ""
    release_date: str = ""
    build: str = "1"
    flavour: str = "es"
    es_version: int = 7
    kill_chain: bool = True
    template: str = "app"
    views: tuple[str, ...] = VIEWS
    rules: dict[str, str] = {}
    overrides: tuple[Override, ...] = ()
    addons: tuple[AddOn, ...] = ()
    data_cache: tuple[
        tuple[str, str], ...
    ] = ()  # URLs that begin so are below this folder of, or beside, the repository
    external_macros: tuple[str, ...] = ()
    external_lookups: tuple[str, ...] = ()
    external_indexes: tuple[str, ...] = ()
    external_commands: tuple[str, ...] = ()
    external_datamodels: tuple[str, ...] = ()
    # Whether errors in the content stop the build. A repository made for another generator is built all the same.
    strict: bool = True
    file: str = "app.yml"

    def rule_name(self, name: str) -> str:
        return f"{self.prefix} - {name} - Rule"

    def task_name(self, name: str) -> str:
        return f"{self.prefix} - {name} - Response Task"

    def baseline_name(self, name: str) -> str:
        return f"{self.prefix} - {name}"


# Both name files and folders of the output.
_ID = r"[A-Za-z][A-Za-z0-9_.-]{1,99}"
_FOLDER = r"[\w-][\w.-]*(/[\w-][\w.-]*)*"
_VERSION = r"\d+\.\d+\.\d+([-+.][\w.-]+)?"
_TEXTS = (
    "id", "label", "prefix", "version", "description", "license", "release_date", "build", "flavour", "template",
)  # fmt: skip
_SEVERITY = Scalar("text", choices=SEVERITIES)
_RULE = Scalar("text", choices=tuple(RULES))
APP = Obj(
    {
        "id": Scalar("text", pattern=_ID, hint="letters, digits, '_', '.', '-'"),
        "label": TEXT,
        "prefix": TEXT,
        "version": Scalar("text", pattern=_VERSION, hint="write MAJOR.MINOR.PATCH, in quotes"),
        "description": TEXT,
        "license": Scalar("text", pattern=r"[\w][\w.+() -]*", hint="an SPDX expression, such as Apache-2.0"),
        "author": Obj({"name": TEXT, "email": TEXT, "company": TEXT}, ("name",)),
        "release_date": Scalar("date"),
        "build": Scalar("scalar"),
        "flavour": Scalar("text", choices=FLAVOURS),
        "es_version": Scalar("int", low=7, high=8),
        "kill_chain": BOOL,
        "template": Scalar("text", pattern=_FOLDER, hint="a folder of this repository"),
        "views": Either((BOOL, Obj(dict.fromkeys(VIEWS, BOOL)))),
        "validation": Obj(
            {
                "rules": Obj(dict.fromkeys(RULES, _SEVERITY)),
                "overrides": ListOf(
                    Obj(
                        {"detection": TEXT, "rule": _RULE, "severity": _SEVERITY, "reason": TEXT},
                        ("detection", "rule", "severity", "reason"),
                    )
                ),
                "external": Obj(dict.fromkeys(("macros", "lookups", "indexes", "commands", "datamodels"), TEXTS)),
            }
        ),
        "addons": TEXTS,
        "data_cache": MapOf(TEXT),
        "test": MapOf(ANY),
    },
    required=("id", "label", "prefix", "version", "author"),
)


FILES = ("app.yml", "contentctl.yml")


def where_to_look(root: Path) -> str:
    """A hint for who named a folder without content: the repository above it, where there is one."""
    above = next((up for up in root.resolve().parents if any((up / name).is_file() for name in FILES)), None)
    if above is None:
        return "run in a content repository, give --content DIR, or start one with `caltrop new`"
    return f"a repository begins at {above}: run there, or give --content {above}"


def load_config(root: Path) -> tuple[AppConfig, list[Problem]]:
    """The configuration of the repository at `root`; without one, names that say so."""
    for name, read in zip(FILES, (_own, _contentctl), strict=True):
        path = root / name
        if path.is_file():
            document = Document.of(path.read_bytes(), name)
            if not isinstance(document.data, dict):
                return AppConfig(file=name), document.problems or [
                    Problem(
                        file=name, code="wrong-type", message="the file is not a mapping", hint="see docs/content.md"
                    )
                ]
            config, problems = read(document)
            return config, document.problems + problems + [_absent(config, addon) for addon in missing(config, root)]
    return AppConfig(strict=False, kill_chain=False, file=""), []


def missing(config: AppConfig, root: Path) -> list[AddOn]:
    """The add-ons of app.yml that are not on this machine."""
    return [addon for addon in config.addons if not (root / addon.path).exists()]


def _absent(config: AppConfig, addon: AddOn) -> Problem:
    return Problem(
        file=config.file,
        line=addon.line,
        column=addon.column,
        code="missing-addon",
        message=f"the add-on {addon.path!r} is not there",
        hint="a folder, .tar.gz, .spl or .zip; relative to the repository, or absolute",
    )


def addon_packages(root: Path) -> list[Path]:
    """The add-ons that the repository's app.yml lists. Raises `CaltropError` for the first that is not there."""
    config = load_config(root)[0]
    for problem in (_absent(config, addon) for addon in missing(config, root)):
        location = Location(str(root / problem.file), problem.line, problem.column)
        raise CaltropError(problem.message, location=location, hint=problem.hint)
    return [root / addon.path for addon in config.addons]


def _own(document: Document) -> tuple[AppConfig, list[Problem]]:
    data: Data = document.data
    problems = []
    wrong = set()  # such values name files: they count for nothing, whatever severity the rule is given
    for path, code, message, hint in check(data, APP):
        wrong.add(path[0] if path else "")
        line, column = document.place(path, key=code == "unknown-field")
        problems.append(Problem(file=document.file, line=line, column=column, code=code, message=message, hint=hint))
    author, validation = mapping(data, "author"), mapping(data, "validation")
    external = mapping(validation, "external")
    plain: dict[str, Any] = {key: text(data, key) for key in _TEXTS if key in data and key not in wrong}
    if isinstance(data.get("es_version"), int) and "es_version" not in wrong:
        plain["es_version"] = data["es_version"]
    addons = []
    for number, name in enumerate(texts(data, "addons")):
        line, column = document.place(("addons", number) if isinstance(data["addons"], list) else ("addons",))
        addons.append(AddOn(path=name, line=line, column=column))
    config = AppConfig(
        **plain,
        addons=tuple(addons),
        data_cache=tuple(
            (str(prefix), folder)
            for prefix, folder in mapping(data, "data_cache").items()
            if isinstance(folder, str) and "://" in str(prefix)
        ),
        kill_chain=data.get("kill_chain") is not False,
        views=_views(data.get("views")),
        author_name=text(author, "name"),
        author_email=text(author, "email"),
        author_company=text(author, "company"),
        rules={k: v for k, v in mapping(validation, "rules").items() if k in RULES and v in SEVERITIES},
        overrides=tuple(
            Override(**{key: text(o, key) for key in ("detection", "rule", "severity", "reason")})
            for o in mappings(validation, "overrides")
            if o.get("severity") in SEVERITIES
        ),
        external_macros=texts(external, "macros"),
        external_lookups=texts(external, "lookups"),
        external_indexes=texts(external, "indexes"),
        external_commands=texts(external, "commands"),
        external_datamodels=texts(external, "datamodels"),
        file=document.file,
    )
    return config, problems


def _views(given: object) -> tuple[str, ...]:
    """The views that are not left out: all without a word, none for `false`, else those that are not `false`."""
    if isinstance(given, dict):
        return tuple(name for name in VIEWS if given.get(name) is not False)
    return () if given is False else VIEWS


def _contentctl(document: Document) -> tuple[AppConfig, list[Problem]]:
    """`contentctl.yml`: only what describes the app; its `enrichments` switch decides whether ATT&CK facts are added."""
    data = document.data
    # Up to contentctl 3 what describes the app stood under `build`, its folder as `name`.
    section, called = ("build", "name") if "app" not in data and "build" in data else ("app", "appid")
    app = mapping(data, section)
    prefix = text(app, "label") or text(app, "prefix", "Content")
    if section == "build":
        prefix = text(app, "prefix") or prefix
    id_, version = text(app, called, "content"), text(app, "version", "0.0.1")
    folder = text(app, "path_template", "app_template")
    problems = []
    for key, value, pattern in ((called, id_, _ID), ("version", version, _VERSION)):
        if not re.fullmatch(pattern, value):
            line, column = document.place((section, key))
            message, hint = (
                f"'{section}.{key}' is {value!r}",
                "it names files of the output: letters, digits, '_', '.', '-'",
            )
            problems.append(
                Problem(file=document.file, line=line, column=column, code="wrong-value", message=message, hint=hint)
            )
    config = AppConfig(
        id=id_ if re.fullmatch(_ID, id_) else "content",
        label=text(app, "title") or text(app, "label", "Content"),
        prefix=prefix,
        version=version if re.fullmatch(_VERSION, version) else "0.0.1",
        description=text(app, "description"),
        author_name=text(app, "author_name"),
        author_email=text(app, "author_email"),
        author_company=text(app, "author_company"),
        kill_chain=data.get("enrichments") is True or mapping(data, "enrichments").get("attack_enrichment") is True,
        template=folder if re.fullmatch(_FOLDER, folder) else "app_template",
        data_cache=tuple(
            (text(one, "base_url"), text(one, "base_directory_name"))
            for one in mappings(data, "test_data_caches")
            if "://" in text(one, "base_url") and text(one, "base_directory_name")
        ),
        strict=False,
        file=document.file,
    )
    return config, problems
