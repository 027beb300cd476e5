"""caltrop btool: merged configuration, and where each value comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from caltrop.cli.options import addon_options, packages
from caltrop.dialect.words import did_you_mean
from caltrop.knowledge import Configuration, MergedStanza, NotFound, layers, unpacked
from caltrop.knowledge.configuration import NOBODY
from caltrop.knowledge.props import Props


@click.command()
@click.argument("conf")
@click.argument("stanza", required=False)
@click.option("--debug", "origins", is_flag=True, help="Show the file and line of each value.")
@click.option(
    "--etc", type=click.Path(exists=True, file_okay=False, path_type=Path), help="The etc folder of an instance."
)
@addon_options
@click.option("--context", metavar="APP", help="What a search in this app sees; without it, the global context.")
@click.option("--user", default=NOBODY, help="With --context: include this user's own settings.")
def command(
    conf: str,
    stanza: str | None,
    origins: bool,
    etc: Path | None,
    apps: tuple[Path, ...],
    addons: bool,
    context: str | None,
    user: str,
) -> None:
    """Show the merged CONF (props, transforms, macros, …), or one STANZA of it with what it inherits from [default].

    In props, a source type, `source::PATH` or `host::NAME` is shown with all stanzas that its events get settings of: its
    own, then patterns that match it.

    With --etc that instance alone is shown: no add-ons but those of --app.

    \b
    caltrop btool props XmlWinEventLog --debug
    caltrop btool macros --app dist/mine-1.0.0.tar.gz
    caltrop btool savedsearches --etc /opt/splunk/etc --context search
    """
    with unpacked(packages(apps) if etc is None else apps) as folders:
        if etc is None:
            configuration = Configuration([*layers(addons=addons), *folders])
        else:
            configuration = Configuration(etc)
            for folder in folders:
                configuration.add_app(folder)
        for line in lines(configuration, conf.removesuffix(".conf"), stanza, context, user, origins):
            click.echo(line)


def lines(
    configuration: Configuration, conf: str, stanza: str | None, app: str | None, user: str, origins: bool
) -> list[str]:
    """The output, a line each. Raises `NotFound` for a stanza that does not exist."""
    merged = configuration.stanzas(conf, app, user)
    if stanza is None:
        chosen: Sequence[MergedStanza] = [merged[name] for name in sorted(merged)]
    else:
        found = configuration.stanza(conf, stanza, app, user)
        chosen = [found] if found is not None else []
        if conf == "props":
            chosen = [*chosen, *_matching(merged, stanza)]
        if not chosen:
            near = did_you_mean(stanza, merged) or f"stanzas: {', '.join(sorted(merged)[:10]) or 'none'}"
            raise NotFound(f"no [{stanza}] in {conf}.conf", hint=near)
    rows: list[tuple[str, str]] = []
    for item in chosen:
        rows.append(("", f"[{item.name}]"))
        for key in sorted(item.settings):
            setting = item.settings[key]
            text = setting.value.replace("\n", "\\\n")
            rows.append((f"{setting.path}:{setting.line}", f"{key} = {text}"))
    if not origins:
        return [text for _, text in rows]
    width = max((len(place) for place, _ in rows), default=0)
    return [f"{place:<{width}}  {text}" for place, text in rows]


def _matching(merged: Mapping[str, MergedStanza], name: str) -> list[MergedStanza]:
    """Other stanzas that an event of this source type (or `source::…`, `host::…`) gets settings of, the strongest first."""
    kind, _, value = name.partition("::") if name.startswith(("source::", "host::")) else ("sourcetype", "", name)
    event = {"source": "", "sourcetype": "", "host": ""} | {kind: value}
    found = [stanza for stanza, _ in Props(merged).naming(event["source"], event["sourcetype"], event["host"])]
    return [stanza for stanza in reversed(found) if stanza.name != name]
