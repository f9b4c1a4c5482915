"""Charts of Word documents: Word's own, with their numbers in them.

They can be coloured and edited there, and need no fonts here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from exporters.word_parts import DRAWING, HEAD, clean

#: Of series and parts, in turn; they differ in grey, too.
_COLOURS = (
    "1661AB",
    "8BB0D8",
    "C7762B",
    "5B8C3E",
    "8A5AA8",
    "B8434A",
    "3E8E8E",
    "A99139",
)


@dataclass(frozen=True)
class Chart:
    """Numbers by label, as bars, a line or parts of a pie."""

    #: bar, line or pie
    kind: str
    title: str
    labels: Sequence[str]
    #: name and numbers; None: there is none
    series: Sequence[tuple[str, Sequence[float | None]]]


def write_chart(chart: Chart) -> str:
    """A part of the package that holds a chart with its numbers."""
    series = "".join(
        _write_series(index, chart, name, numbers)
        for index, (name, numbers) in enumerate(chart.series)
    )
    plot = {"pie": _PIE, "line": _LINE}.get(chart.kind, _BAR).format(series)
    legend = (
        '<c:legend><c:legendPos val="b"/></c:legend>'
        if chart.kind == "pie" or len(chart.series) > 1
        else ""
    )
    return (
        f'{HEAD}<c:chartSpace xmlns:c="{DRAWING}/chart" xmlns:a="{DRAWING}/main">'
        "<c:chart><c:title><c:tx><c:rich><a:bodyPr/><a:p><a:r>"
        f'<a:rPr lang="zh-CN" sz="1100"/><a:t>{clean(chart.title)}</a:t></a:r></a:p>'
        '</c:rich></c:tx><c:overlay val="0"/></c:title>'
        '<c:autoTitleDeleted val="0"/>'
        f"<c:plotArea><c:layout/>{plot}</c:plotArea>{legend}"
        '<c:plotVisOnly val="1"/></c:chart></c:chartSpace>'
    )


def _write_series(
    index: int, chart: Chart, name: str, numbers: Sequence[float | None]
) -> str:
    labels = "".join(
        f'<c:pt idx="{at}"><c:v>{clean(label)}</c:v></c:pt>'
        for at, label in enumerate(chart.labels)
    )
    values = "".join(
        f'<c:pt idx="{at}"><c:v>{number}</c:v></c:pt>'
        for at, number in enumerate(numbers)
        if number is not None
    )
    count = f'<c:ptCount val="{len(chart.labels)}"/>'
    return (
        f'<c:ser><c:idx val="{index}"/><c:order val="{index}"/>'
        f"<c:tx><c:v>{clean(name)}</c:v></c:tx>{_colour(chart, index)}"
        f"<c:cat><c:strLit>{count}{labels}</c:strLit></c:cat>"
        f"<c:val><c:numLit>{count}{values}</c:numLit></c:val></c:ser>"
    )


def _colour(chart: Chart, index: int) -> str:
    """What a series is drawn in; without a theme nothing else says."""
    fills = [
        f'<a:solidFill><a:srgbClr val="{colour}"/></a:solidFill>' for colour in _COLOURS
    ]
    fill = fills[index % len(fills)]
    if chart.kind == "line":
        return f'<c:spPr><a:ln w="28575">{fill}</a:ln></c:spPr>'
    if chart.kind != "pie":
        return f"<c:spPr>{fill}</c:spPr>"
    return "".join(
        f'<c:dPt><c:idx val="{at}"/><c:bubble3D val="0"/>'
        f"<c:spPr>{fills[at % len(fills)]}</c:spPr></c:dPt>"
        for at in range(len(chart.labels))
    )


_AXES = (
    '<c:axId val="1"/><c:axId val="2"/></c:{0}><c:catAx><c:axId val="1"/><c:scaling>'
    '<c:orientation val="minMax"/></c:scaling><c:delete val="0"/><c:axPos val="b"/>'
    '<c:crossAx val="2"/></c:catAx><c:valAx><c:axId val="2"/><c:scaling>'
    '<c:orientation val="minMax"/></c:scaling><c:delete val="0"/><c:axPos val="l"/>'
    '<c:majorGridlines/><c:crossAx val="1"/></c:valAx>'
)
_BAR = (
    '<c:barChart><c:barDir val="col"/><c:grouping val="clustered"/>{0}'
    '<c:gapWidth val="60"/>' + _AXES.format("barChart")
)
_LINE = (
    '<c:lineChart><c:grouping val="standard"/>{0}<c:marker val="1"/>'
    + _AXES.format("lineChart")
)
_PIE = (
    '<c:pieChart><c:varyColors val="1"/>{0}<c:dLbls><c:showLegendKey val="0"/>'
    '<c:showVal val="1"/><c:showCatName val="0"/><c:showSerName val="0"/>'
    '<c:showPercent val="1"/><c:showBubbleSize val="0"/></c:dLbls></c:pieChart>'
)
