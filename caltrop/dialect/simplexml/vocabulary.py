"""What the Simple XML reference lists: elements, what may stand in them, their attributes, options of visualizations, predefined tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

BOOL = r"true|false|1|0|t|f|True|False"
ANY = r"(?s).*"
NUMBER = r"-?\d+(\.\d+)?"
TOKENS = r"\s*\$[^$]+\$(\s*,\s*\$[^$]+\$)*\s*"


@dataclass(frozen=True, slots=True)
class Kind:
    """An element: its children, its attributes with a pattern of their values, those it must have, whether text stands in it."""

    children: frozenset[str] = frozenset()
    attributes: dict[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    text: bool = False


def _set(*words: str) -> frozenset[str]:
    return frozenset(word for text in words for word in text.split())


VISUALIZATIONS = _set("chart event map single table viz")
_SHOW = {"depends": TOKENS, "rejects": TOKENS, "id": r"[A-Za-z][\w-]*"}
ACTIONS = _set("set unset eval link")
_HANDLED = ACTIONS | {"condition"}
HANDLERS = _set("progress preview done cancelled error fail finalized")
_ROOT = {
    "version": r"1\.1|2", "theme": "light|dark", "refresh": r"\d+[smhd]?", "onunloadCancelJobs": BOOL, "isVisible": BOOL,
    "isDashboard": BOOL, "hideAppBar": BOOL, "hideChrome": BOOL, "hideEdit": BOOL, "hideExport": BOOL, "hideFilters": BOOL,
    "hideFooter": BOOL, "hideSplunkBar": BOOL, "hideTitle": BOOL, "script": ANY, "stylesheet": ANY,
}  # fmt: skip
_TEXT = Kind(text=True)

ELEMENTS: dict[str, Kind] = {
    "dashboard": Kind(_set("label description search init row"), _ROOT),
    "form": Kind(_set("label description search init fieldset row"), _ROOT),
    "label": _TEXT,
    "description": _TEXT,
    "title": _TEXT,
    "init": Kind(_set("set unset eval")),
    "fieldset": Kind(_set("input html"), {"submitButton": BOOL, "autoRun": BOOL}),
    "input": Kind(
        _set(
            "label choice default initialValue search fieldForLabel fieldForValue allowCustomValues selectFirstChoice showClearButton "
            "prefix suffix valuePrefix valueSuffix delimiter change"
        ),
        {**_SHOW, "type": "text|radio|dropdown|checkbox|multiselect|link|time", "token": r"[\w.:-]+", "searchWhenChanged": BOOL},
        ("type",),
    ),
    "choice": Kind(attributes={"value": ANY}, required=("value",), text=True),
    "default": Kind(_set("earliest latest"), text=True),
    "initialValue": Kind(_set("earliest latest"), text=True),
    "change": Kind(_HANDLED),
    "row": Kind(_set("panel html") | VISUALIZATIONS, dict(_SHOW)),
    "panel": Kind(_set("title input search html") | VISUALIZATIONS, {**_SHOW, "ref": ANY, "app": ANY}),
    "html": Kind(attributes={**_SHOW, "src": ANY, "encoded": BOOL, "tokens": BOOL}, text=True),
    "search": Kind(
        _set("query earliest latest refresh refreshType sampleRatio") | HANDLERS,
        {**_SHOW, "base": ANY, "ref": ANY, "app": ANY, "type": "annotation"},
    ),
    "query": _TEXT,
    "drilldown": Kind(_HANDLED, {"target": ANY}),
    "selection": Kind(_HANDLED),
    "condition": Kind(ACTIONS, {"field": ANY, "match": ANY, "label": ANY, "value": ANY}),
    "set": Kind(attributes={"token": ANY, "prefix": ANY, "suffix": ANY}, required=("token",), text=True),
    "unset": Kind(attributes={"token": ANY}, required=("token",)),
    "eval": Kind(attributes={"token": ANY}, required=("token",), text=True),
    "link": Kind(attributes={"target": ANY, "field": ANY, "series": ANY}, text=True),
    "format": Kind(_set("colorPalette scale option"), {"type": "color|number", "field": ANY}, ("type",)),
    "colorPalette": Kind(
        attributes={"type": "map|list|minMidMax|sharedList|expression", "minColor": ANY, "midColor": ANY, "maxColor": ANY},
        required=("type",),
        text=True,
    ),
    "scale": Kind(
        attributes={
            "type": "threshold|linear|log|percentile|category|sharedCategory|minMidMax", "minType": ANY, "midType": ANY,
            "maxType": ANY, "minValue": ANY, "midValue": ANY, "maxValue": ANY, "base": NUMBER,
        },
        required=("type",),
        text=True,
    ),
    "option": Kind(attributes={"name": ANY}, required=("name",), text=True),
    "fields": _TEXT,
    **{name: Kind(_HANDLED) for name in HANDLERS},
    **dict.fromkeys(
        ("earliest", "latest", "refresh", "refreshType", "sampleRatio", "fieldForLabel", "fieldForValue", "allowCustomValues",
         "selectFirstChoice", "showClearButton", "prefix", "suffix", "valuePrefix", "valueSuffix", "delimiter"),
        _TEXT,
    ),
}  # fmt: skip
for _name in VISUALIZATIONS:
    ELEMENTS[_name] = Kind(
        _set("title search option drilldown")
        | (_set("selection") if _name == "chart" else _set(""))
        | (_set("format fields") if _name in ("table", "event") else _set("format")),
        {**_SHOW, **({"type": ANY} if _name == "viz" else {})},
        ("type",) if _name == "viz" else (),
    )
REPEATED = frozenset({"search", "option", "format", "link", "choice", "condition", "input", "row", "panel", "html"})

# Elements of HTML that a panel may hold; scripts, frames and forms may not.
HTML = _set(
    "a abbr address article aside b blockquote br button caption center cite code col colgroup dd del dfn div dl dt em figcaption "
    "figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd label li main mark nav ol p pre q s samp section small span "
    "strong style sub sup table tbody td tfoot th thead tr tt u ul var wbr"
)

_COMMON = {
    "height": r"\d+(px)?", "link.visible": BOOL, "link.openSearch.visible": BOOL, "link.openSearch.text": ANY,
    "link.openSearch.search": ANY, "link.openSearch.searchEarliestTime": ANY, "link.openSearch.searchLatestTime": ANY,
    "link.openSearch.viewTarget": ANY, "link.exportResults.visible": BOOL, "link.inspectSearch.visible": BOOL,
    "link.openPivot.visible": BOOL, "refresh.auto.interval": r"\d+", "refresh.display": "none|preview|progressbar",
    "refresh.link.visible": BOOL, "refresh.time.visible": BOOL,
}  # fmt: skip
_TRELLIS = {
    "trellis.enabled": BOOL, "trellis.size": "small|medium|large", "trellis.splitBy": ANY, "trellis.scales.shared": BOOL,
}  # fmt: skip
_AXES = tuple(f"charting.{axis}" for axis in ("axisX", "axisY", "axisY2"))
_CHART = {
    "charting.chart": "area|bar|bubble|column|fillerGauge|line|markerGauge|pie|radialGauge|scatter",
    "charting.drilldown": "all|none", "charting.legend.placement": "right|bottom|top|left|none",
    "charting.legend.labelStyle.overflowMode": "ellipsisEnd|ellipsisMiddle|ellipsisNone|ellipsisStart|ellipsisOff",
    "charting.legend.mode": "standard|seriesCompare", "charting.legend.masterLegend": ANY,
    "charting.chart.stackMode": "default|stacked|stacked100", "charting.chart.nullValueMode": "gaps|zero|connect",
    "charting.chart.style": "shiny|minimal", "charting.chart.showDataLabels": "all|none|minmax", "charting.chart.showMarkers": BOOL,
    "charting.chart.showPercent": BOOL, "charting.chart.showLabels": BOOL, "charting.chart.sliceCollapsingThreshold": NUMBER,
    "charting.chart.rangeValues": r"\[.*\]", "charting.chart.overlayFields": ANY, "charting.chart.bubbleMaximumSize": NUMBER,
    "charting.chart.bubbleMinimumSize": NUMBER, "charting.chart.bubbleSizeBy": "area|diameter",
    "charting.gaugeColors": r"\[.*\]", "charting.fieldColors": r"(?s)\s*\{.*\}\s*", "charting.seriesColors": r"\[.*\]",
    "charting.fieldDashStyles": r"(?s)\s*\{.*\}\s*", "charting.lineWidth": ANY, "charting.layout.splitSeries": BOOL,
    "charting.layout.splitSeries.allowIndependentYRanges": BOOL, "charting.axisLabelsX.majorLabelStyle.rotation": NUMBER,
    "charting.axisLabelsX.majorLabelStyle.overflowMode": "ellipsisMiddle|ellipsisNone", "charting.data.count": r"\d+",
    "charting.axisTitleX.text": ANY, "charting.axisTitleY.text": ANY, "charting.axisTitleY2.text": ANY,
    "charting.axisTitleX.visibility": "visible|collapsed", "charting.axisTitleY.visibility": "visible|collapsed",
    "charting.axisTitleY2.visibility": "visible|collapsed", "charting.axisLabelsX.integerUnits": BOOL,
    "charting.axisLabelsY.integerUnits": BOOL, "charting.axisLabelsY.majorUnit": ANY, "charting.axisLabelsY2.majorUnit": ANY,
    "charting.axisY2.enabled": BOOL, **{f"{axis}.{end}": ANY for axis in _AXES for end in ("minimumNumber", "maximumNumber")},
    **{f"{axis}.scale": "linear|log|inherit" for axis in _AXES}, **{f"{axis}.abbreviation": "none|auto" for axis in _AXES},
}  # fmt: skip
OPTIONS: dict[str, dict[str, str]] = {
    "table": {
        **_COMMON, "count": r"\d+|\$.*\$", "dataOverlayMode": "none|heatmap|highlow", "drilldown": "none|cell|row",
        "percentagesRow": BOOL, "rowNumbers": BOOL, "totalsRow": BOOL, "wrap": BOOL, "labelField": ANY,
    },
    "chart": {**_COMMON, **_TRELLIS, **_CHART},
    "single": {
        **_COMMON, **_TRELLIS, "colorBy": "value|trend", "colorMode": "none|block", "drilldown": "none|all", "field": ANY,
        "numberPrecision": r"0(\.0+)?", "rangeColors": r"\[.*\]", "rangeValues": r"\[.*\]", "showSparkline": BOOL,
        "showTrendIndicator": BOOL, "trendColorInterpretation": "standard|inverse", "trendDisplayMode": "absolute|percent",
        "trendInterval": ANY, "underLabel": ANY, "beforeLabel": ANY, "afterLabel": ANY, "unit": ANY, "unitPosition": "before|after",
        "useColors": BOOL, "useThousandSeparators": BOOL,
    },
    "event": {
        **_COMMON, "count": r"\d+", "list.drilldown": "full|inner|outer|none", "list.wrap": BOOL, "maxLines": r"\d+", "rowNumbers": BOOL,
        "raw.drilldown": "full|inner|outer|none", "table.drilldown": BOOL, "table.sortColumn": ANY, "table.sortDirection": "asc|desc",
        "table.wrap": BOOL, "type": "list|raw|table", "drilldown": "all|none", "segmentation": ANY,
    },
}  # fmt: skip
NUMBER_FORMAT = {"precision": r"\d+", "useThousandSeparators": BOOL, "unit": ANY, "unitPosition": "before|after"}

# Tokens that are there without being set: everywhere, and by what they stand in.
ALWAYS = re.compile(r"env:[\w]+|earliest|latest")
WHERE = {
    "drilldown": re.compile(r"row\..+|click\.(name|value)2?|trellis\.(name|value)|earliest|latest"),
    "search": re.compile(r"result\..+|job\.\w+"),
    "change": re.compile(r"label|value"),
    "selection": re.compile(r"start(\..+)?|end(\..+)?"),
}
