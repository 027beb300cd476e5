"""Simple XML, the language of Splunk's classic dashboards: a view's text -> a tree with places, its parts, its mistakes.

After "Simple XML Reference", "Token reference" and "Event handler reference" of Splunk's documentation. Dashboard Studio's JSON is
another language; a view that carries it (`version="2"`) is only held to be well-formed.
"""

from __future__ import annotations

from caltrop.dialect.simplexml.check import Mistake, check
from caltrop.dialect.simplexml.document import Element, NotXml, parse
from caltrop.dialect.simplexml.tokens import fill, names
from caltrop.dialect.simplexml.view import Action, Condition, Handler, Input, Panel, Query, Shown, View, read

__all__ = [
    "Action", "Condition", "Element", "Handler", "Input", "Mistake", "NotXml", "Panel", "Query", "Shown", "View",
    "check", "fill", "names", "parse", "read",
]  # fmt: skip
