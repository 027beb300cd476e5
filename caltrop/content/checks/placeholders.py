"""Placeholders that nothing is put in for: they would reach Splunk as they are."""

from __future__ import annotations

from collections.abc import Iterator

from caltrop.content import placeholders
from caltrop.content.checks.finding import Finding, of
from caltrop.content.document import Path
from caltrop.content.model import Catalogue
from caltrop.dialect.words import did_you_mean

_CODE = "unknown-placeholder"


def check(catalogue: Catalogue) -> Iterator[Finding]:
    for item in catalogue.detections:
        for index, drill in enumerate(item.drilldown_searches):
            for found in placeholders.unknown_in_search(drill.search):
                path: Path = ("drilldown_searches", index, "search")
                hint = f"write %{placeholders.ORIGINAL_SEARCH}%"
                what = f"nothing is put in for {found[0]}"
                yield of(item, path, _CODE, what, hint, found.start(), width=len(found[0]))
    for deployment in catalogue.deployments:
        texts: list[tuple[Path, str]] = [
            (("alert_action", "notable", "rule_title"), deployment.rule_title),
            (("alert_action", "notable", "rule_description"), deployment.rule_description),
            *(
                (("alert_action", action, name), text)
                for action, parameters in deployment.actions.items()
                for name, text in parameters.items()
            ),
        ]
        for path, text in texts:
            for found in placeholders.unknown_in_text(text):
                known = ", ".join(f"%{name}%" for name in placeholders.TEXTS)
                hint = did_you_mean(found[1], placeholders.TEXTS) or f"known are {known}"
                what = f"nothing is put in for {found[0]}"
                yield of(deployment, path, _CODE, what, hint, found.start(), width=len(found[0]), severity="warning")
