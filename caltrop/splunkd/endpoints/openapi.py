"""`openapi`: every path of this server, with its methods and forms, as an OpenAPI description that tools for testing servers read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from caltrop.splunkd.rest import collection
from caltrop.splunkd.rest.collection import route
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.wire.atom import dump_json
from caltrop.splunkd.wire.http import FORM, JSON, Request, Response

# What any path may answer; an answer outside of these, a 500 above all, is a fault.
STATUSES = ("200", "201", "204", "303", "400", "401", "403", "404", "405", "409", "413", "415")
MODE = {"name": "output_mode", "in": "query", "schema": {"type": "string", "enum": ["json", "xml"]}}
PAGE = [
    {"name": "count", "in": "query", "schema": {"type": "integer"}},
    {"name": "offset", "in": "query", "schema": {"type": "integer"}},
    {"name": "search", "in": "query", "schema": {"type": "string"}},
]
NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


@route("openapi", "GET")
def openapi(wings: Wings, request: Request) -> Response:
    """The description, made from what is registered; nothing in it is of this one server's data."""
    return Response(200, dump_json(description(wings.state.version)), JSON)


def description(version: str) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for path, found in sorted(collection.routes.items()):
        paths[f"/services/{path}"] = {method.lower(): _operation([MODE]) for method in sorted(found.methods)}
    for path, cls in sorted(collection.collections.items()):
        if "*" in path:
            continue
        form = sorted({"name", *cls.required, *cls.optional})
        base = f"/services/{path}"
        paths[base] = {"get": _operation([MODE, *PAGE]), "post": _operation([MODE], form, ["name", *cls.required])}
        paths[f"{base}/{{name}}"] = {
            "get": _operation([NAME, MODE]),
            "post": _operation([NAME, MODE], form[1:] or ["name"]),
            "delete": _operation([NAME, MODE]),
        }
        for action, (methods, _) in sorted(cls.entry_actions.items()):
            paths[f"{base}/{{name}}/{action}"] = {m.lower(): _operation([NAME, MODE]) for m in sorted(methods)}
        for action, (methods, _) in sorted(cls.collection_actions.items()):
            paths[f"{base}/{action}"] = {m.lower(): _operation([MODE]) for m in sorted(methods)}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Caltrop, a Splunk-compatible server", "version": version},
        "security": [{"basic": []}],
        "components": {"securitySchemes": {"basic": {"type": "http", "scheme": "basic"}}},
        "paths": paths,
    }


def _operation(
    parameters: Iterable[dict[str, Any]], form: Iterable[str] = (), required: Iterable[str] = ()
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "parameters": list(parameters),
        "responses": {
            status: {"description": "An answer, or a message that says what is wrong"} for status in STATUSES
        },
    }
    fields = list(form)
    if fields:
        schema = {
            "type": "object",
            "properties": {name: {"type": "string"} for name in fields},
            "required": sorted({*required}),
        }
        found["requestBody"] = {"content": {FORM: {"schema": {k: v for k, v in schema.items() if v}}}}
    return found
