"""Custom commands of apps that are widely installed: content may use them, whether the app is at hand or not."""

from __future__ import annotations

COMMANDS = frozenset(
    {
        # Machine Learning Toolkit, AI Toolkit
        "fit", "apply", "summary", "listmodels", "deletemodel", "sample", "score", "ai",
        # DB Connect
        "dbxquery", "dbxoutput", "dbxlookup",
        # Enterprise Security and its supporting add-ons
        "expandtoken", "getwatchlist", "whois", "xswhere", "xsfindbestconcept", "xsaggregateautoregressioncontext",
        "xsapplyautoregressioncontext", "xscreateddcontext", "xscreateuddcontext", "xsupdateddcontext", "xslistcontexts",
        "xslistconcepts", "xsdisplaycontext", "xsdisplayconcept", "xsdeletecontext",
        # Webtools, CyberChef, JellyFisher, Decrypt, Base64, ServiceNow, Jira, internal telemetry
        "curl", "cyberchef", "jellyfisher", "decrypt", "base64", "snowevent", "snowincident", "jirasearch",
        "outputtelemetry",
    }
)  # fmt: skip
