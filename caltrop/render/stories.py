"""analyticstories.conf, es_investigations.conf, workflow_actions.conf: what Enterprise Security's use case library and
workbench read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from caltrop.content.model import Catalogue, Detection, Investigation, Story, snake
from caltrop.render.conf import Conf
from caltrop.render.savedsearches import mappings, technologies

Keys = Iterator[tuple[str, object]]
_AUTHOR = re.compile(r"([^,]+)(?:,\s?(.*))?", re.S)


def analytic_stories(catalogue: Catalogue) -> Conf:
    conf = Conf()
    for item in catalogue.detections:
        conf.add(f"savedsearch://{catalogue.config.rule_name(item.name)}", _detection(catalogue, item))
    members = _members(catalogue)
    for story in catalogue.stories:
        conf.add(f"analytic_story://{story.name}", _story(story, members.get(story.name, [])))
    for task in catalogue.investigations:
        conf.add(f"savedsearch://{catalogue.config.task_name(task.name)}", _task(task))
    return conf


def _members(catalogue: Catalogue) -> dict[str, list[str]]:
    """Story -> names of its searches: detections first, then response tasks."""
    out: dict[str, list[str]] = {}
    for item in catalogue.detections:
        for name in item.analytic_story:
            out.setdefault(name, []).append(catalogue.config.rule_name(item.name))
    for task in catalogue.investigations:
        for name in task.analytic_story:
            out.setdefault(name, []).append(catalogue.config.task_name(task.name))
    return out


def _detection(catalogue: Catalogue, item: Detection) -> Keys:
    yield "type", "detection"
    yield "asset_type", item.asset_type
    yield "confidence", "medium"
    yield "explanation", item.description
    yield "how_to_implement", item.how_to_implement or "none"
    yield "annotations", json.dumps(mappings(catalogue.config, item))
    yield "known_false_positives", item.known_false_positives
    yield "providing_technologies", json.dumps(technologies(item.search) or None)


def _story(story: Story, searches: list[str]) -> Keys:
    author = _AUTHOR.match(story.author)
    name, company = (author.group(1), author.group(2) or "no") if author else ("no", "no")
    yield "category", story.category[0] if story.category else None
    yield "last_updated", story.modification_date
    yield "version", story.version
    yield "references", json.dumps(story.references)
    yield "maintainers", json.dumps([{"company": company, "email": "-", "name": name}])
    yield "spec_version", 3
    yield "searches", json.dumps(searches)
    yield "description", story.description
    yield "narrative", story.narrative or None


def _task(task: Investigation) -> Keys:
    yield "type", "investigation"
    yield "explanation", "none"
    yield "how_to_implement", task.how_to_implement or "none"
    yield "known_false_positives", "not defined"
    yield "earliest_time_offset", 14400
    yield "latest_time_offset", 0


def panel_name(task: Investigation) -> str:
    return f"workbench_panel_{snake(task.name)}___response_task"


def workbench(catalogue: Catalogue) -> Conf:
    """One panel a response task that takes tokens."""
    conf = Conf()
    for task in catalogue.investigations:
        if task.inputs:
            tokens = {token: _token(token) for token in task.inputs}
            conf.add(
                f"panel://{panel_name(task)}",
                [
                    ("label", task.name),
                    ("description", task.description),
                    ("disabled", 0),
                    ("tokens", json.dumps(tokens, indent=2)),
                ],
            )
    return conf


def _token(name: str) -> dict[str, str]:
    return {
        "valuePrefix": '"',
        "valueSuffix": '"',
        "delimiter": f" OR {name}=",
        "valueType": "primitive",
        "value": {"user": "identity", "dest": "asset"}.get(name, "file"),
        "default": "null",
    }


def workflow_actions(catalogue: Catalogue) -> Conf:
    """A field action that opens the workbench panel of a response task with one token."""
    conf = Conf()
    for task in catalogue.investigations:
        if len(task.inputs) != 1:
            continue
        kind = "type_identity" if task.inputs[0] == "user" else "type_asset"
        uri = (
            f"/app/$@namespace$/ess_workbench_panel?{kind}=$@field_value$&panel={panel_name(task)}"
            "&drilldown_field=$@field_name$&use_drilldown_time=true"
        )
        conf.add(
            panel_name(task),
            [
                ("label", f"Workbench - {task.name}"),
                ("type", "link"),
                ("fields", task.inputs[0]),
                ("display_location", "field_menu"),
                ("link.uri", uri),
                ("link.target", "blank"),
                ("link.method", "get"),
            ],
        )
    return conf


def panels(catalogue: Catalogue) -> dict[str, str]:
    """Path -> XML of the workbench panel of each response task that takes tokens."""
    out = {}
    for task in catalogue.investigations:
        if task.inputs:
            query = task.search.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            out[f"default/data/ui/panels/{panel_name(task)}.xml"] = (
                "<panel>\n  <table>\n    <search>\n"
                f"      <query>{query}</query>\n"
                '    </search>\n    <option name="drilldown">cell</option>\n    <option name="wrap">false</option>\n'
                "  </table>\n</panel>\n"
            )
    return out
