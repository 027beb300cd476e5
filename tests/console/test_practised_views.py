"""Views as people who watch a site write them: what they use of Simple XML is drawn, and does what its reference says."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest

from caltrop.splunkd.inprocess import Client
from tests.console.conftest import Console, Opened

BASE = "index=shop sourcetype=access_combined"

SITE = f"""<form version="1.1" theme="dark">
  <label>Site of $env:user$ in $env:app$</label>
  <description>How the shop is doing</description>
  <search id="visits"><query>{BASE} | bin _time span=30m | stats count sum(bytes) AS bytes by _time status uri_path</query>
    <earliest>$when.earliest$</earliest><latest>$when.latest$</latest></search>
  <search id="failed" base="visits"><query>search status&gt;=$least$ | stats sum(count) AS failed by uri_path</query>
    <done><set token="worst">$result.uri_path$</set><eval token="several">if($job.resultCount$ &gt; 1, "yes", null())</eval></done></search>
  <fieldset submitButton="false" autoRun="true">
    <input type="time" token="when"><label>When</label><default><earliest>1772438400</earliest><latest>1772445600</latest></default></input>
    <input type="radio" token="least"><label>Failed from</label>
      <choice value="500">500</choice><choice value="200">200</choice><default>500</default>
      <change><condition label="200"><set token="all">everything counts</set></condition>
        <condition><unset token="all"></unset></condition></change></input>
  </fieldset>
  <row>
    <panel><single><title>Visits</title><search base="visits"><query>timechart span=30m sum(count) AS visits</query></search>
      <option name="trendInterval">-30m</option><option name="underLabel">in half an hour</option></single></panel>
    <panel><single><title>Bytes</title><search base="visits"><query>timechart span=30m sum(bytes) AS bytes</query></search>
      <option name="trendDisplayMode">percent</option><option name="numberPrecision">0.0</option><option name="unit">B</option>
      <option name="useColors">1</option><option name="colorBy">trend</option></single></panel>
    <panel><single><title>Failures</title><search base="failed"><query>stats sum(failed) AS n</query></search>
      <option name="useColors">1</option><option name="colorMode">block</option><option name="rangeValues">[10,200]</option>
      <option name="rangeColors">["0x53a051","0xf8be34","0xdc4e41"]</option><option name="unit">$$</option>
      <option name="unitPosition">before</option></single></panel>
  </row>
  <row><panel depends="$several$"><html><h3>Worst: <b>$worst$</b> &amp; more</h3><p>$all$</p></html></panel></row>
  <row>
    <panel><table><title>By page</title><search base="failed"><query>sort - failed</query></search></table></panel>
    <panel><table><title>Saved one</title><search ref="Shop by status"></search></table></panel>
    <panel ref="shop_panel" app="search"></panel>
    <panel ref="no_such_panel"></panel>
  </row>
</form>"""

PREBUILT = f"""<panel><title>Prebuilt</title><table><title>Of the prebuilt panel</title>
  <search><query>{BASE} | stats dc(clientip) AS visitors</query><earliest>0</earliest></search></table></panel>"""

CHOOSING = f"""<form version="1.1">
  <label>Choosing $form.pages$</label>
  <init><set token="note">begun</set><eval token="sum">20+22</eval><unset token="detail"></unset></init>
  <fieldset submitButton="true" autoRun="true">
    <input type="multiselect" token="pages"><label>Pages</label>
      <valuePrefix>uri_path="</valuePrefix><valueSuffix>"</valueSuffix><delimiter> OR </delimiter><prefix>(</prefix><suffix>)</suffix>
      <fieldForLabel>uri_path</fieldForLabel><fieldForValue>uri_path</fieldForValue>
      <search><query>{BASE} | stats count by uri_path</query><earliest>0</earliest></search>
      <default>/cart,/login</default></input>
    <input type="checkbox" token="states"><label>States</label><choice value="200">Fine</choice><choice value="500">Failed</choice>
      <prefix>status IN (</prefix><suffix>)</suffix><delimiter>,</delimiter><initialValue>500</initialValue></input>
    <input type="text" token="address"><label>Address</label><default>*</default><prefix>clientip="</prefix><suffix>"</suffix></input>
    <input type="link" token="tab"><label>Tab</label><choice value="one">One</choice><choice value="two">Two</choice><default>one</default>
      <change><condition value="one"><set token="first">yes</set><unset token="second"></unset></condition>
        <condition value="two"><unset token="first"></unset><set token="second">yes</set></condition></change></input>
  </fieldset>
  <row><panel><table><title>Chosen</title>
    <search><query>{BASE} $pages$ $states$ $address$ | stats count by uri_path status</query><earliest>0</earliest></search></table></panel></row>
  <row><panel depends="$first$"><html>First tab: $note$ $sum$</html></panel><panel rejects="$first$" depends="$second$"><html>Second tab</html></panel></row>
