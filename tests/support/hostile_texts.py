"""Texts that want to be more than texts, and what became of them on a page."""

from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser

from form_schemas.kinds import ValueType
from form_schemas.nodes import Call, Compare, Field, Literal, Logical, Membership

#: Of whatever opens where it should have stayed a text.
ELEMENT = "xss"
_LOADS = frozenset({"src", "srcset", "data", "poster", "background", "action", "style"})
_SAFE_STARTS = ("/", "#", "?", "data:image/png;base64,")
_SAFE_LINKS = ("/", "#", "?", "http://localhost/", "http://", "https://", "mailto:")


def attack(name):
    """A text that breaks out of an element, an attribute, a script or a comment."""
    return (
        f"{name}\"'`><{ELEMENT}-{name} onx=1><script>{ELEMENT}</script>"
        f"<img src=x onerror={ELEMENT}>]]>--></title></textarea>{{{{7*7}}}}&\ufffe\x0b"
    )


def attack_rich(name):
    """An article with all that an article must not have."""
    return (
        f"<p>{name}</p>{attack(name)}<svg><a xlink:href='javascript:x'>a</a></svg>"
        "<a href='java\nscript:x'>a</a><a href='data:text/html,x'>a</a>"
        "<img src='//example.com/x.png'><img src='https://example.com/x.png'>"
        "<img src='/portal/files/abcdefgh/../../logout'>"
        "<img src='x' srcset='https://example.com/x.png 2x'>"
        "<math><mtext><table><mglyph><style><img src=x onerror=x></style>"
        "<noscript><p title='</noscript><img src=x onerror=x>'></noscript>"
        "<form action='/logout'><button formaction='/logout'>x</button></form>"
        "<base href='https://example.com/'><p style='background:url(//example.com)'>"
        "<meta http-equiv=refresh content='0;url=https://example.com/'>"
        "<input autofocus onfocus=x><video src=x></video><p onclick=x class=x id=x>"
    )


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.faults, self.texts = [], []
        self._in_script = False

    def handle_starttag(self, tag, attrs):
        if tag.startswith(ELEMENT):
            self.faults.append(f"<{tag}>")
        self._in_script = tag == "script" and dict(attrs).get("type") in (
            None,
            "module",
        )
        for name, value in attrs:
            self._judge(tag, name, value or "")

    def handle_endtag(self, tag):
        self._in_script = False

    def handle_data(self, data):
        if self._in_script and data.strip():
            self.faults.append(f"a script: {data[:40]}")
        self.texts.append(data)

    def _judge(self, tag, name, value):
        said = f"<{tag} {name}={value[:60]!r}>"
        if name.startswith("on") or name == "srcdoc":
            self.faults.append(said)
        if name in _LOADS and not value.startswith(_SAFE_STARTS):
            self.faults.append(said)
        if name == "href" and not value.startswith(_SAFE_LINKS):
            self.faults.append(said)
        if tag not in ("a", "link") and "//example.com" in value:
            self.faults.append(said)
        if name in ("src", "href") and "/.." in value:
            self.faults.append(said)


@dataclass(frozen=True)
class Judged:
    """What a page made of hostile texts."""

    faults: list[str]
    #: all that is read on it
    text: str = field(repr=False)


def judge_page(html):
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Judged(reader.faults, "".join(reader.texts))


def satisfy(expressions, mark):
    """Values with which a row fulfils conditions joined by `and`.

    Args:
        mark: name of a field -> what tells its text, where only a part is asked for.
    """
    values = {}
    for expression in filter(None, expressions):
        _satisfy(expression.root, values, mark)
    return values


def _satisfy(node, values, mark):
    match node:
        case Logical(op="and", operands=operands):
            for one in operands:
                _satisfy(one, values, mark)
        case Logical(op="or", operands=operands):
            _satisfy(operands[0], values, mark)
        case Field(id=name, type=ValueType.BOOLEAN):
            values[name] = True
        case Compare(op="==", left=Field(id=name), right=Literal(value=value)):
            values[name] = value
        case Compare(op="<=", left=Field(id=name, type=ValueType.DATE)):
            values[name] = date(2020, 1, 2)
        case Membership(item=Field(id=name), choices=(Literal(value=value), *_)):
            values[name] = value
        case Call(
            name="contains",
            arguments=(Call(name="split", arguments=(Field(id=name), by)), wanted),
        ):
            values[name] = f"{attack(mark(name))}{by.value}{wanted.value}"
        case _:
            raise NotImplementedError(f"nobody said how a row fulfils {node}")


def fill_hostile(form, fixed, mark):
    """A row of a form in which every text is hostile.

    Args:
        fixed: values that have to be as they are.
        mark: name of a field -> what tells its text from others.
    """
    texts = {
        one.id: _fit(one, (attack_rich if one.is_rich else attack)(mark(one.id)))
        for one in form.fields
        if one.value_type in (ValueType.TEXT, ValueType.LIST)
    }
    return {**texts, **fixed}


def _fit(item, text):
    return (text,) if item.is_list else text
