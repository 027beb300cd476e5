"""Tree -> text that parses to an equal tree."""

from __future__ import annotations

import re
from functools import singledispatch

from caltrop.dialect.words import escaped, quoted
from caltrop.spl import ast
from caltrop.spl.commands import declaration_of
from caltrop.spl.expressions import NOT_LEVEL, PRECEDENCE, SIGN_LEVEL

_BARE_WORD = re.compile(r'[^\s"\[\]|,`=<>!()\'\\;]+')


def unparse(node: ast.Node) -> str:
    """Print a node: a pipeline, a command, an expression or any part of them.

    A field on its own is printed as in an eval expression, in single quotes where it was quoted.
    """
    return expression(node) if isinstance(node, ast.FieldName) else _text(node)


def _list(nodes: tuple[ast.Node, ...], separator: str = " ") -> str:
    """A sign of its own, as `d,=t` has it, keeps the comma before it: after a space it would make an option of both."""
    text = ""
    for n, node in enumerate(nodes):
        sign = isinstance(node, ast.Word) and not node.quoted and node.text.startswith("=")
        text += (", " if sign else separator) * (n > 0) + _text(node)
    return text


@singledispatch
def _text(node: ast.Node) -> str:
    raise TypeError(f"{type(node).__name__} cannot be printed")


# --- pipelines and commands


@_text.register
def _(node: ast.Pipeline) -> str:
    first = node.commands[0]
    lead = "" if isinstance(first, ast.Command) and first.name == "search" else "| "
    return lead + " | ".join(_text(command) for command in node.commands)


@_text.register
def _(node: ast.Command) -> str:
    written_in = bool(node.of(ast.Raw)) or (
        bool(node.of(ast.Subsearch)) and not declaration_of(node.name).reads_brackets
    )
    render = _list_of_raw if written_in else _COMMANDS.get(node.name)
    arguments = render(node) if render else _arguments(node)
    return f"{node.name} {arguments}" if arguments else node.name


def _arguments(node: ast.Command) -> str:
    """Parts in order; a leading count is written without its name (dedup 3 host)."""
    number = declaration_of(node.name).number
    first = node.parts[0] if node.parts else None
    if number and isinstance(first, ast.Option) and first.name == number and type(first.value) is int:
        return " ".join([str(first.value), *(_text(part) for part in node.parts[1:])])
    return _list(node.parts)


def _list_of_raw(node: ast.Command) -> str:
    """As written; the text of a foreach template is what stands in its brackets."""
    if node.name == "foreach":
        return " ".join(f"[{part.text}]" if isinstance(part, ast.Raw) else _text(part) for part in node.parts)
    return _list(node.parts)


def _assignments(node: ast.Command) -> str:
    return _list(node.parts, ", ")


def _where(node: ast.Command) -> str:
    return " ".join(expression(part) for part in node.parts)


def _head(node: ast.Command) -> str:
    """A condition in parentheses, so that it does not start like a count."""
    return " ".join(_text(part) if isinstance(part, ast.Option) else f"({expression(part)})" for part in node.parts)


def _patterns(node: ast.Command) -> str:
    """regex and rex: a bare pattern stays as it is."""
    return " ".join(_pattern(part) for part in node.parts)


def _pattern(part: ast.Node) -> str:
    if isinstance(part, ast.Word):
        return quoted(part.text) if part.quoted else part.text
    if isinstance(part, ast.Comparison):
        return f"{_text(part.field)}{part.op}{_pattern(part.value)}"
    return _text(part)


def _return(node: ast.Command) -> str:
    parts = []
    for part in node.parts:
        if isinstance(part, ast.Option):
            parts.append(str(part.value))
        elif isinstance(part, ast.Alias):
            parts.append(f"{_text(part.target)}={_text(part.source)}")
        else:
            parts.append(_text(part))
    return " ".join(parts)