</form>"""

CLICKS = f"""<dashboard version="1.1">
  <label>Clicks</label>
  <search id="base"><query>{BASE} | stats count sum(bytes) AS bytes by uri_path status</query><earliest>0</earliest></search>
  <row>
    <panel><table><title>Pages</title><search base="base"><query>stats sum(count) AS visits sum(bytes) AS bytes by uri_path</query></search>
      <option name="drilldown">cell</option>
      <drilldown>
        <condition field="uri_path"><set token="page">$click.value$</set><eval token="short">replace($click.value$, "/", "")</eval>
          <unset token="other"></unset></condition>
        <condition field="bytes"><link target="_blank"><![CDATA[/app/search/clicked?form.page=$row.uri_path|u$&n=$click.value2$]]></link></condition>
        <condition><set token="other">$click.name2$ of $row.uri_path$ is $click.value2$</set></condition>
      </drilldown></table></panel>
    <panel><chart><title>Columns</title><search base="base"><query>chart sum(count) over uri_path by status</query></search>
      <option name="charting.chart">column</option><option name="charting.chart.stackMode">stacked</option>
      <drilldown><set token="point">$click.value$ $click.name2$ $click.value2$</set></drilldown></chart></panel>
  </row>
  <row depends="$page$"><panel><title>Detail of $short$</title><table><title>Detail</title>
    <search><query>{BASE} uri_path=$page|s$ | stats count by status</query><earliest>0</earliest></search></table></panel></row>
  <row><panel depends="$other$"><html>$other$</html></panel><panel depends="$point$"><html>Point: $point$</html></panel></row>
</dashboard>"""

FORMATS = """<dashboard version="1.1">
  <label>Formats</label>
  <row><panel><table><title>Formatted</title>
    <search><query>| makeresults format=csv data="name,level,load,kind,share
