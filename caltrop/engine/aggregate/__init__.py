"""Statistical functions and grouping: `aggregate(frame, aggregations, by, ctx)` is what stats, chart, tstats and others share."""

from caltrop.engine.aggregate.functions import Function, registry
from caltrop.engine.aggregate.group import aggregate, natural_order, to_prestats

__all__ = ["Function", "aggregate", "natural_order", "registry", "to_prestats"]
