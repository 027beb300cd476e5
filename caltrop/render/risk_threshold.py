"""Without Enterprise Security: a scheduled search that writes a notable when an entity's risk passes a threshold.

It ships disabled, like every search. The score is in one macro and what is left out in another; an entity is told once a day.
"""

from __future__ import annotations

from caltrop.content.config import AppConfig
from caltrop.render.catalogue import names
from caltrop.render.conf import Conf

SCORE = 100  # at which Enterprise Security's own rule of this kind rises


def search_name(config: AppConfig) -> str:
    """Not like a detection's: the views' lists of detections go by the names of those."""
    return f"{config.prefix} - Risk Threshold Exceeded"


def saved_searches(config: AppConfig) -> Conf:
    """savedsearches.conf of the search; nothing in the flavours that have Enterprise Security's own."""
    conf = Conf()
    if config.flavour != "no-es":
        return conf
    own = names(config)
    search = "\n".join(
        [
            f"`{own.risk}` risk_object=*",
            "| stats sum(risk_score) AS risk_score dc(search_name) AS searches count AS risk_events values(search_name) AS rules "
            "values(risk_message) AS risk_messages max(_time) AS _time BY risk_object risk_object_type",
            f"| where risk_score >= `{own.threshold}`",
            f"| `{own.threshold_filter}`",
        ]
    )
    conf.add(
        search_name(config),
        [
            (
                "description",
                "An entity whose risk of the last 24 hours adds up to the threshold: a notable for each, once a day.",
            ),
            ("search", search),
            ("cron_schedule", "20 * * * *"),
            ("dispatch.earliest_time", "-24h@h"),
            ("dispatch.latest_time", "now"),
            ("schedule_window", "auto"),
            ("disabled", "true"),
            ("enableSched", 1),
            ("is_visible", "true"),
            ("counttype", "number of events"),
            ("relation", "greater than"),
            ("quantity", 0),
            ("alert.digest_mode", 0),
            ("alert.track", 1),
            ("alert.suppress", "true"),
            ("alert.suppress.fields", "risk_object,risk_object_type"),
            ("alert.suppress.period", "24h"),
            ("action.summary_index", 1),
            ("action.summary_index._name", "notable"),
            ("action.summary_index._type", "event"),
            ("action.summary_index.rule_name", search_name(config)),
            ("action.summary_index.rule_title", "Risk of an entity passed the threshold"),
            ("action.summary_index.security_domain", "threat"),
            ("action.summary_index.severity", "high"),
        ],
    )
    return conf


def macros(config: AppConfig) -> Conf:
    """The threshold and the filter of the search."""
    conf = Conf()
    if config.flavour == "no-es":
        own = names(config)
        conf.add(
            own.threshold,
            [("definition", SCORE), ("description", "The risk of 24 hours at which a notable is written.")],
        )
        conf.add(
            own.threshold_filter,
            [("definition", "search *"), ("description", "Leaves entities out of the risk notable.")],
        )
    return conf
