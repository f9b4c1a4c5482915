"""Typing in a record page: how long the page needs to follow one keystroke."""

from statistics import median, quantiles

from playwright.sync_api import sync_playwright

from form_schemas.catalogue import Catalogue
from form_schemas.loading import load_catalogue
from form_schemas.spec import FormSpec, Shape
from tests.support.machine import CHROMIUM_ARGUMENTS, get_chromium
from tests.support.pages import PageServer, serve

_FIELDS = 40
_KEYSTROKES = 300

#: Types digits into one figure after the other. What a keystroke sets off runs before
#: `dispatchEvent` returns; asking for a height has the page laid out as well.
_TYPE = """(count) => {
  const inputs = [...document.querySelectorAll("[data-form] input.num")];
  const times = [];
  for (let n = 0; n < count; n += 1) {
    const input = inputs[n % inputs.length];
    const start = performance.now();
    input.value = `${input.value.replaceAll(",", "").slice(-5)}${1 + (n % 9)}`;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    void document.body.offsetHeight;
    times.push(performance.now() - start);
  }
  return times;
}"""


def record_page() -> dict[str, float]:
    """Type into the page of a record with 40 fields, beside last period's values."""
    catalogue = load_catalogue()
    form = _find_form(catalogue)
    pages = PageServer(form, catalogue)
    pages.previous = {}
    with serve(pages), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=get_chromium(), args=list(CHROMIUM_ARGUMENTS)
        )
        page = browser.new_page()
        page.goto(f"{pages.url}/record")
        page.wait_for_function("document.querySelector('[data-status]')")
        page.evaluate(_TYPE, 50)  # compiled and cached from here on
        times = page.evaluate(_TYPE, _KEYSTROKES)
        browser.close()
    return {
        "milliseconds": median(times),
        "slowest": quantiles(times, n=20)[-1],
        "fields": len(form.fields),
        "rules": len(form.rules),
    }


def _find_form(catalogue: Catalogue) -> FormSpec:
    """The record with 40 fields or more that has most to follow."""
    large = (
        form
        for form in catalogue.forms
        if form.shape is Shape.RECORD and len(form.fields) >= _FIELDS
    )
    return max(large, key=lambda form: len(form.rules) + len(form.steps))