def _sort(node: ast.Command) -> str:
    """Commas between the keys: a last field named d is not the word that turns the order around."""
    options = [_text(part) for part in node.parts if isinstance(part, ast.Option | ast.NodeOption)]
    keys = [_text(part) for part in node.parts if not isinstance(part, ast.Option | ast.NodeOption | ast.Word)]
    by = ["by"] if not options and keys and keys[0].lstrip("+-").isdigit() else []  # a number first would be the limit
    return " ".join([*options, *by, ", ".join(keys), *(word.text for word in node.of(ast.Word))]).strip()


_COMMANDS = {
    "eval": _assignments,
    "fieldformat": _assignments,
    "where": _where,
    "head": _head,
    "regex": _patterns,
    "rex": _patterns,
    "return": _return,
    "sort": _sort,
}


@_text.register
def _(node: ast.Raw) -> str:
    return node.text


@_text.register
def _(node: ast.Subsearch) -> str:
    return f"[{_text(node.pipeline)}]"


@_text.register
def _(node: ast.MacroCall) -> str:
    return f"`{node.name}({', '.join(node.args)})`" if node.args else f"`{node.name}`"


# --- parts of commands


@_text.register
def _(node: ast.FieldName) -> str:
    return quoted(node.name) if node.quoted else node.name


@_text.register
def _(node: ast.Word) -> str:
    if node.quoted:
        return quoted(node.text)
    return escaped(node.text)


@_text.register
def _(node: ast.Option) -> str:
    value = node.value
    if isinstance(value, bool):
        return f"{node.name}={'true' if value else 'false'}"
    if not isinstance(value, str):
        return f"{node.name}={value}"
    if node.quoted:
        return f"{node.name}={quoted(value)}"
    if value.startswith(("(", "`")) or value.endswith(")"):
        return f"{node.name}={value}"
    return f"{node.name}=" + escaped(value)


@_text.register
def _(node: ast.NodeOption) -> str:
    value = node.value
    if isinstance(value, ast.Subsearch | ast.MacroCall):
        return f"{node.name}={_text(value)}"
    if isinstance(value, ast.Call) and value.name == "eval":
        return f"{node.name}={_text(value)}"
    return f"{node.name}=({_text(value)})"


@_text.register
def _(node: ast.Clause) -> str:
    parts = " ".join(_text(part) for part in node.parts)
    return f"{node.keyword} {parts}" if parts else node.keyword


@_text.register
def _(node: ast.Aggregation) -> str:
    text = _aggregation(node)
    return text if node.alias is None else f"{text} AS {_alias(node.alias)}"


def _aggregation(node: ast.Aggregation) -> str:
    """The text as it was written; only the quotes around a field, which the text leaves out, are put back."""
    name = node.text.partition("(")[0]
    field = node.argument
    if isinstance(field, ast.FieldName) and node.text == f"{name}({', '.join([field.name, *node.extra])})":
        return f"{name}({', '.join([quoted(field.name) if field.quoted else field.name, *node.extra])})"
    if isinstance(node.argument, ast.Aggregation):
        return f"{name}({', '.join([_aggregation(node.argument), *node.extra])})"
    return node.text


def _alias(name: str) -> str:
    return name if _BARE_WORD.fullmatch(name) or "`" in name else quoted(name)


@_text.register
def _(node: ast.Assignment) -> str:
    return f"{_target(node.target)}={expression(node.expression)}"


def _target(name: str) -> str:
    return name if _BARE_WORD.fullmatch(name) or "`" in name else quoted(name)


@_text.register
def _(node: ast.Alias) -> str:
    return f"{_text(node.source)} AS {_text(node.target)}"


@_text.register
def _(node: ast.SortKey) -> str:
    field = f"{node.kind}({_text(node.field)})" if node.kind else _text(node.field)
    return f"-{field}" if node.descending else field


@_text.register
def _(node: ast.FieldFunction) -> str:
    text = f"{node.function}({_text(node.field)})"
    return text if node.alias is None else f"{text} AS {_alias(node.alias)}"


