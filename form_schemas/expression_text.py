"""Turns the text of an expression into Python's syntax tree, safely.

A scan of the tokens comes first: what the grammar lacks, and what could exhaust the
parser, is refused before `ast` sees it, with the place where it stands.
`expressions` gives the tree its meaning.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches

MAX_LENGTH = 2_000
MAX_DEPTH = 60
MAX_NUMBER_LENGTH = 30
TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels: split it into computed fields"

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<text>'[^'\\\r\n]*'|"[^"\\\r\n]*")
      | (?P<number>(?:[0-9]+(?:\.[0-9]+)?)(?![\w.]))
      | (?P<name>[^\W\d]\w*)
      | (?P<power>\*\*|//)
      | (?P<operator>[=!<>]=|[-+*/<>(),.])
    """,
    re.VERBOSE,
)
#: Python words that the grammar writes otherwise, or does without.
_INSTEAD: Mapping[str, str] = {
    "True": "write true",
    "False": "write false",
    "None": "write null",
    "is": "write is_empty(x)",
    "lambda": "functions cannot be defined",
    "for": "loops are not part of the language",
    "await": "not part of the language",
    "yield": "not part of the language",
}


class ExpressionError(Exception):
    """What is wrong with an expression, and where (characters from its start)."""

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


@dataclass(frozen=True)
class Syntax:
    """The syntax tree of a text, with what `ast` loses of it."""

    text: str
    root: ast.expr
    #: position of a number -> its exact value
    numbers: Mapping[int, Decimal]

    def find_position(self, node: ast.AST) -> int:
        """Where a node starts, in characters; `ast` counts UTF-8 bytes."""
        offset: int = getattr(node, "col_offset", 0)
        return len(self.text.encode()[:offset].decode(errors="ignore"))

    def fault(self, message: str, at: ast.AST) -> ExpressionError:
        """The error for what is wrong at a node."""
        return ExpressionError(message, self.find_position(at))

    def unknown(
        self, what: str, name: str, known: Iterable[str], at: ast.AST
    ) -> ExpressionError:
        """The error for an unknown name, with the nearest known one."""
        near = get_close_matches(name[:80], list(known), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return self.fault(f"{what} {name}{hint}", at)

    def quote(self, node: ast.AST) -> str:
        """The source of a node."""
        start: int = getattr(node, "col_offset", 0)
        end: int = getattr(node, "end_col_offset", None) or len(self.text)
        return self.text.encode()[start:end].decode(errors="ignore")


def read_syntax(text: str) -> Syntax:
    """Parse a text of one expression; raises ExpressionError."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"the expression has {len(text)} characters; {MAX_LENGTH} are allowed"
        )
    if not text.strip():
        raise ExpressionError("the expression is empty")
    line, numbers = _scan(text)
    margin = len(line) - len(line.lstrip())
    root = _parse(line.strip(), margin)
    for node in ast.walk(root):
        if isinstance(node, ast.expr):
            node.col_offset += margin
            node.end_col_offset = (node.end_col_offset or 0) + margin
    return Syntax(line, root, numbers)


def _scan(text: str) -> tuple[str, Mapping[int, Decimal]]:
    """Check token by token; the text as one line, and its numbers by position.

    In one line columns are positions, and Python sees no indentation.
    """
    numbers: dict[int, Decimal] = {}
    pieces: list[str] = []
    position, depth, run, before = 0, 0, 0, ""
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(_describe_stranger(text, position), position)
        sort, token = match.lastgroup or "", match.group()
        if sort == "space":
            pieces.append(" " * len(token))
            position = match.end()
            continue
        touching = bool(pieces) and not pieces[-1].isspace()
        _check_token(sort, token, before, touching, position)
        if sort == "number":
            numbers[position] = Decimal(token)
        depth += (token == "(") - (token == ")")
        run = run + 1 if token in ("not", "-") else 0
        if max(depth, run) > MAX_DEPTH:
            raise ExpressionError(TOO_DEEP, position)
        pieces.append(token)
        before, position = sort, match.end()
    return "".join(pieces), numbers


def _check_token(
    sort: str, token: str, before: str, touching: bool, position: int
) -> None:
    if sort == "power":
        raise ExpressionError(f"operator {token} is not part of the language", position)
    if sort == "number" and len(token) > MAX_NUMBER_LENGTH:
        raise ExpressionError(
            f"a number has at most {MAX_NUMBER_LENGTH} digits", position
        )
    if sort == "text" and (before == "text" or (before == "name" and touching)):
        raise ExpressionError("an operator is missing before the text", position)
    if sort == "name" and token in _INSTEAD:
        raise ExpressionError(
            f"{token} is not part of the language: {_INSTEAD[token]}", position
        )
    if sort == "name" and not token.isascii():
        raise ExpressionError(
            f"{token} is no name: fields are named by their id, texts stand in "
            "quotation marks",
            position,
        )


def _describe_stranger(text: str, position: int) -> str:
    character = text[position]
    if character in "'\"":
        return "a text is not closed, or holds a backslash"
    if character.isdigit():
        return "a number is written with the digits 0-9 and one point, as in 12.5"
    if character == "=":
        return "= is not part of the language: compare with =="
    if character in "，（）“”‘’＝＜＞":
        return f"full-width {character}: write the ASCII character"
    return f"{character!r} is not part of the language"


def _parse(line: str, margin: int) -> ast.expr:
    try:
        root = ast.parse(line, mode="eval").body
    except SyntaxError as error:
        position = margin + max((error.offset or 1) - 1, 0)
        raise ExpressionError(f"not an expression: {error.msg}", position) from error
    except ValueError as error:  # lone halves of characters
        raise ExpressionError("a text holds a character that is none") from error
    except (RecursionError, MemoryError) as error:
        raise ExpressionError(TOO_DEEP) from error
    _refuse_depth(root)
    return root


def _refuse_depth(root: ast.expr) -> None:
    # By a list of our own: a walk that recurses would fall into what it looks for.
    waiting: list[tuple[ast.AST, int]] = [(root, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise ExpressionError(TOO_DEEP)
        waiting.extend((child, depth + 1) for child in ast.iter_child_nodes(node))
