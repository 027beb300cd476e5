"""The rules of validation: code, default severity and what each is about (docs/content.md and docs/analysis.md list them from here)."""

from __future__ import annotations

from caltrop import analysis

RULES: dict[str, tuple[str, str]] = {
    # files and fields
    "yaml-syntax": ("error", "the file is not YAML"),
    "link": ("error", "a symbolic link among the content, which is not followed"),
    "unknown-folder": ("warning", "a folder of YAML that is called nearly like one that is read"),
    "duplicate-key": ("error", "a key is given twice in one mapping"),
    "unknown-field": ("error", "a field that no schema has"),
    "legacy-field": ("warning", "a field that is not used any more"),
    "missing-field": ("error", "a field that the schema wants is not there"),
    "fill-in": ("error", "a text, or test data, that is still to be written"),
    "wrong-type": ("error", "a value of another type than the field's"),
    "wrong-value": ("error", "a value that the field does not take"),
    "out-of-range": ("error", "a number outside its bounds"),
    "bad-date": ("error", "a date that is not YYYY-MM-DD or does not exist"),
    "bad-id": ("error", "an id that is not a UUID"),
    "date-order": ("error", "modified before it was created"),
    # identity
    "duplicate-id": ("error", "two objects have the same id"),
    "duplicate-name": ("error", "two objects of a kind have the same name"),
    "file-name": ("error", "the file is not called after the object"),
    "bad-name": ("error", "a name that configuration, or a macro call, cannot carry"),
    "name-too-long": ("error", "a search name longer than Enterprise Security allows, or a name too long for a file"),
    # references
    "unknown-macro": ("error", "the search calls a macro that nobody defines"),
    "macro-loop": ("error", "a macro that calls itself, or another that calls it"),
    "unused-macro": ("warning", "a macro that no search uses"),
    "unknown-lookup": ("error", "the search uses a lookup that nobody defines"),
    "unknown-lookup-column": ("error", "an enrichment names a column that its lookup does not have"),
    "unused-lookup": ("warning", "a lookup that no search uses"),
    "missing-data": ("error", "the data file of a lookup or dashboard is not there, or cannot be read"),
    "lookup-header": ("error", "a CSV lookup's header is broken"),
    "unknown-story": ("error", "a detection names a story that does not exist"),
    "empty-story": ("warning", "a story that no detection belongs to"),
    "unknown-technique": ("warning", "an ATT&CK id that the shipped table does not know"),
    "unknown-data-source": ("warning", "a data source that nobody describes"),
    "unknown-baseline": ("warning", "a baseline that does not exist"),
    "missing-addon": ("warning", "an add-on that app.yml lists is not on this machine"),
    "unknown-detection": ("warning", "an override in app.yml is for a detection that does not exist"),
    "no-deployment": ("error", "no deployment says how searches of this type run"),
    "bad-view": ("warning", "a view of the template that is not Simple XML as Splunk documents it"),
    # the search
    **{code: ("error", about) for code, about in analysis.UNREADABLE.items()},
    **{code: (rule.severity, rule.about) for code, rule in analysis.RULES.items()},
    "filter-macro": ("error", "the filter macro is missing (a warning where it is there, and not last)"),
    "fixed-index": ("warning", "a search names an index outright: sites keep their data elsewhere"),
    # risk
    "bad-token": ("error", "a $token$ is not closed or not a field name"),
    "token-not-output": ("error", "a risk message uses a field that the search does not output"),
    "entity-not-output": ("error", "a risk or threat object names a field that the search does not output"),
    "no-risk": ("error", "a detection that scores risk has no risk object"),
    "finding-type": ("warning", "the kind of finding does not fit the detection's type"),
    "unwanted-risk": ("warning", "a hunting detection has risk objects"),
    "threat-type": ("warning", "a threat object type that Enterprise Security does not know"),
    "score-mismatch": ("warning", "risk_score is not impact times confidence"),
    "enrichment-not-output": ("error", "an enrichment reads or matches a field that the search does not output"),
    "throttle-not-output": ("error", "throttling by a field that the search does not output"),
    "drilldown-not-output": ("warning", "a drilldown uses a field that the search does not output"),
    "notable-not-output": ("warning", "a deployment's nes_fields name a field that searches of its type do not output"),
    "unknown-placeholder": ("error", "a %placeholder% that nothing is put in for (of a deployment: a warning)"),
    # schedule and tests
    "schedule-gap": ("warning", "the time window is shorter than the interval between runs"),
    "bad-cron": ("error", "the cron schedule does not parse"),
    "bad-time": ("error", "a bound of the time window is no time"),
    "no-test": ("warning", "a production detection has no test"),
    "test-data": ("error", "test data without source or sourcetype, or without data"),
    "unpinned-data": ("off", "downloaded test data without size and sha256"),
}
