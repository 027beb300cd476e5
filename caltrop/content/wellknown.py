"""Macros and lookups that Splunk's own apps bring along: content may use them without declaring them external.

Macro name -> parameters and, where a check has to look inside, the definition.
"""

from __future__ import annotations

from caltrop.content.model import MacroItem

_CIM = ("drop_dm_object_name", ("object_name",), 'rename "$object_name$.*" as "*"')
_PLAIN: tuple[tuple[str, int], ...] = (
    # Splunk Common Information Model
    ("summariesonly", 0),
    ("cim_corporate_web_domain_search", 1),
    ("cim_corporate_email_domain_search", 1),
    ("cim_filter_email_domains", 1),
    ("cim_filter_web_domains", 1),
    # Enterprise Security and its asset and identity framework
    ("get_asset", 1),
    ("get_risk_severity", 1),
    ("get_event_id", 0),
    ("get_event_id_meval", 0),
    ("get_notable_index", 0),
    ("notable", 0),
    ("risk_index", 0),
    ("prohibited_processes", 0),
    ("ctime", 1),
    ("ctime", 2),
    ("uitime", 1),
    # URL Toolbox
    ("ut_parse", 1),
    ("ut_parse", 2),
    ("ut_parse_extended", 2),
    ("ut_parse_simple", 1),
    ("ut_shannon", 1),
    ("ut_levenshtein", 2),
    ("ut_meaning", 1),
)


def macros() -> list[MacroItem]:
    out = [MacroItem(name=_CIM[0], file="", arguments=_CIM[1], definition=_CIM[2])]
    out += [MacroItem(name=name, file="", arguments=tuple(f"a{i}" for i in range(arity))) for name, arity in _PLAIN]
    return out


LOOKUPS = frozenset(
    {
        # Enterprise Security's asset and identity framework, and its threat intelligence
        "asset_lookup_by_str", "asset_lookup_by_cidr", "identity_lookup_expanded", "identity_lookup",
        "simple_asset_lookup", "simple_identity_lookup", "asset_lookup", "interesting_ports_lookup",
        "interesting_processes_lookup", "prohibited_processes", "ppf_thresholds",
        # Splunk Common Information Model, by definition and by file; URL Toolbox
        "cim_corporate_email_domain_lookup", "cim_corporate_web_domain_lookup", "cim_cloud_domain_lookup",
        "cim_corporate_email_domains.csv", "cim_corporate_web_domains.csv", "cim_cloud_domains.csv",
        "ut_parse_simple_lookup", "ut_parse_extended_lookup", "ut_shannon_lookup", "ut_countset_lookup",
        "ut_suites_lookup", "ut_meaning_lookup", "ut_bayesian_lookup", "ut_levenshtein_lookup",
        # Splunk itself, URL Toolbox and the use case library
        "dnslookup", "geo_attr_countries", "geo_attr_us_states", "cidr_lookup", "mitre_attack_lookup",
        "alexa_lookup_by_str", "cisco_top_one_million_sites", "mozilla_public_suffix_lookup",
    }
)  # fmt: skip
