"""Tags by tag and by field, the metrics catalog, the scheduler's switch, views on a schedule, and lists of everything."""

from __future__ import annotations

from collections.abc import Callable

from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from tests.patience import PATIENCE

APP = "/servicesNS/nobody/search"


def test_tags_by_tag(admin: Client) -> None:
    tag = f"{APP}/search/tags/suspect"
    added = admin.post(tag, {"add": ["host::web 1", "user::bob"]})
    assert (added.status, added.messages) == (200, ["Processed adds/deletes for tag"])
    assert sorted(admin.get(tag).names) == ["host::web 1", "user::bob"]
    assert "suspect" in admin.get(f"{APP}/search/tags").names
    assert admin.get(f"{APP}/saved/fvtags/host%3Dweb%201").content["tags"] == ["suspect"]
    assert admin.post(tag, {"delete": "user::bob"}).status == 200
    assert admin.get(tag).names == ["host::web 1"]
    assert admin.post(tag, {"add": "no pair"}).status == 400
    assert admin.post(tag).status == 400
    assert admin.delete(tag).status == 200
    assert admin.get(tag).status == admin.delete(tag).status == 404


def test_tags_by_field(admin: Client, someone: Callable[[str], Client]) -> None:
    tags = f"{APP}/search/fields/host/tags"
    added = admin.post(tags, {"value": "db1", "add": ["prod", "slow"]})
    assert (added.status, added.messages) == (200, ["Successfully processed adds/deletes for field host"])
    assert admin.get(tags).names == ["db1::prod", "db1::slow"]
    assert someone("user").post(tags, {"value": "db1", "delete": "prod"}).status == 403
    assert admin.post(tags, {"value": "db1", "delete": "prod"}).status == 200
    assert admin.get(tags).names == ["db1::slow"]
    assert admin.post(tags, {"add": "x"}).status == 400
    assert admin.delete(tags).status == 405
    entry = admin.get(f"{APP}/search/fields/sourcetype").entries[0]
    assert entry["content"].startswith("PropertiesMap:")
    assert "INDEXED" in entry["content"]
    assert "sourcetype" in admin.get(f"{APP}/search/fields", count=0).names


def test_the_metrics_catalog(admin: Client) -> None:
    admin.post("data/indexes", name="measured", datatype="metric")
    spl = '| makeresults count=3 | eval metric_name="cpu.idle", _value=1, region="eu" | mcollect index=measured'
    assert admin.post("search/jobs", search=spl, exec_mode="oneshot").status == 200
    where = {"filter": "index=measured", "earliest": "-1h", "latest": "+1h"}
    listed = admin.get("catalog/metricstore/metrics", {**where, "list_indexes": "1"}).entries
    assert [(e["name"], e["content"]["indexes"]) for e in listed] == [("cpu.idle", ["measured"])]
    assert "region" in admin.get("catalog/metricstore/dimensions", {**where, "metric_name": "cpu.idle"}).names
    assert admin.get("catalog/metricstore/dimensions/region/values", {**where, "metric_name": "cpu.idle"}).names == [
        "eu"
    ]
    assert admin.get("catalog/metricstore/dimensions/region/values", {**where, "metric_name": "other"}).names == []
    assert admin.get("catalog/metricstore/dimensions/a%7Cb/values", where).status == 404
    assert admin.get("catalog/metricstore/metrics", {"filter": "index=("}).status == 400


def test_the_scheduler_is_stopped_and_started(admin: Client, someone: Callable[[str], Client], daemon: Daemon) -> None:
    assert admin.get("search/scheduler/status").content["saved_searches_disabled"] is False
    admin.post(
        "saved/searches", name="every minute", search="| makeresults", is_scheduled="1", cron_schedule="* * * * *"
    )
    now = daemon.state.now()
    assert someone("user").post("search/scheduler/status", disabled="1").status == 403
    assert admin.post("search/scheduler/status", disabled="1").content["saved_searches_disabled"] is True
    assert daemon.searching.scheduler.run_due(now + 120) == []
    assert admin.post("search/scheduler/status", disabled="0").content["saved_searches_disabled"] is False
    started = daemon.searching.scheduler.run_due(now + 240)
    assert [job.spec.label for job in started] == ["every minute"]
    admin.delete("saved/searches/every%20minute")