# --- search expressions


@_text.register
def _(node: ast.Keyword) -> str:
    # A bare word holds what would end it only beside a $token$, where it was written escaped.
    return quoted(node.text) if node.quoted else _ENDING.sub(_escaped, escaped(node.text))


_ENDING = re.compile(r"<<\w+>>|\$(?:[\w.:@-]+(?:\|\w+)?)?\$|[|\[\]()`=<>]")  # tokens are left as they are


def _escaped(found: re.Match[str]) -> str:
    return found[0] if len(found[0]) > 1 else f"\\{found[0]}"


@_text.register
def _(node: ast.Directive) -> str:
    if re.search(r'[\s()"]', node.text):
        return f"{node.name}({quoted(node.text)})"
    return f"{node.name}({node.text})"


@_text.register
def _(node: ast.Comparison) -> str:
    value = _text(node.value)
    if isinstance(node.value, ast.Word) and not node.value.quoted:
        value = value.replace("|", "\\|")
    space = " " if value.startswith(("=", "<", ">")) else ""
    return f"{_search_field(node.field)}{node.op}{space}{value}"


def _search_field(field: ast.FieldName) -> str:
    if field.quoted or "`" in field.name:
        return _text(field)
    return _ENDING.sub(_escaped, escaped(field.name))


@_text.register
def _(node: ast.Membership) -> str:
    if len(node.values) == 1 and isinstance(node.values[0], ast.Subsearch):
        return f"{_search_field(node.field)} IN ({_text(node.values[0])})"
    return f"{_search_field(node.field)} IN ({_list(node.values, ', ')})"


@_text.register
def _(node: ast.Not) -> str:
    return f"NOT {_group(node.operand)}"


@_text.register
def _(node: ast.And) -> str:
    return " ".join(f"({_text(item)})" if isinstance(item, ast.And) else _text(item) for item in node.items) or "()"


@_text.register
def _(node: ast.Or) -> str:
    return " OR ".join(_group(item) for item in node.items)


def _group(node: ast.Node) -> str:
    return f"({_text(node)})" if isinstance(node, ast.And | ast.Or) and node.items else _text(node)


# --- eval expressions


def expression(node: ast.Node, level: int = 0) -> str:
    """An eval expression, in parentheses where the operator around it (`level`) binds tighter."""
    if isinstance(node, ast.FieldName):
        return "'" + node.name.replace("'", r"\'") + "'" if node.quoted else node.name
    if isinstance(node, ast.Literal):
        return node.text or _literal(node.value)
    if isinstance(node, ast.Unary):
        own = NOT_LEVEL if node.op == "NOT" else SIGN_LEVEL
        text = (
            f"NOT {expression(node.operand, own)}" if node.op == "NOT" else f"{node.op}{expression(node.operand, own)}"
        )
        return f"({text})" if own < level else text
    if isinstance(node, ast.Binary):
        own = PRECEDENCE[node.op]
        text = f"{expression(node.left, own)} {node.op} {expression(node.right, own + 1)}"
        return f"({text})" if own < level else text
    if isinstance(node, ast.InList):
        items = ", ".join(expression(item) for item in node.items)
        text = f"{expression(node.operand, PRECEDENCE['IN'])} IN ({items})"
        return f"({text})" if PRECEDENCE["IN"] < level else text
    if isinstance(node, ast.Call):
        return f"{node.name}({', '.join(expression(arg) for arg in node.args)})"
    return _text(node)


def _literal(value: ast.Scalar) -> str:
    if value is None:
        return "null()"
    if isinstance(value, bool):
        return "true()" if value else "false()"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return f"{value:.1f}"
    return repr(value)


@_text.register(ast.Literal)
@_text.register(ast.Unary)
@_text.register(ast.Binary)
@_text.register(ast.InList)
@_text.register(ast.Call)
def _(node: ast.Node) -> str:
    return expression(node)


@_text.register
def _(node: ast.Template) -> str:
    return node.text
