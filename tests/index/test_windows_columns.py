"""Windows events in columns come to what records come to one by one."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from caltrop.index.importers import nxlog, windowscolumns
from tests.examples import examples
from tests.index import plainwindows

WORDS = st.sampled_from(
    ["", "a", "a<b>&'\"", "50%s %", "x\0y", "Zoë", "0x10", "12", "-3", "Microsoft-Windows-Sysmon", "Security"]
)
VALUES = (
    WORDS
    | st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.lists(st.integers(0, 2), max_size=2)
    | st.dictionaries(st.sampled_from("ab"), st.integers(0, 2), max_size=2)
)
STAMPS = st.sampled_from([
    "2024-03-10 02:30:00", "2024-11-03T01:30:00.5", "2024-03-01T10:00:00.123Z", "2024-03-01 12:07:29,1234567890", "0001-01-01 00:00:00",
    "9999-12-31 23:59:59", "2024-02-30 00:00:00", "2023-02-29 00:00:00Z", "2024-03-01 24:00:00", "2024-03-01 10:00:60", "0000-01-01 00:00:00",
    "2024-03-01T10:00:00 +02:00", "2024-03-01T10:00:00-0530", "0001-01-01T00:00:00+01:00", "2024-03-01T10:07:30Z", "never", "", "2024-03-01",
])  # fmt: skip
MESSAGES = st.lists(
    st.sampled_from(["Process Create:", "EventType: SetValue", "Image : x", "Image:  C:\\a ", "RuleName:", "EventType: twice", "no line", "Hash:a:b"]),
    max_size=5,
).flatmap(lambda lines: st.sampled_from(["\r\n", "\n", "\u2028", "\r"]).map(lambda end: end.join(lines)))  # fmt: skip
KEYS = st.sampled_from([
    "ProviderGuid", "Level", "Severity", "SeverityValue", "Task", "OpcodeValue", "Opcode", "Keywords", "Version", "RecordNumber",
    "EventRecordID", "ExecutionProcessID", "ThreadID", "ExecutionThreadID", "ProcessID", "Computer", "ActivityID", "RelatedActivityID",
    "Category", "UserID", "Domain", "AccountName", "AccountType", "EventType", "tags", "Image", "RuleName", "Details", "<odd> 'key' %", "Other",
])  # fmt: skip
RECORDS = st.lists(
    st.builds(
        lambda *parts: {key: value for part in parts for key, value in part.items()},
        st.fixed_dictionaries({"EventID": VALUES, "Channel": st.sampled_from(["Security", "security", "Microsoft-Windows-Sysmon/Operational"])}),
        st.dictionaries(KEYS, VALUES, max_size=8),
        st.dictionaries(st.sampled_from(["EventTime", "TimeCreated", "@timestamp", "EventReceivedTime", "UtcTime"]), STAMPS | VALUES, max_size=5),
        st.fixed_dictionaries({}, optional={
            "SourceName": WORDS, "ProviderName": WORDS, "Hostname": st.sampled_from(["pc", "dc", ""]), "Message": MESSAGES | VALUES,
            "EventType": st.sampled_from(["INFO", "AUDIT_FAILURE", "SetValue"]),
        }),
    ),
    max_size=6,
)  # fmt: skip


@examples(100)
@given(batches=st.lists(RECORDS, max_size=3), tz=st.sampled_from(["UTC", "America/New_York"]))
def test_columns_of_records_are_the_records_one_by_one(batches: list[list[dict[str, Any]]], tz: str) -> None:
    columns, plain = nxlog.Rebuilder(tz, 1e9), plainwindows.Rebuilder(tz, 1e9)
    for batch in batches:
        events, expected = columns.batch(batch), plain.batch(batch)
        assert events.rows() == expected
        assert windowscolumns.to_xml(events) == [plainwindows.to_xml(event) for event in expected]
        assert windowscolumns.to_xml(windowscolumns.WindowsEvents.of(expected)) == windowscolumns.to_xml(events)
        seconds = [event.time.timestamp() + float(f"0.{event.fraction}") for event in expected]
        assert events.times.to_list() == seconds


def test_the_most_frequent_offset_of_a_host_is_its_own_and_that_of_all_stands_in() -> None:
    def record(host: str, local: str, utc: str | None = None) -> dict[str, Any]:
        said = {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Hostname": host, "EventTime": local}
        return said if utc is None else {**said, "UtcTime": utc}

    batch = [
        record("a", "2024-03-01 10:00:00", "2024-03-01 12:00:00.1"),
        record("a", "2024-03-01 10:00:00", "2024-03-01 12:00:00"),
        record("b", "2024-03-01 10:00:00", "2024-03-01 09:00:00"),
        record("a", "2024-03-01 10:00:00", "2024-03-09 09:00:00"),
        record("b", "2024-03-01 10:00:00"),
        record("c", "2024-03-01 10:00:00"),
    ]
    assert [event.time.hour for event in nxlog.Rebuilder().batch(batch).rows()] == [12, 12, 9, 12, 9, 12]
