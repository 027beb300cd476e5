"""Statistical functions and grouping: `aggregate(frame, aggregations, by, ctx)` is what stats, chart, tstats and others share."""

from caltrop.engine.aggregate.functions import Function, documented, registry
from caltrop.engine.aggregate.group import aggregate, natural_order, to_prestats

__all__ = ["Function", "aggregate", "documented", "natural_order", "registry", "to_prestats"]
