"""Simple XML views in the browser: tokens, searches that go on from one another, clicks, formats; and the views of our own package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from splunklib import client

from caltrop.splunkd.server import Server
from tests.console.conftest import PASSWORD, Console

Opened = Callable[..., Console]
EVIL = "<img src=x onerror=document.title='run'>"

VIEW = """<form version="1.1">
  <label>Logins of $who$</label>
  <search id="base">
    <query>| makeresults format=csv data="user,action,n
ann,ok,7
bob,failed,55
carl,failed,90
{evil},failed,3"
| search user=$who|s$ | eval n=tonumber(n)</query>
    <done>
      <condition match="$job.resultCount$ == 0"><set token="empty">yes</set></condition>
      <condition><unset token="empty"></unset><set token="first">$result.user$</set></condition>
    </done>
  </search>
  <fieldset submitButton="false">
    <input type="text" token="who"><label>Who</label><default>*</default></input>
    <input type="dropdown" token="action">
      <label>Action</label><choice value="*">All</choice><default>*</default>
      <fieldForLabel>action</fieldForLabel><fieldForValue>action</fieldForValue>
      <search base="base"><query>stats count by action</query></search>
      <change><condition value="failed"><set token="bad">yes</set></condition><condition><unset token="bad"></unset></condition></change>
    </input>
  </fieldset>
  <row depends="$empty$"><panel><html><h2>Nobody</h2></html></panel></row>
  <row rejects="$empty$">
    <panel>
      <title>Rows</title>
      <table>
        <title>By user</title>
        <search base="base"><query>search action=$action|s$ | table user n | eval twice=n*2</query></search>
        <fields>["user","n"]</fields>
        <option name="drilldown">cell</option>
        <format type="color" field="n"><colorPalette type="list">[#118832,#D41F1F]</colorPalette><scale type="threshold">50</scale></format>
        <format type="color" field="user">
          <colorPalette type="expression">if(like(value,"c%"),"#FF0000","#FFFFFF")</colorPalette>
        </format>
        <format type="number" field="n"><option name="precision">1</option><option name="unit">x</option></format>
        <drilldown>
          <condition field="n"><link>/app/search/search?q=%7C%20makeresults%20%7C%20eval%20n%3D$row.twice$</link></condition>
          <condition><set token="form.who">$row.user$</set></condition>
        </drilldown>
      </table>
    </panel>
    <panel><single><title>All</title><search base="base"><query>stats sum(n) as n</query></search></single></panel>
    <panel><chart><title>Chart</title><search base="base"><query>stats sum(n) by user</query></search>
      <option name="charting.chart">bar</option></chart></panel>
    <panel><viz type="acme.gauge"><search base="base"><query>stats count</query></search></viz></panel>
  </row>
  <row depends="$bad$"><panel><html><p id="told" style="color:#D41F1F">First: $first|h$; <b onclick="document.title='run'">who</b>
    <a href="javascript:document.title='run'">bad</a> <a href="other?form.who=$who|u$">other</a></p><script>document.title='run'</script></html></panel></row>
  <row><panel><table><title>Waiting</title><search><query>| makeresults | eval a=$never$</query></search></table></panel></row>
</form>""".replace("{evil}", EVIL.replace("<", "&lt;"))


def connected(server: Server) -> Any:
    return client.connect(
        host="127.0.0.1", port=server.port, username="admin", password=PASSWORD, verify=False, autologin=True
    )


@pytest.fixture(scope="module")
def logins(server: Server) -> None:
    connected(server).post("/servicesNS/nobody/search/data/ui/views", name="logins", **{"eai:data": VIEW})


def rows_of(console: Console, title: str) -> Any:
    return console.page.get_by_role("group", name=title).locator("tbody tr")


@pytest.mark.usefixtures("logins")
def test_tokens_choices_clicks_and_formats(fresh: Opened) -> None:
    console = fresh()
    console.open("/en-US/app/search/logins")
    console.sign_in()
    page = console.page
    page.get_by_role("heading", name="Logins of *").wait_for()
    table = page.get_by_role("group", name="By user")
    table.get_by_text("90.0 x").wait_for()
    assert rows_of(console, "By user").count() == 4
    cell = table.locator("td", has_text="90.0 x")
    assert cell.evaluate("el => getComputedStyle(el).backgroundColor") == "rgb(212, 31, 31)"
    named = table.locator("td", has_text="carl")
    named.and_(page.locator("[style*='255, 0, 0']")).wait_for()  # the expression of its colour
    assert table.get_by_text(EVIL).count() == 1  # text of an event is text
    page.get_by_role("img", name="All: 155").wait_for()
    page.get_by_text("The search waits for $never$").wait_for()
    page.get_by_text("viz acme.gauge").wait_for()
    console.accessible()

    assert page.locator("#told, .dash-html p").count() == 0
    page.get_by_label("Action").select_option("failed")
    told = page.locator(".dash-html p")
    told.wait_for()
    assert told.inner_text().startswith("First: ann; who")
    assert told.evaluate("el => el.style.color") == "rgb(212, 31, 31)"
    assert told.locator("script, [onclick], a[href^='javascript']").count() == 0
    assert told.get_by_role("link", name="other").get_attribute("href").endswith("/en-US/app/search/other?form.who=*")
    rows_of(console, "By user").nth(3).wait_for(state="detached")  # of the four before
    assert rows_of(console, "By user").count() == 3
    assert "form.action=failed" in page.url

    table.get_by_role("button", name="bob").click()  # sets the input
    page.get_by_role("heading", name="Logins of bob").wait_for()
    page.get_by_role("img", name="All: 55").wait_for()
    assert page.get_by_label("Who").input_value() == "bob"
    table.get_by_role("button", name="55.0 x").click()  # leads to a search with a field that the table does not show
    page.wait_for_url("**/app/search/search?q=*")
    assert quote("eval n=110", safe="=").replace("%20", "+") in page.url or "eval%20n%3D110" in page.url
    page.go_back()
    page.get_by_role("heading", name="Logins of bob").wait_for()

    page.get_by_label("Who").fill(EVIL)
    page.get_by_label("Who").press("Enter")
    page.get_by_role("img", name="All: 3").wait_for()
    page.get_by_label("Who").fill("nobody")
    page.get_by_label("Who").press("Enter")
    page.get_by_role("heading", name="Nobody", exact=True).wait_for()
    assert page.get_by_role("group", name="By user").count() == 0
    assert page.title() != "run"


ZOOMED = """<dashboard version="1.1"><label>Zoomed</label><row>
  <panel><chart><title>By minute</title>
    <search><query>| makeresults count=10 | streamstats count as n | eval _time=1700000000+n*60 | table _time n</query></search>
    <option name="charting.chart">line</option>
    <selection><set token="sel.earliest">$start$</set><set token="sel.latest">$end$</set><set token="low">$start.n$</set></selection>
  </chart></panel>
  <panel><html><p id="told">from $sel.earliest$ to $sel.latest$, $low$ first</p></html></panel>
</row></dashboard>"""


def test_zooming_into_a_chart_sets_tokens(server: Server, fresh: Opened) -> None:
    connected(server).post("/servicesNS/nobody/search/data/ui/views", name="zoomed", **{"eai:data": ZOOMED})
    console = fresh()
    console.open("/en-US/app/search/zoomed")
    console.sign_in()
    page = console.page
    told = page.locator(".dash-html p")
    # All of it first: from the first point to the end of the last one's span.
    told.get_by_text("from 1700000060 to 1700000660, 1 first").wait_for()
    console.accessible()
    box = page.get_by_role("img", name="By minute").bounding_box()
    assert box is not None
    left, right = box["x"] + 56, box["x"] + box["width"] - 16
    page.mouse.move(left + (right - left) * 0.34, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(left + (right - left) * 0.66, box["y"] + 60, steps=5)
    page.mouse.up()
    told.get_by_text("from 1700000240 to 1700000480, 4 first").wait_for()
    assert page.get_by_role("img", name="By minute").locator("circle").count() == 4
    start = page.get_by_role("slider", name="Start of the selection of By minute")
    start.focus()
    start.press("ArrowRight")
    told.get_by_text("from 1700000300 to 1700000480, 5 first").wait_for()
    page.get_by_role("button", name="Whole chart").click()
    told.get_by_text("from 1700000060 to 1700000660, 1 first").wait_for()


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        ("<dashboard version='2'><definition/></dashboard>", "Dashboard Studio"),
        (
            "<dashboard><label>x</label><row><panel><table><search base='gone'><query>head 1</query></search></table></panel></row></dashboard>",
            "no search with the id",
        ),
        (
            "<dashboard><label>x</label><row><panel><table><search><query>| evall</query></search></table></panel></row></dashboard>",
            "evall",
        ),
    ],
)
def test_what_cannot_be_drawn_is_said(server: Server, fresh: Opened, xml: str, said: str) -> None:
    name = f"wrong{abs(hash(xml)) % 10**8}"
    connected(server).post("/servicesNS/nobody/search/data/ui/views", name=name, **{"eai:data": xml})
    console = fresh()
    console.open(f"/en-US/app/search/{name}")
    console.sign_in()
    console.page.locator(".notice.error", has_text=said).wait_for()
    console.problems.clear()  # a search that was refused is told by the browser's own log, too


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("view", ["overview", "hits", "tune", "coverage", "help"])
def test_views_of_our_package(fresh: Opened, package: str, view: str, width: int) -> None:
    console = fresh(viewport={"width": width, "height": 900}, color_scheme="dark" if width == 390 else "light")
    console.open(f"/en-US/app/{package}/{view}")
    console.sign_in()
    console.page.get_by_role("heading", name=view.title(), exact=True).wait_for()
    console.page.locator(".panel").first.wait_for()
    console.page.wait_for_load_state("networkidle")
    assert console.page.locator(".notice.error, .notice.warn").all_inner_texts() == []
    assert console.page.evaluate("document.documentElement.scrollWidth") <= width
    console.accessible()


def test_dashboards_are_listed(fresh: Opened, package: str) -> None:
    console = fresh()
    console.open("/en-US/console/dashboards")
    console.sign_in()
    console.page.get_by_role("link", name="Overview").click()
    console.page.get_by_role("heading", name="Overview").wait_for()
    assert console.page.url.endswith(f"/app/{package}/overview") or "/overview?" in console.page.url
