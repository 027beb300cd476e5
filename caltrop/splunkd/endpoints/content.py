"""`caltrop/content`: the detections of the repository that is being edited, and their tests, run from the console."""

from __future__ import annotations

from dataclasses import asdict

from caltrop.errors import CaltropError
from caltrop.splunkd.rest.collection import route
from caltrop.splunkd.rest.edited import EditedContent
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.wire.atom import dump_json
from caltrop.splunkd.wire.http import JSON, ApiError, Request, Response


@route("caltrop/content", "GET", "POST", "DELETE")
def content(wings: Wings, request: Request) -> Response:
    """With `serve --content`: its detections, their last verdicts, and the tests of `file`; POST runs those, or all, DELETE stops it; JSON"""
    edited, file = wings.content, request.args.get("file")
    if request.method == "GET":
        return _told(edited, file)
    if edited is None:
        raise ApiError(404, "No content repository is being edited: start the server with caltrop serve --content DIR")
    if request.method == "DELETE":
        if not edited.stop():
            raise ApiError(404, "No test is running")
        return _told(edited, file)
    try:
        begun = edited.run(file)
    except CaltropError as error:
        raise ApiError(400, f"{error}{f' ({error.hint})' if error.hint else ''}") from error
    if not begun:
        raise ApiError(409, "A test is running already: wait for its end, or stop it")
    return _told(edited, file)


def _told(edited: EditedContent | None, file: str) -> Response:
    """The state of the repository; `null` where there is none, which is no error: most servers have none."""
    return Response(200, dump_json(None if edited is None else asdict(edited.told(file))), JSON)