def test_numbers_of_concurrency(admin: Client) -> None:
    assert admin.get("search/concurrency-settings").names == ["scheduler", "search"]
    changed = admin.post("search/concurrency-settings/search", base_max_searches="7")
    assert (changed.content["base_max_searches"], changed.content["total_search_concurrency_limit"]) == (7, "auto")
    assert admin.post("search/concurrency-settings/search", base_max_searches="many").status == 400
    assert admin.post("search/concurrency-settings/search", other="1").status == 400


def test_a_view_on_a_schedule(admin: Client) -> None:
    admin.post(f"{APP}/data/ui/views", {"name": "weekly", "eai:data": "<dashboard><label>Weekly</label></dashboard>"})
    path = f"{APP}/scheduled/views/_ScheduledView__weekly"
    assert admin.get(path).content["is_scheduled"] is False
    given = {"is_scheduled": "1", "cron_schedule": "0 3 * * *", "action.email.to": "nobody@example.com"}
    scheduled = admin.post(path, given).content
    assert (scheduled["is_scheduled"], scheduled["action.email.pdfview"]) == (True, "weekly")
    assert admin.get(path).content["cron_schedule"] == "0 3 * * *"
    assert "_ScheduledView__weekly" in admin.get(f"{APP}/scheduled/views").names
    assert admin.delete(path).status == 200
    assert admin.get(path).content["is_scheduled"] is False
    assert admin.get(f"{APP}/scheduled/views/_ScheduledView__none").status == 404


def test_actions_over_a_run_that_has_ended(admin: Client, daemon: Daemon) -> None:
    admin.post(
        "saved/searches", {"name": "tracked", "search": "| makeresults", "alert.track": "1", "alert_type": "always"}
    )
    assert admin.post("saved/searches/tracked/notify").status == 404
    sid = admin.post("saved/searches/tracked/dispatch").json()["sid"]
    job = daemon.searching.jobs.get(sid)
    assert job is not None
    assert job.done.wait(PATIENCE)
    answer = admin.post("saved/searches/tracked/notify", sid=sid)
    assert (answer.status, answer.json()["sid"]) == (200, sid)
    assert admin.get("saved/searches/tracked").content["triggered_alert_count"] == 1
    assert admin.post("saved/searches/tracked/notify", sid="other").status == 404


def test_everything_in_one_list(admin: Client) -> None:
    admin.post(f"{APP}/saved/eventtypes", name="gathered", search="x")
    entry = admin.get(f"{APP}/directory/gathered").entries[0]
    assert (entry["content"]["eai:type"], entry["content"]["eai:location"]) == ("eventtypes", "/saved/eventtypes")
    admin.post("data/inputs/tcp/raw", name="9990")
    assert admin.get("data/inputs/all/9990").content["eai:type"] == "raw"


def test_a_time_as_of_another_moment(admin: Client) -> None:
    given = {"time": "-1d@d", "now": "1791467358", "output_time_format": "%s"}
    assert admin.get("search/timeparser", given).json() == {"-1d@d": "1791331200"}


def test_when_a_search_is_run_again(admin: Client) -> None:
    given = {"name": "again", "search": "| makeresults", "is_scheduled": "1", "cron_schedule": "0 0 1 1 *"}
    assert admin.post("saved/searches", given).status == 201
    for text in ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00+0000", "+1h", "1893456000"):
        assert admin.post("saved/searches/again/reschedule", schedule_time=text).status == 200, text
    for text in ("2030-01-01T00:00:00.000+00:00", "some day"):
        refused = admin.post("saved/searches/again/reschedule", schedule_time=text)
        assert (refused.status, refused.messages) == (400, ["Invalid schedule_time format"])
    told = admin.post("saved/searches/again/acknowledge", key="").content
    assert (told["suppressed"], told["suppressionKey"]) == (False, "again")
