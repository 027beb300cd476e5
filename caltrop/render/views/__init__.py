"""The app's pages in Splunk Web: Simple XML made of the content by the templates beside this file.

Simple XML and not Dashboard Studio: a click has to lead elsewhere by the column it is in, what a search found has to open and close
panels, and a search has to take its text from what another found. Nothing here needs JavaScript.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from caltrop.content.attack import KILL_CHAIN, techniques
from caltrop.content.config import AppConfig
from caltrop.content.model import Catalogue
from caltrop.dialect.words import quoted
from caltrop.render.catalogue import names
from caltrop.render.risk_threshold import search_name

FOLDER = "default/data/ui/views"


def views(catalogue: Catalogue) -> dict[str, str]:
    """Path in the app -> XML of every view that app.yml leaves in."""
    config = catalogue.config
    if not catalogue.detections:
        return {}
    own = names(config)
    known = techniques()
    tactics = {t for d in catalogue.detections for i in d.mitre_attack_id if i in known for t in known[i].tactics}
    given = {
        "app": config.id,
        "label": config.label,
        "flavour": config.flavour,
        "n": own,
        "rules": config.rule_name("*"),
        "views": config.views,
        "types": sorted({d.type for d in catalogue.detections}),
        "tactics": [tactic for tactic in KILL_CHAIN if tactic in tactics],
        "datasets": any("datamodel" in d.search for d in catalogue.detections),
        "threshold_search": search_name(config),
        "clicks": _clicks(config),
        "macro_link": lambda token: _macro_link(config.id, token),
        "schedule_link": lambda token: _schedule_link(config.id, token),
    }
    return {
        f"{FOLDER}/{name}.xml": _environment().get_template(f"{name}.xml.j2").render(given) for name in config.views
    }


def navigation(config: AppConfig, shown: bool) -> str:
    """default/data/ui/nav/default.xml: the views, the first of which is the app's first page; then Splunk's own lists."""
    return _environment().get_template("nav.xml.j2").render(views=config.views if shown else ())


def _clicks(config: AppConfig) -> str:
    """What a click into the list does, by column."""
    said = ["Click a name for its page" if "help" in config.views else "", "a filter for its macro's editor"]
    said += ["hits or a trend for the hits" if "hits" in config.views else "", "anything else for its schedule"]
    text = ", ".join(part for part in said if part)
    return f"{text[0].upper()}{text[1:]}."


def _macro_link(app: str, token: str) -> Markup:
    """The editor of a macro in Splunk Web. Unverified against a real Splunk; the form is the one that its own lists lead to."""
    owned = f"%2FservicesNS%2Fnobody%2F{app}%2Fadmin%2Fmacros%2F${token}|u$"
    return Markup(f"/manager/{app}/admin/macros/${token}|u$?uri={owned}&amp;ns={app}&amp;action=edit")


def _schedule_link(app: str, token: str) -> Markup:
    """The list of saved searches, narrowed to one: its row has Edit, with Edit Schedule and Enable. Unverified likewise."""
    return Markup(
        f"/manager/{app}/saved/searches?app={app}&amp;count=10&amp;offset=0&amp;itemType=&amp;owner=&amp;search=${token}|u$"
    )


def _text(value: str) -> str:
    """A text in which a dollar sign is one."""
    return value.replace("$", "$$")


def _spl(value: str) -> str:
    """A string of a search."""
    return _text(quoted(value))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"text": _text, "spl": _spl}
    return environment
