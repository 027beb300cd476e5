"""curl, with the calls that the REST API reference describes: method, path and form; the status, and keys that its tables name."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from caltrop.splunkd.server import Server
from caltrop.splunkd.state.settings import Settings

PASSWORD = "correct horse"
SECONDS = 60

# method, path below /services or whole, form, status, keys of the first entry's content (or of the document, where it is no feed).
Call = tuple[str, str, dict[str, str], int, str]
NS = "/servicesNS/nobody/search"
MODEL = json.dumps({"objects": [{"objectName": "All", "parentName": "BaseEvent", "fields": [], "constraints": [{"search": "index=main"}]}]})  # fmt: skip
CALLS: list[Call] = [
    # access
    ("POST", "auth/login", {"username": "admin", "password": PASSWORD}, 200, "sessionKey"),
    ("GET", "authentication/current-context", {}, 200, "capabilities defaultApp email realname roles username"),
    ("GET", "authentication/httpauth-tokens", {}, 200, "authString searchId timeAccessed userName"),
    ("GET", "authentication/users", {}, 200, "capabilities defaultApp email realname roles type"),
    ("POST", "authentication/users", {"name": "curled", "password": "long enough", "roles": "user"}, 201, "roles"),
    ("GET", "authentication/users/curled", {}, 200, "defaultApp roles tz"),
    ("POST", "authentication/users/curled", {"realname": "C U"}, 200, "realname"),
    ("DELETE", "authentication/users/curled", {}, 200, ""),
    ("GET", "authorization/capabilities", {}, 200, "capabilities"),
    ("GET", "authorization/grantable_capabilities", {}, 200, "capabilities"),
    ("GET", "authorization/roles", {}, 200, "capabilities imported_roles srchIndexesAllowed srchIndexesDefault srchJobsQuota"),
    ("POST", "authorization/roles", {"name": "curled", "imported_roles": "user"}, 201, "imported_roles imported_capabilities"),
    ("POST", "authorization/roles/curled", {"srchJobsQuota": "5"}, 200, "srchJobsQuota"),
    ("DELETE", "authorization/roles/curled", {}, 200, ""),
    ("GET", "storage/passwords", {}, 200, ""),
    ("POST", "storage/passwords", {"name": "curled", "password": "x", "realm": "r"}, 201, "clear_password encr_password password realm username"),
    ("POST", "storage/passwords/r:curled:", {"password": "y"}, 200, "clear_password"),
    ("DELETE", "storage/passwords/r:curled:", {}, 200, ""),
    ("POST", "authorization/tokens", {"name": "admin", "audience": "curl"}, 201, "id token"),
    ("GET", "authorization/tokens", {}, 200, "claims status"),
    # applications
    ("GET", "apps/local", {}, 200, "author configured disabled label version visible"),
    ("POST", "apps/local", {"name": "curled", "label": "Curled"}, 201, "label version"),
    ("POST", "apps/local/curled", {"description": "text"}, 200, "description"),
    ("GET", "apps/local/curled/package", {}, 200, "name path refresh url"),
    ("GET", "apps/local/curled/setup", {}, 200, ""),
    ("GET", "apps/local/curled/update", {}, 200, ""),
    ("POST", "apps/local/curled/disable", {}, 200, ""),
    ("POST", "apps/local/curled/enable", {}, 200, ""),
    ("DELETE", "apps/local/curled", {}, 200, ""),
    # configuration
    ("POST", f"{NS}/configs/conf-curled", {"name": "one", "key": "value"}, 201, "key"),
    ("GET", f"{NS}/configs/conf-curled", {}, 200, "key disabled"),
    ("POST", f"{NS}/configs/conf-curled/one", {"key": "other"}, 200, "key"),
    ("GET", f"{NS}/properties/curled/one", {}, 200, ""),
    ("GET", f"{NS}/properties/curled/one/key", {}, 200, ""),
    ("POST", f"{NS}/properties/curled/one", {"more": "1"}, 200, ""),
    ("DELETE", f"{NS}/configs/conf-curled/one", {}, 200, ""),
    # indexes and inputs
    ("GET", "data/indexes", {}, 200, "currentDBSizeMB frozenTimePeriodInSecs homePath maxTotalDataSizeMB totalEventCount"),
    ("POST", "data/indexes", {"name": "curled"}, 201, "datatype disabled"),
    ("POST", "data/indexes/curled", {"maxTotalDataSizeMB": "100"}, 200, "maxTotalDataSizeMB"),
    ("POST", "data/indexes/curled/disable", {}, 200, ""),
    ("POST", "data/indexes/curled/enable", {}, 200, ""),
    ("GET", "data/indexes-extended", {}, 200, ""),
    ("GET", "data/summaries", {}, 200, ""),
    ("DELETE", "data/indexes/curled", {}, 200, ""),
    ("GET", "data/inputs/all", {}, 200, ""),
    ("GET", "data/inputs/http", {}, 200, ""),
    ("POST", "data/inputs/http", {"name": "curled"}, 201, "token index"),
    ("POST", "data/inputs/http/curled/disable", {}, 200, ""),
    ("POST", "data/inputs/http/curled/enable", {}, 200, ""),
    ("DELETE", "data/inputs/http/curled", {}, 200, ""),
    ("POST", "data/inputs/monitor", {"name": "/var/log/curled"}, 201, "index"),
    ("DELETE", "data/inputs/monitor/%252Fvar%252Flog%252Fcurled", {}, 200, ""),
    ("POST", "data/inputs/tcp/raw", {"name": "17001"}, 201, "connection_host"),
    ("GET", "data/inputs/tcp/raw/17001", {}, 200, "connection_host"),
    ("DELETE", "data/inputs/tcp/raw/17001", {}, 200, ""),
    ("POST", "data/inputs/udp", {"name": "17002"}, 201, ""),
    ("DELETE", "data/inputs/udp/17002", {}, 200, ""),
    ("GET", "data/modular-inputs", {}, 200, ""),
    ("GET", "data/outputs/tcp/default", {}, 200, ""),
    ("GET", "data/outputs/tcp/group", {}, 200, ""),
    ("POST", "receivers/simple?index=main&sourcetype=curled&source=manual", {"n": "4"}, 200, "bytes index source sourcetype"),
    # search
    ("GET", "search/jobs", {}, 200, ""),
    ("POST", "search/jobs", {"search": "search index=main sourcetype=curled", "id": "curled", "exec_mode": "blocking", "status_buckets": "10"}, 201, "sid"),
    ("GET", "search/jobs/curled", {}, 200, "dispatchState doneProgress eventCount isDone resultCount runDuration sid ttl"),
    ("GET", "search/jobs/curled/results", {}, 200, "fields init_offset messages preview results"),
    ("GET", "search/jobs/curled/results_preview", {}, 200, "fields results"),
    ("GET", "search/jobs/curled/events", {}, 200, "fields results"),
    ("GET", "search/jobs/curled/summary", {}, 200, "event_count fields"),
    ("GET", "search/jobs/curled/timeline", {}, 200, "buckets cursor_time event_count"),
    ("GET", "search/v2/jobs/curled/results", {}, 200, "results"),
    ("POST", "search/jobs/curled/control", {"action": "setttl", "ttl": "1000"}, 200, "messages"),
    ("POST", "search/jobs/curled/control", {"action": "cancel"}, 200, "messages"),
    ("GET", "search/jobs/curled", {}, 404, "messages"),
    ("POST", "search/jobs", {"search": "| makeresults", "exec_mode": "oneshot"}, 200, "results"),
    ("POST", "search/jobs/export", {"search": "| makeresults"}, 200, "result lastrow"),
    ("GET", "search/parser?q=search%20index%3Dmain%20%7C%20stats%20count", {}, 200, "commands normalizedSearch remoteSearch"),
    ("POST", "search/v2/parser", {"q": "search index=main | stats count"}, 200, "commands"),
    ("GET", "search/timeparser?time=-1d", {}, 200, "-1d"),
    ("GET", "search/typeahead?count=5&prefix=index", {}, 200, "results"),
    ("GET", "search/fields", {}, 200, ""),
    ("GET", "search/tags", {}, 200, ""),
    ("GET", "search/concurrency-settings", {}, 200, ""),
    ("POST", "saved/searches", {"name": "curled", "search": "| makeresults", "is_scheduled": "1", "cron_schedule": "0 0 1 1 *"}, 201, "search cron_schedule next_scheduled_time"),
    ("POST", "saved/searches/curled", {"description": "text"}, 200, "description"),
    ("POST", "saved/searches/curled/dispatch", {"trigger_actions": "1"}, 201, "sid"),
    ("GET", "saved/searches/curled/history", {}, 200, ""),
    ("GET", "saved/searches/curled/scheduled_times?earliest_time=-1h&latest_time=%2B1y", {}, 200, "scheduled_times"),
    ("GET", "saved/searches/curled/suppress", {}, 200, "suppressed"),
    ("POST", "saved/searches/curled/reschedule", {}, 200, ""),
    ("POST", "saved/searches/curled/acknowledge", {}, 200, ""),
    ("GET", "scheduled/views", {}, 200, ""),
    ("GET", "alerts/fired_alerts", {}, 200, ""),
    ("GET", "alerts/fired_alerts/-", {}, 200, ""),
    ("GET", "alerts/alert_actions", {}, 200, ""),
    ("DELETE", "saved/searches/curled", {}, 200, ""),
    # knowledge
    ("POST", f"{NS}/data/props/extractions", {"name": "n", "stanza": "curled", "type": "EXTRACT", "value": "n=(?<n>\\d+)"}, 201, "attribute stanza type value"),
    ("DELETE", f"{NS}/data/props/extractions/curled%20%3A%20EXTRACT-n", {}, 200, ""),
    ("GET", "data/props/fieldaliases", {}, 200, ""),
    ("GET", "data/props/calcfields", {}, 200, ""),
    ("GET", "data/props/lookups", {}, 200, ""),
    ("GET", "data/props/sourcetype-rename", {}, 200, ""),
    ("POST", f"{NS}/data/transforms/lookups", {"name": "curled", "filename": "x.csv"}, 201, "filename"),
    ("DELETE", f"{NS}/data/transforms/lookups/curled", {}, 200, ""),
    ("GET", "data/transforms/extractions", {}, 200, ""),
    ("GET", "data/lookup-table-files", {}, 200, ""),
    ("GET", "data/ui/global-banner", {}, 200, ""),
    ("POST", f"{NS}/data/ui/panels", {"name": "curled", "eai:data": "<panel/>"}, 201, "eai:data"),
    ("DELETE", f"{NS}/data/ui/panels/curled", {}, 200, ""),
    ("POST", f"{NS}/data/ui/views", {"name": "curled", "eai:data": "<dashboard/>"}, 201, "eai:data rootNode"),
    ("DELETE", f"{NS}/data/ui/views/curled", {}, 200, ""),
    ("POST", f"{NS}/saved/eventtypes", {"name": "curled", "search": "index=main"}, 201, "search priority"),
    ("DELETE", f"{NS}/saved/eventtypes/curled", {}, 200, ""),
    ("POST", f"{NS}/saved/fvtags", {"name": "host=curled", "add": "one"}, 201, "tags"),
    ("DELETE", f"{NS}/saved/fvtags/host%3Dcurled", {}, 200, ""),
    ("GET", "saved/ntags", {}, 200, ""),
    ("POST", f"{NS}/saved/sourcetypes", {"name": "curled_type"}, 201, ""),
    ("DELETE", f"{NS}/saved/sourcetypes/curled_type", {}, 200, ""),
    ("POST", f"{NS}/datamodel/model", {"name": "Curled", "eai:data": MODEL}, 201, "acceleration description"),
    ("POST", f"{NS}/datamodel/model/Curled", {"acceleration": '{"enabled": true}'}, 200, "acceleration"),
    ("GET", f"{NS}/datamodel/pivot/Curled?pivot_search=%7C%20pivot%20Curled%20All%20count(All)", {}, 200, "drilldown_search open_in_search pivot_search"),
    ("DELETE", f"{NS}/datamodel/model/Curled", {}, 200, ""),
    # KV store
    ("POST", f"{NS}/storage/collections/config", {"name": "curled"}, 201, ""),
    ("POST", f"{NS}/storage/collections/config/curled", {"field.n": "number"}, 200, ""),
    ("GET", f"{NS}/storage/collections/data/curled", {}, 200, ""),
    ("DELETE", f"{NS}/storage/collections/data/curled", {}, 200, ""),
    ("DELETE", f"{NS}/storage/collections/config/curled", {}, 200, ""),
    ("GET", "kvstore/status", {}, 200, ""),
    # system
    ("GET", "messages", {}, 200, ""),
    ("POST", "messages", {"name": "curled", "value": "text", "severity": "info"}, 201, "message severity"),
    ("DELETE", "messages/curled", {}, 200, ""),
    ("GET", "server/info", {}, 200, "build cpu_arch guid isFree isTrial licenseState mode os_name serverName version"),
    ("GET", "server/settings", {}, 200, "SPLUNK_DB SPLUNK_HOME enableSplunkWebSSL host httpport mgmtHostPort serverName sessionTimeout"),
    ("GET", "server/logger", {}, 200, "level"),
    ("GET", "server/roles", {}, 200, "role_list"),
    ("GET", "server/status", {}, 200, ""),
    ("GET", "server/health/splunkd", {}, 200, "health"),
    ("GET", "server/health/splunkd/details", {}, 200, "health features"),
    ("GET", "server/introspection", {}, 200, ""),
    ("GET", "server/sysinfo", {}, 200, ""),
    ("GET", "server/status/partitions-space", {}, 200, "available capacity free fs_type mount_point"),
    ("GET", "server/status/resource-usage/hostwide", {}, 200, "cpu_count mem mem_used"),
    ("GET", "server/status/resource-usage/splunk-processes", {}, 200, "mem_used pid process"),
    ("GET", "server/status/dispatch-artifacts", {}, 200, "top_apps top_users"),
    ("GET", "server/status/limits/search-concurrency", {}, 200, "max_hist_searches max_rt_searches"),
    ("GET", "licenser/groups", {}, 200, "is_active stack_ids"),
    ("GET", "licenser/licenses", {}, 200, "quota status type"),
    ("GET", "licenser/localpeer", {}, 200, ""),
    ("GET", "licenser/messages", {}, 200, ""),
    ("GET", "licenser/pools", {}, 200, "quota stack_id"),
    ("GET", "licenser/stacks", {}, 200, "quota type"),
    ("GET", "licenser/usage", {}, 200, "quota"),
    ("GET", "cluster/config", {}, 200, "mode"),
    ("GET", "shcluster/config", {}, 200, "mode"),
    ("GET", "deployment/server/clients", {}, 200, ""),
    ("GET", "deployment/client", {}, 200, ""),
    ("GET", "workloads/status", {}, 200, ""),
]  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("curl") is None, reason="REAL CLIENT NOT TESTED: there is no curl"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = Settings(file_inputs=True, scripts=True)
    with Server(tmp_path_factory.mktemp("splunkd"), password=PASSWORD, settings=settings) as running:
        yield running


def curl(server: Server, method: str, path: str, form: dict[str, str], mode: str) -> tuple[int, str]:
    whole = path if path.startswith("/") else f"/services/{path}"
    url = f"{server.url}{whole}{'&' if '?' in whole else '?'}output_mode={mode}"
    command = ["curl", "-sk", "-u", f"admin:{PASSWORD}", "-X", method, "-w", "\n%{http_code}", url]
    for key, value in form.items():
        command += ["--data-urlencode", f"{key}={value}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def told(body: str) -> dict[str, Any]:
    """The content of the first entry of a feed; the document itself where it is none. Of several lines the last is looked at."""
    document = json.loads(body.strip().splitlines()[-1]) if body.strip() else {}
    if not isinstance(document, dict):
        return {}
    entries = document.get("entry")
    if isinstance(entries, list):
        return entries[0]["content"] if entries and isinstance(entries[0]["content"], dict) else {}
    return document


def test_the_calls_of_the_reference(server: Server) -> None:
    """In the order of the table: later calls use what earlier ones made."""
    wrong = []
    for method, path, form, status, keys in CALLS:
        got, body = curl(server, method, path, form, "json")
        missing = set(keys.split()) - set(told(body)) if got == status and "properties/" not in path else set()
        if got != status or missing:
            wrong.append(f"{method} {path}: {got}, not {status}; missing {sorted(missing)}; {body[:200]}")
    assert wrong == []


def test_the_lists_of_the_reference_in_xml(server: Server) -> None:
    wrong = []
    for method, path, _, status, _ in CALLS:
        if method == "GET" and not any(word in path.lower() for word in ("curled", "1700")):
            got, body = curl(server, method, path, {}, "xml")
            if got != status or not body.lstrip().startswith("<"):
                wrong.append(f"{path}: {got}; {body[:200]}")
    assert wrong == []