ann,low,10,a,0.25
bob,high,50,b,0.5
carl,high,90,a,0.75
dora,none,130,c,1.5"</query></search>
    <option name="count">2</option><option name="totalsRow">true</option><option name="percentagesRow">true</option>
    <option name="rowNumbers">true</option>
    <format type="color" field="level"><colorPalette type="map">{"low":#53A051,"high":#DC4E41}</colorPalette></format>
    <format type="color" field="load"><colorPalette type="minMidMax" minColor="#FFFFFF" midColor="#FFFF00" maxColor="#FF0000"></colorPalette>
      <scale type="minMidMax" minType="number" minValue="0" midType="number" midValue="50" maxType="number" maxValue="100"></scale></format>
    <format type="color" field="name"><colorPalette type="expression">case(match(value,"^a"),"#00FF00",1==1,"#0000FF")</colorPalette></format>
    <format type="color" field="kind"><colorPalette type="sharedList"></colorPalette><scale type="sharedCategory"></scale></format>
    <format type="number" field="share"><option name="precision">3</option><option name="unit">%</option></format>
  </table></panel>
  <panel><table><title>Heat</title><search><query>| makeresults format=csv data="x,y
1,10
5,2"</query></search><option name="dataOverlayMode">highlow</option></table></panel></row>
  <row><panel><table><title>Older</title><searchString>| makeresults | eval made="the old way"</searchString><earliestTime>0</earliestTime></table></panel></row>
</dashboard>"""

GAPS = '"x,web,db\n1,10,1\n2,,10\n3,30,100\n4,40,1000"'
CHARTS = f"""<dashboard version="1.1">
  <label>Charts</label>
  <row>
    <panel><chart><title>Overlay</title><search><query>{BASE} | timechart span=30m count avg(bytes) AS size</query><earliest>1772438400</earliest><latest>1772445600</latest></search>
      <option name="charting.chart">column</option><option name="charting.chart.overlayFields">size</option>
      <option name="charting.axisY2.enabled">1</option><option name="charting.fieldColors">{{"count":0x112233,"size":0xFF8800}}</option>
      <option name="charting.axisTitleX.visibility">collapsed</option><option name="charting.axisTitleY.text">Visits</option></chart></panel>
    <panel><chart><title>Log</title><search><query>| makeresults format=csv data={GAPS} | table x db</query></search>
      <option name="charting.chart">line</option><option name="charting.axisY.scale">log</option><option name="charting.legend.placement">none</option></chart></panel>
    <panel><chart><title>Shares</title><search><query>{BASE} | chart count over uri_path by status</query><earliest>0</earliest></search>
      <option name="charting.chart">bar</option><option name="charting.chart.stackMode">stacked100</option>
      <option name="charting.seriesColors">[0x53a051,0xdc4e41]</option></chart></panel>
  </row>
  <row>
    <panel><chart><title>Gaps</title><search><query>| makeresults format=csv data={GAPS} | table x web</query></search><option name="charting.chart">line</option></chart></panel>
    <panel><chart><title>Zero</title><search><query>| makeresults format=csv data={GAPS} | table x web</query></search><option name="charting.chart">line</option>
      <option name="charting.chart.nullValueMode">zero</option></chart></panel>
    <panel><chart><title>Connect</title><search><query>| makeresults format=csv data={GAPS} | table x web</query></search><option name="charting.chart">line</option>
      <option name="charting.chart.nullValueMode">connect</option></chart></panel>
    <panel><chart><title>Dial</title><search><query>| makeresults | eval n=72 | table n</query></search><option name="charting.chart">radialGauge</option>
      <option name="charting.chart.rangeValues">[0,50,100]</option><option name="charting.gaugeColors">[0x53a051,0xdc4e41]</option></chart></panel>
  </row>
  <row>
    <panel><chart><title>Each page</title><search><query>{BASE} | timechart span=30m count by uri_path</query><earliest>1772438400</earliest><latest>1772445600</latest></search>
      <option name="charting.chart">area</option><option name="trellis.enabled">1</option><option name="trellis.splitBy">uri_path</option>
      <option name="trellis.size">small</option>
      <drilldown><set token="part">$trellis.name$ is $trellis.value$</set></drilldown></chart></panel>
    <panel><single><title>Each state</title><search><query>{BASE} | stats count by status</query><earliest>0</earliest></search>
      <option name="trellis.enabled">true</option><option name="trellis.splitBy">status</option></single></panel>
    <panel><map><title>Where</title><search><query>| makeresults | eval lat=1, lon=2, n=3</query></search></map></panel>
  </row>
  <row depends="$part$"><panel><html>$part$</html></panel></row>
</dashboard>"""

LIVE = f"""<dashboard version="1.1">
  <label>Live</label>
  <search id="tick"><query>| makeresults | eval n=random() | table n</query><refresh>1s</refresh><refreshType>delay</refreshType>
    <progress><set token="seen">yes</set></progress></search>
  <search><query>{BASE} | nosuchcommand</query><earliest>0</earliest><error><set token="broken">The search broke</set></error>
    <fail><set token="failed">It failed</set></fail></search>
  <row><panel><table><title>Tick</title><search base="tick"></search></table></panel>
    <panel depends="$failed$"><html>$failed$</html></panel></row>
  <row><panel><event><title>Events</title><search><query>{BASE} | head 30</query><earliest>0</earliest></search>
    <fields>["host","status"]</fields><option name="count">5</option></event></panel></row>
  <row><panel><table><title>Nothing</title><search><query>{BASE} status=999</query><earliest>0</earliest></search></table></panel></row>
</dashboard>"""

VIEWS = {"site": SITE, "choosing": CHOOSING, "clicks": CLICKS, "formats": FORMATS, "charts": CHARTS, "live": LIVE}


@pytest.fixture(scope="module", autouse=True)
def views(admin: Client) -> Iterator[None]:
    """The views, the saved search and the panel that one of them names."""
    for name, xml in VIEWS.items():
        assert (
            admin.request("POST", "/servicesNS/nobody/search/data/ui/views", {"name": name, "eai:data": xml}).status
            == 201
        ), name
    made = admin.request(
        "POST", "/servicesNS/nobody/search/data/ui/panels", {"name": "shop_panel", "eai:data": PREBUILT}
    )
    assert made.status == 201, made.text
    saved = {"name": "Shop by status", "search": f"{BASE} | stats count by status", "dispatch.earliest_time": "0"}
    assert admin.request("POST", "/servicesNS/nobody/search/saved/searches", saved).status == 201
    yield
    for name in VIEWS:
        admin.request("DELETE", f"/servicesNS/nobody/search/data/ui/views/{name}", {})


def opened(fresh: Opened, name: str, **options: Any) -> Console:
    console: Console = fresh(**options)
    console.open(f"/en-US/app/search/{name}")
    console.sign_in()
    return console


def cells(console: Console, title: str) -> list[list[str]]:
    rows = console.page.get_by_role("group", name=title, exact=True).locator("tbody tr")
    rows.first.wait_for()
    return [row.locator("td").all_inner_texts() for row in rows.all()]


def test_one_search_feeds_a_site(fresh: Opened) -> None:
    console = opened(fresh, "site")
    page = console.page
    page.get_by_role("heading", name="Site of admin in search").wait_for()
    page.get_by_role("img", name="Visits: 360, changed by 0").wait_for()
    assert page.get_by_text("in half an hour").count() == 1
    bytes_told = page.get_by_role("img", name=re.compile("^Bytes: "))
    bytes_told.wait_for()
    assert re.fullmatch(r"Bytes: [\d,]+\.\d B, changed by \d+(?:\.\d)?%", bytes_told.get_attribute("aria-label"))
    failures = page.get_by_role("img", name="Failures: $240")
    failures.wait_for()
    assert failures.locator("xpath=..").evaluate("el => el.style.backgroundColor") == "rgb(220, 78, 65)"
    assert cells(console, "By page") == [["/index", "120"], ["/login", "120"]]
    page.get_by_role("heading", name=re.compile("^Worst: .* & more$")).wait_for()
    assert page.get_by_text("$all$").count() == 1, "a token that nobody set stands as it is written"
    assert cells(console, "Saved one") == [["200", "1200"], ["500", "240"]]
    assert cells(console, "Of the prebuilt panel") == [["40"]]
    page.get_by_text('Not drawn here: panel ref="no_such_panel" app="search", which is not there').wait_for()
    page.get_by_label("200", exact=True).check()
    page.get_by_role("img", name="Failures: $1,440").wait_for()
    page.get_by_text("everything counts").wait_for()
    assert "form.least=200" in page.url
    console.accessible()


def test_choices_make_the_search(fresh: Opened) -> None:
    console = opened(fresh, "choosing")
    page = console.page
    page.get_by_role("heading", name="Choosing /cart,/login").wait_for()
    assert cells(console, "Chosen") == [["/login", "500", "120"]] or {row[0] for row in cells(console, "Chosen")} <= {
        "/cart",
        "/login",
    }
    page.get_by_text("First tab: begun 42").wait_for()
    before = cells(console, "Chosen")
    page.get_by_label("Fine").check()
    assert cells(console, "Chosen") == before, "the button is waited for"
    page.get_by_role("button", name="Pages: /cart, /login").click()
    page.get_by_role("group", name="Pages").get_by_label("/index").check()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("group", name="Chosen").get_by_text("/index").first.wait_for()
    assert {row[0] for row in cells(console, "Chosen")} == {"/cart", "/login", "/index"}
    assert {row[1] for row in cells(console, "Chosen")} == {"200", "500"}
    page.get_by_role("button", name="Two").click()
    page.get_by_role("button", name="Submit").click()
    page.get_by_text("Second tab").wait_for()
    assert page.get_by_text("First tab").count() == 0
    console.accessible()


def test_clicks_lead_on(fresh: Opened) -> None:
    console = opened(fresh, "clicks")
    page = console.page
    pages = page.get_by_role("group", name="Pages")
    pages.get_by_role("button", name="/cart", exact=True).click()
    page.get_by_role("heading", name="Detail of cart").wait_for()
    assert cells(console, "Detail") == [["200", "360"]]
    pages.locator("tbody tr", has_text="/login").get_by_role("button").nth(1).click()
    page.get_by_text("visits of /login is 360").wait_for()
    with page.context.expect_page() as other:
        pages.locator("tbody tr", has_text="/items").get_by_role("button").nth(2).click()
    assert re.search(r"/en-US/app/search/clicked\?form\.page=%2Fitems&n=\d+$", other.value.url)
    other.value.close()
    page.get_by_role("img", name="Columns").locator("rect.hit").first.click()
    page.get_by_text(re.compile(r"^Point: /\w+ (200|500) \d+$")).wait_for()
    console.accessible()


def test_tables_are_formatted(fresh: Opened) -> None:
    console = opened(fresh, "formats")
    page = console.page
    table = page.get_by_role("group", name="Formatted")
    table.get_by_text("0.250 %").wait_for()

    def colour(words: str) -> str:
        return str(
            table.locator("tbody td", has_text=re.compile(f"^{words}$")).first.evaluate(
                "el => el.style.backgroundColor"
            )
        )

    assert [colour("low"), colour("high")] == ["rgb(83, 160, 81)", "rgb(220, 78, 65)"]
    assert [colour("10"), colour("50")] == ["rgb(255, 255, 204)", "rgb(255, 255, 0)"]
    assert [colour("ann"), colour("bob")] == ["rgb(0, 255, 0)", "rgb(0, 0, 255)"]
    assert colour("a") != colour("b")
    feet = [row.locator("td").all_inner_texts() for row in table.locator("tfoot tr").all()]
    assert feet[0][3] == "280" and feet[0][5] == "3", "of all four rows, of which two are seen"
    assert feet[1][3] == "98.94%" and feet[1][5] == "1.06%"
    page.get_by_role("button", name="Next ›").click()
    table.get_by_text("dora").wait_for()
    assert colour("90") == "rgb(255, 51, 0)" and colour("130") == "rgb(255, 0, 0)"
    heat = page.get_by_role("group", name="Heat")
    assert heat.locator("td", has_text="10").evaluate("el => el.style.backgroundColor") == "rgb(214, 86, 60)"
    assert heat.locator("td", has_text="5").evaluate("el => el.style.backgroundColor") == ""
    page.get_by_text("the old way").wait_for()
    console.accessible()


def test_charts_follow_their_options(fresh: Opened) -> None:
    console = opened(fresh, "charts")
    page = console.page

    def chart(title: str) -> Any:
        found = page.get_by_role("img", name=title, exact=True)
        found.wait_for()
        return found

    overlay = chart("Overlay")
    assert overlay.locator("rect").count() == 4 and overlay.locator("path.line").count() == 1
    assert overlay.locator("rect").first.evaluate("el => getComputedStyle(el).fill") == "rgb(17, 34, 51)"
    assert overlay.locator("text.title").all_text_contents() == ["Visits", ""]
    log = chart("Log")
    assert {"1", "10", "100", "1,000"} <= set(log.locator(".axis text").all_text_contents())
    high = [float(dot.get_attribute("cy")) for dot in log.locator("circle").all()]
    steps = [a - b for a, b in itertools.pairwise(high)]
    assert max(steps[1:]) < 1.3 * min(steps[1:]), "each ten times the last is as far from it"
    assert log.locator("xpath=..").locator(".legend").count() == 0
    shares = chart("Shares").locator("g[class^=series]")
    widths = [[float(r.get_attribute("width")) for r in group.locator("rect").all()] for group in shares.all()]
    assert len({round(a + b) for a, b in zip(*widths, strict=True)}) == 1, "all bars are whole"
    lines = {name: chart(name).locator("path.line").get_attribute("d") for name in ("Gaps", "Zero", "Connect")}
    assert [lines[name].count("M") for name in lines] == [2, 1, 1]
    assert lines["Zero"].count("L") == 3 and lines["Connect"].count("L") == 2
    chart("Dial: 72, of 0 to 100")
    small = page.locator(".trellis.small > li")
    assert sorted(small.locator("h3").all_text_contents()) == ["/cart", "/index", "/items", "/login"]
    tops = {part.locator(".axis text").all_text_contents()[4] for part in small.all()}
    assert len(tops) == 1, "one axis for all"
    chart("Each state 200: 1,200")
    chart("Each state 500: 240")
    small.filter(has_text="/login").locator("circle.hit").first.click()
    page.get_by_text("uri_path is /login").wait_for()
    assert page.locator(".notice.warn").all_inner_texts() == ["Not drawn here: map: its rows are shown as a table."]
    console.accessible()


def test_what_runs_again_fails_or_finds_nothing(fresh: Opened) -> None:
    console = opened(fresh, "live")
    page = console.page
    first = cells(console, "Tick")
    page.wait_for_function(
        "before => document.querySelector('.dash-table tbody td')?.innerText !== before", arg=first[0][0]
    )
    page.get_by_text("It failed").wait_for()
    page.locator(".notice.error", has_text="nosuchcommand").wait_for()
    page.locator(".dash-event").first.wait_for()
    assert page.locator(".dash-event").count() == 5
    page.get_by_role("navigation", name="Pages of events").get_by_role("button", name="Next ›").click()
    page.locator(".dash-events[start='6']").wait_for()
    page.get_by_text("No results found.").wait_for()
    console.problems.clear()


@pytest.mark.parametrize("width", [390, 1920])
@pytest.mark.parametrize("name", ["site", "formats", "charts"])
def test_nothing_is_wider_than_the_window(fresh: Opened, name: str, width: int) -> None:
    console = opened(fresh, name, viewport={"width": width, "height": 900}, color_scheme="dark")
    console.page.locator(".dash-panel").first.wait_for()
    console.page.wait_for_load_state("networkidle")
    assert console.page.evaluate("document.documentElement.scrollWidth") <= width
    console.accessible()
