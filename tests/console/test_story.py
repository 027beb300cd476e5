"""A person's whole way through the console: data in, a detection run over it, looked at, tuned, and put back."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlencode

from tests.console.conftest import Console, Opened

SEED = "Remote Process Instantiation via WMI and PowerShell Script Block XML"
FILTER = "remote_process_instantiation_via_wmi_and_powershell_script_block_xml_filter"
APP = "caltrop_detections"
SOURCE = "XmlWinEventLog:Microsoft-Windows-PowerShell/Operational"


def test_from_a_capture_to_a_tuned_detection_and_back(fresh: Opened, package: str, root: Path) -> None:
    console: Console = fresh()
    console.open("/en-US/console/data")
    console.sign_in()
    page = console.page

    # A capture is dropped, looked at, and indexed into an index of its own.
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(root / "tests" / "data" / "wmi_powershell_xml.log")
    page.get_by_role("region", name="Events as they will be").locator("tbody tr").first.wait_for()
    page.get_by_label("Source type").fill("XmlWinEventLog")
    page.get_by_label("Source", exact=True).fill(SOURCE)
    page.get_by_label("Index").fill("story")
    page.get_by_role("region", name="Events as they will be").get_by_text("2025-03-04").first.wait_for()
    console.accessible()
    page.get_by_role("button", name="Index", exact=True).click()
    page.get_by_text("events are in the index story.").wait_for()
    page.get_by_role("link", name="Search them").click()
    assert console.ended().startswith("✓")

    # The seed detection is run over it: hits with what was found in the script, and the stages that led there.
    page.get_by_role("link", name="Detections", exact=True).click()
    page.get_by_role("link", name=SEED, exact=True).click()
    page.get_by_role("button", name="Run now").click()
    hits = page.get_by_role("list", name="Hits")
    hits.get_by_text("FILESRV04").first.wait_for()
    count = hits.locator("> li").count()
    assert count == 7
    # What the search and its enrichment found is marked where it stands in the script, and nothing but text is there.
    hit = hits.locator("> li", has_text="$null = Invoke-WmiMethod")
    script = hit.locator("dt", has_text="ScriptBlockText").locator("xpath=following-sibling::dd/pre")
    assert script.locator("mark").all_inner_texts() == [
        "Invoke-WmiMethod", "Win32_Process", "create", "FILESRV04", "cmd.exe /c ipconfig /flushdns",
    ]  # fmt: skip
    assert script.inner_text() == (
        "$null = Invoke-WmiMethod -Class Win32_Process -Name create -ComputerName FILESRV04"
        ' -ArgumentList "cmd.exe /c ipconfig /flushdns"'
    )
    assert {
        name.lower() for name in script.evaluate("el => [...el.querySelectorAll('*')].map((one) => one.tagName)")
    } == {"mark"}
    assert (
        "Win32_Process" in hit.locator("dt", has_text="wmi_class").locator("xpath=following-sibling::dd").inner_text()
    )
    console.accessible()
    page.get_by_role("link", name="Open in search").click()
    assert console.ended().startswith("✓ 7 rows")
    page.get_by_role("tab", name="Pipeline").click()
    page.locator(".stage", has_text="enrichhits").click()
    page.get_by_role("heading", name="Rows after stage").get_by_text("enrichhits").wait_for()

    # Tune: every host is excluded, and the preview says that nothing would be left.
    page.go_back()
    page.get_by_role("link", name="Detections", exact=True).click()
    page.get_by_role("link", name=SEED, exact=True).click()
    page.get_by_role("link", name="Tune", exact=True).last.click()
    verdicts = page.locator(".verdicts")
    verdicts.get_by_text("7 stay").wait_for()
    editor = page.get_by_role("textbox", name="Candidate filter")
    page.get_by_role("button", name="Exclude Computer ADM-WS01.corp.harbor.test").first.click()
    verdicts.get_by_text("3 go", exact=False).wait_for()
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.type('search NOT Computer="*.harbor.test')
    page.keyboard.press("End")
    verdicts.get_by_text("0 stay").wait_for()
    page.get_by_text("The candidate removes everything").wait_for()
    console.accessible()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved.").wait_for()
    page.get_by_role("button", name="Dispatch again").click()
    page.get_by_text("with its saved filter: no hit.").wait_for()
    page.get_by_role("button", name="Reset").click()
    verdicts.get_by_text("7 stay").wait_for()
    page.get_by_role("button", name="Dispatch again").click()
    page.get_by_text("with its saved filter: 7 hits.").wait_for()

    # What it left: entities with a score, and the events behind one of them.
    page.get_by_role("link", name="Risk", exact=True).click()
    page.get_by_role("region", name="Entities by score").get_by_role("button").first.click()
    page.get_by_role("region", name="Risk events of").get_by_text(SEED).first.wait_for()
    console.accessible()

    # The app's own overview, and a drilldown from it.
    console.open(f"/en-US/app/{APP}/overview?{urlencode({'form.range.earliest': '0', 'form.range.latest': ''})}")
    page.get_by_role("heading", name="Overview", exact=True).wait_for()
    page.get_by_role("button", name=SEED, exact=True).or_(page.get_by_role("button", name="Next ›")).first.wait_for()
    page.get_by_label("Name, story or technique").fill("*Script Block XML*")
    page.keyboard.press("Enter")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name=SEED, exact=True).click()
    opened.value.get_by_role("heading", name="Help", exact=True).wait_for()
    assert SEED in unquote(opened.value.url)


def test_a_user_without_rights_sees_no_admin_pages(fresh: Opened, package: str) -> None:
    console: Console = fresh()
    console.open("/en-US/console/data")
    console.sign_in("reader", "a reader's")
    page = console.page
    page.get_by_text("Your roles do not let you send events").wait_for()
    assert page.get_by_role("link", name="Server").count() == 0
    console.open(f"/en-US/console/tune?macro={FILTER}")
    page.locator(".verdicts").wait_for()
    page.get_by_role("textbox", name="Candidate filter").click()
    page.keyboard.type(" x=1")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("alert").wait_for()
