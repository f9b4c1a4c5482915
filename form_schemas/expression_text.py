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

from form_schemas.faults import ask_nearest

MAX_LENGTH = 2_000
MAX_DEPTH = 60
MAX_NUMBER_LENGTH = 30
TOO_DEEP = f"套得太深，超过 {MAX_DEPTH} 层。请拆成几个计算字段。"
#: characters of the source that a message quotes
QUOTED_CHARACTERS = 40

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
    "True": "请写 true",
    "False": "请写 false",
    "None": "空值请写 null，判断空值用 is_empty(x)",
    "is": "比较用 ==，判断空值用 is_empty(x)",
    "lambda": "这里不能定义函数",
    "for": "这里没有循环",
    "await": "请删去",
    "yield": "请删去",
}


#: Signs of input methods and of other languages, and how they are written here.
_SIGNS = {
    **{"，": ",", "（": "(", "）": ")", "＋": "+", "－": "-", "．": ".", "、": ","},
    **{"“": "'", "”": "'", "‘": "'", "’": "'", "＝": "==", "＜": "<", "＞": ">"},
    **{"≤": "<=", "≥": ">=", "≠": "!=", "×": "*", "÷": "/"},
    **{"&": "and", "|": "or", "!": "not"},
}


class ExpressionError(Exception):
    """What is wrong with an expression, and where (characters from its start).

    The message is made of whole Chinese sentences: administrators read it.
    """

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
        self,
        what: str,
        name: str,
        known: Iterable[str],
        at: ast.AST,
        otherwise: str = "请核对。",
    ) -> ExpressionError:
        """The error for an unknown name, with the nearest known one or other advice."""
        quoted = _shorten(name)
        advice = ask_nearest(name, known) or otherwise
        return self.fault(f"{what}“{quoted}”。{advice}", at)

    def quote(self, node: ast.AST) -> str:
        """The source of a node, or its beginning."""
        return _shorten(self.cut(node))

    def cut(self, node: ast.AST) -> str:
        """The source of a node."""
        start: int = getattr(node, "col_offset", 0)
        end: int = getattr(node, "end_col_offset", None) or len(self.text)
        return self.text.encode()[start:end].decode(errors="ignore")


def read_syntax(text: str) -> Syntax:
    """Parse a text of one expression; raises ExpressionError."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"表达式有 {len(text)} 个字符，最多 {MAX_LENGTH} 个。请拆成几个计算字段。"
        )
    if not text.strip():
        raise ExpressionError("表达式是空的。请写上内容，或删去这个词。")
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
    position, run, before = 0, 0, ""
    open_at: list[int] = []
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
        if token == "(":
            open_at.append(position)
        if token == ")":
            if not open_at:
                raise ExpressionError("多了一个右括号。请删去或补上左括号。", position)
            open_at.pop()
        run = run + 1 if token in ("not", "-") else 0
        if max(len(open_at), run) > MAX_DEPTH:
            raise ExpressionError(TOO_DEEP, position)
        pieces.append(token)
        before, position = sort, match.end()
    if open_at:
        raise ExpressionError("这个左括号没有配上右括号。", open_at[-1])
    return "".join(pieces), numbers


def _check_token(
    sort: str, token: str, before: str, touching: bool, position: int
) -> None:
    if sort == "power":
        raise ExpressionError(f"没有运算符“{token}”。可用的有 + - * /。", position)
    if sort == "number" and len(token) > MAX_NUMBER_LENGTH:
        raise ExpressionError(f"一个数最多写 {MAX_NUMBER_LENGTH} 位。", position)
    if sort == "text" and (before == "text" or (before == "name" and touching)):
        raise ExpressionError("文本前面缺少运算符，如 == 或 in。", position)
    if sort == "name" and token in _INSTEAD:
        raise ExpressionError(f"不能用“{token}”：{_INSTEAD[token]}。", position)
    if sort == "name" and not token.isascii():
        quoted = _shorten(token)
        raise ExpressionError(
            f"“{quoted}”不是字段的 id。字段请写 id，文本请加引号：'{quoted}'。",
            position,
        )


def _describe_stranger(text: str, position: int) -> str:
    character = text[position]
    if character in "'\"":
        return "文本的引号没有成对，或里面有反斜杠、换行。请补上引号，删去它们。"
    if character.isdigit():
        return "数只用 0-9 和一个小数点来写，如 12.5。"
    if character == "=":
        return "比较相等请写 ==，不写 =。"
    if character in _SIGNS:
        return f"“{character}”不能用在表达式里，请改成 {_SIGNS[character]}。"
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    return f"“{shown}”不能用在表达式里，请删去或改写。"


def _shorten(text: str) -> str:
    """A text as messages quote it."""
    if len(text) <= QUOTED_CHARACTERS:
        return text
    return text[:QUOTED_CHARACTERS] + "…"


def _parse(line: str, margin: int) -> ast.expr:
    try:
        root = ast.parse(line, mode="eval").body
    except SyntaxError as error:
        position = margin + max((error.offset or 1) - 1, 0)
        raise ExpressionError(_describe_misfit(line), position) from error
    except ValueError as error:  # lone halves of characters
        raise ExpressionError("文本里有不成字的字符。请删去后重新输入。") from error
    except (RecursionError, MemoryError) as error:
        raise ExpressionError(TOO_DEEP) from error
    _refuse_depth(root)
    return root


def _describe_misfit(line: str) -> str:
    # Python's own sentence is English and changes with its version.
    words = line.split()
    if "if" in words and "else" not in words:
        return "按条件取值要写全：值 if 条件 else 另一个值。"
    return "这里接不上。请看前后是否缺少运算符、值，或写了多余的内容。"


def _refuse_depth(root: ast.expr) -> None:
    # By a list of our own: a walk that recurses would fall into what it looks for.
    waiting: list[tuple[ast.AST, int]] = [(root, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise ExpressionError(TOO_DEEP)
        waiting.extend((child, depth + 1) for child in ast.iter_child_nodes(node))
