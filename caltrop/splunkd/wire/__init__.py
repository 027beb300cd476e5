"""Bytes <-> requests and answers: sockets, TLS, ASGI, HTTP, Atom, JSON, tables of results. It knows no state of the server."""
