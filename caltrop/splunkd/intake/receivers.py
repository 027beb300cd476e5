"""What a request to a receiver says about the data it brings."""

from __future__ import annotations

from caltrop.index import Store
from caltrop.splunkd.intake.origin import DEFAULT_INDEX, Origin
from caltrop.splunkd.state.state import SERVER_NAME
from caltrop.splunkd.wire.http import ApiError, Request


def origin_of(store: Store, request: Request) -> Origin:
    """Default fields from the query; 400 for an index that is not there."""
    args = request.args
    index = args.get("index") or DEFAULT_INDEX
    if index == "default":
        index = DEFAULT_INDEX
    if index not in store:
        raise ApiError(400, f"supplied index '{index}' missing", "WARN")
    return Origin(
        index,
        args.get("host") or SERVER_NAME,
        args.get("source") or "http-simple",
        args.get("sourcetype") or "http-simple",
    )
