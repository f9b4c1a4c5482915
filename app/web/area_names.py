"""Areas as lists and charts name them, by what their authorities are called."""

import re

_ENDS = re.compile(
    "(教育主管部门|教育厅|教育委员会|教委|教育局"
    "|维吾尔自治区|壮族自治区|回族自治区|自治区|省|市)$"
)


def shorten_area(name: str) -> str:
    """广西壮族自治区教育厅 is 广西."""
    while (shorter := _ENDS.sub("", name)) not in ("", name):
        name = shorter
    return name
