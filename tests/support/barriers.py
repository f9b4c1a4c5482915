"""What keeps somebody from using a page: axe-core, the keyboard, a narrow window.

axe-core comes by the protocol of the browser, as the policy lets no script in.
"""

from pathlib import Path

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
NARROW, WIDE = ({"width": width, "height": 800} for width in (390, 1280))
_SERIOUS = ("serious", "critical")
#: Landmarks and the order of headings as well.
_ALL = ("moderate", *_SERIOUS)
_RUN = """([impacts, rules]) => axe.run(document, {
  resultTypes: ['violations'],
  // It would ask for every stylesheet once more.
  preload: false,
  ...(rules && {runOnly: {type: 'rule', values: rules}}),
}).then((found) => found.violations
  .filter((fault) => impacts.includes(fault.impact))
  .flatMap((fault) => fault.nodes.map((node) => [
    fault.id,
    node.html.slice(0, 200),
    node.failureSummary.replace(/\\s+/g, ' ').slice(0, 240),
  ])))"""
_BY_KEYS = """() => {
  const found = [];
  for (const one of document.querySelectorAll('[tabindex]')) {
    if (one.tabIndex > 0) found.push(['tabindex', one.outerHTML.slice(0, 200)]);
  }
  const first = document.querySelector('a[href], button, input, select, summary');
  const main = first?.classList.contains('skip') && first.hash;
  if (!main || !document.querySelector(main)) {
    found.push(['skip', first?.outerHTML.slice(0, 200)]);
  }
  return found;
}"""
_WIDTH = "document.documentElement.scrollWidth"


def bring_axe(context) -> None:
    """Have every page of a browser's context hold axe-core."""
    context.add_init_script(path=AXE)


def find_barriers(page) -> list[tuple[str, ...]]:
    """All there is against a page, in both schemes of colours and on a phone.

    It is left as wide and as light as it was found, but opened anew.
    """
    found = [
        *page.evaluate(_RUN, [_ALL, None]),
        *page.evaluate(_BY_KEYS),
        *_find_width(page),
    ]
    page.emulate_media(color_scheme="dark")
    # Nothing else of it has to do with colours.
    dark = page.evaluate(_RUN, [_ALL, ["color-contrast", "link-in-text-block"]])
    found += [("dark", *fault) for fault in dark]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(NARROW)
    if is_too_wide(page):
        # As on a phone from the start: charts follow a window only after a moment.
        page.reload()
    found += _find_width(page)
    page.set_viewport_size(WIDE)
    return [tuple(fault) for fault in found]


def _find_width(page) -> list[tuple[str, int]]:
    return [("wide", page.evaluate(_WIDTH))] if is_too_wide(page) else []


def find_serious(page) -> list[tuple[str, ...]]:
    """What axe-core holds against the page as it is now, if it is serious."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    return [tuple(fault) for fault in page.evaluate(_RUN, [_SERIOUS, None])]


def is_too_wide(page) -> bool:
    return page.evaluate(f"{_WIDTH} > innerWidth")
