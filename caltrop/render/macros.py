"""macros.conf: the content's macros, and a filter macro a detection."""

from __future__ import annotations

from caltrop.content.model import Catalogue
from caltrop.render.conf import Conf

FILTER_DESCRIPTION = "Update this macro to limit the output results to filter out false positives."


def macros(catalogue: Catalogue) -> Conf:
    """The content's macros and one empty filter macro a detection. A filter macro in the content wins."""
    conf = Conf()
    for macro in sorted(catalogue.macros, key=lambda m: m.stanza):
        conf.add(
            macro.stanza,
            [
                ("args", ", ".join(macro.arguments) or None),
                ("definition", macro.definition),
                ("description", macro.description),
            ],
        )
    for name in sorted(d.filter_macro for d in catalogue.detections):
        if name not in conf.stanzas:
            conf.add(name, [("definition", "search *"), ("description", FILTER_DESCRIPTION)])
    return conf
