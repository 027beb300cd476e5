"""Statistical and machine-learning commands."""

from __future__ import annotations

from caltrop.spl.declaration import Words, register
from caltrop.spl.kinds import BOOL, FLOAT, INT, LIST, STR

register(
    "anomalydetection",
    kind="dataset",
    options={"method": STR, "action": STR, "pthresh": FLOAT, "cutoff": BOOL},
    words=Words.FIELDS,
)
register(
    "anomalies",
    kind="dataset",
    closed=True,
    options={
        "threshold": FLOAT,
        "labelonly": BOOL,
        "normalize": BOOL,
        "maxvalues": INT,
        "field": STR,
        "denylist": STR,
        "denylistthreshold": FLOAT,
        "blacklist": STR,
        "blacklistthreshold": FLOAT,
    },
    clauses={"by": Words.FIELDS},
)
register(
    "anomalousvalue",
    kind="dataset",
    closed=True,
    options={
        "maxanofreq": FLOAT,
        "minnormfreq": FLOAT,
        "minsupcount": INT,
        "minsupfreq": FLOAT,
        "pthresh": FLOAT,
        "action": STR,
    },
    words=Words.FIELDS,
)
register(
    "outlier",
    kind="dataset",
    closed=True,
    options={"action": STR, "mark": BOOL, "param": FLOAT, "uselower": BOOL, "type": STR},
    words=Words.FIELDS,
)
register(
    "cluster",
    kind="dataset",
    closed=True,
    options={
        "t": FLOAT,
        "delims": STR,
        "showcount": BOOL,
        "countfield": STR,
        "labelfield": STR,
        "field": STR,
        "labelonly": BOOL,
        "match": STR,
    },
)
register(
    "kmeans",
    kind="dataset",
    closed=True,
    options={
        "reps": INT,
        "maxiters": INT,
        "t": FLOAT,
        "k": STR,
        "cnumfield": STR,
        "distype": STR,
        "showcentroid": BOOL,
    },
    words=Words.FIELDS,
)
register("correlate", kind="transforming", closed=True, options={"type": STR}, words=Words.FIELDS)
register("arules", kind="transforming", closed=True, options={"sup": INT, "conf": FLOAT}, words=Words.FIELDS)
register(
    "associate",
    kind="transforming",
    closed=True,
    options={"supcnt": INT, "supfreq": FLOAT, "improv": FLOAT},
    words=Words.FIELDS,
)
register("analyzefields", "af", kind="transforming", options={"classfield": STR})
register("cofilter", kind="transforming", words=Words.FIELDS)
register("findtypes", options={"max": INT}, words=Words.WORDS)
register("folderize", options={"attr": STR, "sep": STR, "size": INT, "minfolders": INT, "maxfolders": INT})
register("typelearner", options={"grouping-field": STR, "grouping-maxlen": INT})
register("overlap", "bucketdir")
register(
    "predict",
    kind="dataset",
    options={
        "algorithm": STR,
        "correlate": STR,
        "future_timespan": INT,
        "holdback": INT,
        "period": INT,
        "suppress": STR,
        "nonnegative": BOOL,
    },
    words=Words.FIELDS,
)
register("fit", clauses={"from": Words.FIELDS, "into": Words.WORDS, "by": Words.FIELDS})
register("apply", options={"namespace": STR, "as": STR}, clauses={"by": Words.FIELDS})
register("score", clauses={"against": Words.FIELDS, "by": Words.FIELDS})
register(
    "sample",
    options={
        "ratio": FLOAT,
        "count": INT,
        "proportional": STR,
        "partitions": INT,
        "seed": INT,
        "fieldname": STR,
        "inverse": BOOL,
    },
    clauses={"by": Words.FIELDS},
)
register("summary", "listmodels", "deletemodel")
register("entitymerge", options={"fields": LIST})
