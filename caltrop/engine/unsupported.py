"""Commands and eval functions that are left out, and why: shown in the error of a search that uses one and in docs/spl.md."""

from __future__ import annotations

_MLTK = "it belongs to the Machine Learning Toolkit, whose models and algorithms are an app of its own"
_INTERNAL = "it serves Splunk's own processes and is not documented for searches"
_SCRIPT = "it runs a script that no app declares; a custom command (commands.conf) does the same within its limits"

REASONS: dict[str, str] = {
    **dict.fromkeys(("apply", "deletemodel", "fit", "listmodels", "sample", "score", "summary"), _MLTK),
    **dict.fromkeys(
        ("audit", "bucketdir", "copyresults", "datamodelsimple", "entitymerge", "field", "inputintelligence"), _INTERNAL
    ),
    **dict.fromkeys(("run", "runshellscript", "script"), _SCRIPT),
    "dump": "it exports to a file system of the indexer; outputcsv and the REST API export results",
    "findtypes": "it suggests event types by a scoring that is not documented",
    "folderize": "how it groups values into folders is not documented",
    "geom": "it joins geographic shapes for choropleth maps, and no shape files are shipped",
    "geomfilter": "it works on what geom gives",
    "history": "no history of searches is kept",
    "kvform": "form templates (.form files of an app) are not read; rex and extract do the work",
    "overlap": "it looks for gaps left by scheduled summary searches, which need the scheduler's own records",
    "relevancy": "its score is not documented",
    "scrub": "it needs Splunk's dictionaries of names and words",
    "searchtxn": "it needs transaction types (transactiontypes.conf); transaction with its options does the work",
    "typelearner": "it suggests event types by a scoring that is not documented",
}

# Names that look like eval functions, in the wild or in older pages, and that no expression can call.
FUNCTIONS: dict[str, str] = {
    "cluster": "not in the Search Reference as an eval function; the cluster command groups texts",
    "getfields": "not in the Search Reference",
    "hash": "not in the Search Reference; md5, sha1, sha256 and sha512 are",
    "ifnull": "not in the Search Reference; coalesce does the same",
    "urlencode": "not in the Search Reference; urldecode is",
}
