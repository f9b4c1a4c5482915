"""Texts of articles as HTML that may be shown as it is: nothing in it runs or loads.

A text may come with the marks of an editor, or plain; plain lines become paragraphs.
"""

import re
from collections.abc import Collection
from functools import partial
from html import escape

import nh3

#: What an article needs: paragraphs, headings, lists, tables, links, pictures.
_TAGS = {
    "p", "br", "h2", "h3", "h4", "strong", "b", "em", "i", "u", "s", "sub", "sup",
    "ul", "ol", "li", "blockquote", "hr", "a", "img", "figure", "figcaption",
    "table", "caption", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_SCHEMES = {"http", "https", "mailto", "tel"}
#: Where pictures of articles lie.
ARTICLES = "/portal/files/"
#: Pictures come from our own addresses alone: another server would see who reads.
#: Nothing may follow that leads a browser to another address.
_TOKEN = r"[A-Za-z0-9_-]{8,64}"
_OWN_PICTURE = re.compile(rf"(/[a-z]+/[a-z]+/){_TOKEN}(/[^/\\?#]*)?\Z")
_HAS_TAGS = re.compile(r"<[a-z][a-z0-9]*(\s[^<>]*)?/?>", re.IGNORECASE)


def clean(text: str, pictures: Collection[str] = (ARTICLES,)) -> str:
    """The text as safe HTML.

    Args:
        pictures: addresses of ours from which it may show pictures.
    """
    if not _HAS_TAGS.search(text):
        return "\n".join(
            f"<p>{escape(line.strip())}</p>"
            for line in text.splitlines()
            if line.strip()
        )
    return nh3.clean(
        text,
        tags=_TAGS,
        clean_content_tags={"script", "style", "template", "iframe", "object", "svg"},
        attributes=_ATTRIBUTES,
        attribute_filter=partial(_filter, pictures),
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )


def find_tokens(text: str, pictures: str = ARTICLES) -> frozenset[str]:
    """Tokens of the pictures at an address that a text shows."""
    return frozenset(re.findall(rf"{re.escape(pictures)}({_TOKEN})", text))


def strip(text: str) -> str:
    """The words alone, for summaries."""
    bare = (
        nh3.clean(text, tags=set(), attributes={}) if _HAS_TAGS.search(text) else text
    )
    return " ".join(bare.split())


def _filter(
    pictures: Collection[str], tag: str, attribute: str, value: str
) -> str | None:
    if (tag, attribute) == ("img", "src"):
        own = _OWN_PICTURE.match(value)
        if own is None or own[1] not in pictures:
            return None
    if (tag, attribute) == ("a", "href") and value.startswith("//"):
        return None
    return value
