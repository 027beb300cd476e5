"""Catalogue -> app tree -> package. The order of files is the order of the dictionary; nothing reads a clock."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from caltrop.content import generated
from caltrop.content.fingerprint import files as tree_files
from caltrop.content.fingerprint import read
from caltrop.content.model import Catalogue
from caltrop.dialect.conf import parse
from caltrop.errors import CaltropError, FindingsError
from caltrop.render import app, lookups, macros, risk_threshold, savedsearches, stories, views
from caltrop.render import catalogue as for_views
from caltrop.render.conf import Conf, verify
from caltrop.render.package import pack, sha256, write_file, write_tree
from caltrop.render.vendor import sdk_files
from caltrop.shipped import shipped

COMMENT = "Built by caltrop. Changes belong into the content repository, or into local/ of the installed app."
_UNWANTED = (".pyc", ".DS_Store", ".gitkeep")


@dataclass(frozen=True, slots=True)
class BuildResult:
    """`tree` is the app folder, `package` the tar.gz, `sha256` its digest, `files` how many files are in it."""

    tree: Path
    package: Path
    sha256: str
    files: int


def build(catalogue: Catalogue, out: str | Path) -> BuildResult:
    """Render and package into `out`. Content with errors is refused."""
    if catalogue.blocking:
        raise FindingsError(
            f"{len(catalogue.errors)} error(s) in the content; the first: {catalogue.errors[0]}",
            hint="run `caltrop validate` for all of them",
        )
    files, confs = _render(catalogue)
    config = catalogue.config
    folder = Path(out)
    tree = folder / config.id
    with ThreadPoolExecutor(1) as side:  # compressing lets go of the interpreter: the rest is done meanwhile
        packing = side.submit(pack, config.id, files)
        _verify(files, confs)
        write_tree(tree, files)
        body = packing.result()
    package = folder / f"{config.id}-{config.version}.tar.gz"
    write_file(package, body)
    return BuildResult(tree=tree, package=package, sha256=sha256(body), files=len(files))


def app_files(catalogue: Catalogue) -> dict[str, bytes]:
    """Path in the app -> content, sorted by path; configuration has been read back."""
    files, confs = _render(catalogue)
    _verify(files, confs)
    return files


def _verify(files: dict[str, bytes], confs: dict[str, Conf]) -> None:
    for name, conf in confs.items():
        verify(conf, files[name].decode(), name)


def _render(catalogue: Catalogue) -> tuple[dict[str, bytes], dict[str, Conf]]:
    """The files, and what those of configuration were made from."""
    config = catalogue.config
    root = Path(catalogue.root)
    files = _template(root / config.template)
    meta = files.get("metadata/default.meta")
    if meta and config.flavour == "cloud":
        files["metadata/default.meta"] = app.with_cloud_roles(meta.decode("utf-8", "replace")).encode()
    if not any(d.enrichment for d in catalogue.detections):
        files = {name: body for name, body in files.items() if not name.startswith("bin/")}
    else:
        files |= _enrichment(catalogue, files, root)
    files |= _data_files(catalogue)
    if not any(name.startswith("static/appIcon") for name in files):  # an app without any has an empty square
        files |= {f"static/{name}": body for name, body in _template(shipped("app") / "static").items()}
    if (root / app.LICENSE).is_file():
        files.setdefault(app.LICENSE, (root / app.LICENSE).read_bytes())
    made = for_views.lookups(catalogue) if config.views and catalogue.detections else {}
    files |= {f"lookups/{name}.csv": text.encode() for name, text in made.items()}
    csvs = [name.rpartition("/")[2] for name in files if name.startswith("lookups/") and name.endswith(".csv")]
    confs = {
        "default/app.conf": app.app_conf(config),
        "default/savedsearches.conf": savedsearches.render(catalogue),
        "default/macros.conf": macros.macros(catalogue),
        "default/analyticstories.conf": stories.analytic_stories(catalogue),
        "default/transforms.conf": lookups.transforms(catalogue, csvs),
        "default/collections.conf": lookups.collections(catalogue),
        "default/es_investigations.conf": stories.workbench(catalogue),
        "default/workflow_actions.conf": stories.workflow_actions(catalogue),
        "default/content-version.conf": app.content_version(config),
    }
    confs["default/savedsearches.conf"].update(risk_threshold.saved_searches(config))
    confs["default/macros.conf"].update(risk_threshold.macros(config))
    if made:
        confs["default/transforms.conf"].update(for_views.transforms(made))
    if made or config.flavour == "no-es":
        confs["default/macros.conf"].update(for_views.macros(config))
    if "bin/enrichhits.py" in files:
        confs["default/commands.conf"] = app.commands()
        confs["default/searchbnf.conf"] = app.search_help()
    written = {*(name for name, conf in confs.items() if conf), *files}
    names = (name.removeprefix("default/").removesuffix(".conf") for name in written if name.startswith("default/"))
    confs["default/server.conf"] = app.replication(names)
    confs = {name: _merged(name, conf, files.get(name)) for name, conf in confs.items() if conf}
    files |= {name: conf.text(COMMENT).encode() for name, conf in confs.items()}
    files |= {name: body.encode() for name, body in stories.panels(catalogue).items()}
    generated = {
        "app.manifest": app.manifest(config, app.LICENSE in files),
        "metadata/default.meta": app.metadata(),
        "default/data/ui/nav/default.xml": views.navigation(config, shown=bool(made)),
        "README.md": app.readme(catalogue),
    }
    generated |= views.views(catalogue) if made else {}
    for name, text in generated.items():
        if name == "app.manifest" or name not in files:
            files[name] = text.encode()
    return dict(sorted(files.items())), confs


def _merged(name: str, conf: Conf, template: bytes | None) -> Conf:
    """The template's stanzas first; generated keys win over the template's."""
    if not template:
        return conf
    merged = Conf()
    for stanza, values in parse(template, name).settings().items():
        merged.add(stanza, values.items())
    for stanza, values in conf.stanzas.items():
        merged.add(stanza, values.items())
    return merged


def _template(folder: Path) -> dict[str, bytes]:
    """Everything that ships as it is."""
    start = len(str(folder)) + 1
    return {
        path[start:].replace(os.sep, "/"): read(path) for path in tree_files(folder) if not path.endswith(_UNWANTED)
    }


def _data_files(catalogue: Catalogue) -> dict[str, bytes]:
    """CSV and model files of lookups, JSON of dashboards as views."""
    out: dict[str, bytes] = {}
    if catalogue.data_sources:
        out["lookups/data_sources.csv"] = lookups.data_sources_lookup(catalogue).encode()
    for lookup in catalogue.lookups:
        path = catalogue.data_path(lookup.data_file)
        if path is not None:
            out[f"lookups/{lookups.shipped_name(lookup)}"] = path.read_bytes()
    for dashboard in catalogue.dashboards:
        path = catalogue.data_path(dashboard.data_file)
        if path is not None:
            name = path.stem
            out[f"default/data/ui/views/{name}.xml"] = _dashboard(
                dashboard.name, dashboard.description, path.read_bytes().decode("utf-8", "replace")
            )
    return out


def _dashboard(label: str, description: str, definition: str) -> bytes:
    """Dashboard Studio's JSON in the view that carries it."""

    def escaped(text: str) -> str:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    return (
        '<dashboard version="2" theme="light">\n'
        f"  <label>{escaped(label)}</label>\n  <description>{escaped(description)}</description>\n"
        f"  <definition><![CDATA[\n{definition.replace(']]>', ']] >')}\n  ]]></definition>\n"
        '  <meta type="hiddenElements"><![CDATA[\n{"hideEdit": false, "hideOpenInSearch": false, "hideExport": false}\n'
        "  ]]></meta>\n</dashboard>\n"
    ).encode()


def _enrichment(catalogue: Catalogue, files: dict[str, bytes], root: Path) -> dict[str, bytes]:
    """The command, the library it runs on and the lookup it reads."""
    out: dict[str, bytes] = {}
    if "bin/enrichhits.py" not in files:
        # A repository without the command gets the toolkit's own.
        own = _template(shipped("app") / "bin")
        out = {f"bin/{name}": body for name, body in own.items()}
        if "bin/enrichhits.py" not in out:
            raise CaltropError(
                "detections ask for enrichment, but there is no enrichhits command",
                hint="put bin/enrichhits.py into the app template, or remove 'enrichment:'",
            )
    out |= sdk_files(root / ".cache" / "vendor")
    out[f"lookups/{generated.ENRICHMENT}.csv"] = lookups.enrichment_lookup(catalogue).encode()
    return out
