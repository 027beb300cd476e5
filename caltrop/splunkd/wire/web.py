"""The web port: a page that says where the API is. There is no web interface."""

from __future__ import annotations

from caltrop.splunkd.wire.atom import escape
from caltrop.splunkd.wire.http import TEXT, ApiError, Request, Response

HTML = "text/html; charset=UTF-8"


class WebApp:
    """`management_port` is where the API listens."""

    def __init__(self, management_port: int) -> None:
        self._management_port = management_port

    def admit(self, request: Request) -> int | Response:
        return self.handle(request)

    def handle(self, request: Request) -> Response:
        return Response(404, b"Not Found\n", TEXT)

    def refuse(self, error: ApiError) -> Response:
        """Every path outside `/services` comes here; all of them show the page."""
        if error.status != 404:
            return Response(error.status, error.text.encode(), TEXT)
        url = escape(f"https://127.0.0.1:{self._management_port}/services")
        page = (
            "<!doctype html><html lang=en><title>Caltrop</title><h1>Caltrop</h1>"
            f'<p>This is the embedded server of Caltrop. Its REST API is at <a href="{url}">{url}</a>; it has no web '
            "interface.</p></html>"
        )
        return Response(200, page.encode(), HTML)
