"""How a stream of `***SPLUNK***` lines is cut never shows in where its events are from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from caltrop.splunkd.intake.headed import MARK, Headed
from caltrop.splunkd.intake.origin import Origin


class Kept:
    def __init__(self, origin: Origin, kept: list[tuple[Origin, bytes]]) -> None:
        self.origin, self.kept, self.data = origin, kept, b""

    def feed(self, data: bytes) -> int:
        self.data += data
        return 0

    def close(self) -> int:
        if self.data:
            self.kept.append((self.origin, self.data))
        return 1


def read(chunks: list[bytes], *, always: bool) -> list[tuple[Origin, bytes]]:
    kept: list[tuple[Origin, bytes]] = []
    told: list[str] = []
    stream = Headed(
        lambda origin: Kept(origin, kept), Origin(), lambda name: name == "main", told.append, always=always
    )
    for chunk in chunks:
        stream.feed(chunk)
    stream.close()
    return kept


LINE = st.sampled_from([MARK + b" host=a", MARK + b" host=b index=no", b"text", b"***", b"", b"x " + MARK, MARK])


@given(st.lists(LINE, max_size=6), st.booleans(), st.booleans(), st.data())
def test_chunks_do_not_matter(lines: list[bytes], ends: bool, always: bool, data: st.DataObject) -> None:
    text = b"\n".join(lines) + (b"\n" if ends else b"")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    found = read(chunks, always=always)
    assert found == read([text], always=always)
    headers = [line for number, line in enumerate(lines) if line.startswith(MARK) and (always or number == 0)]
    kept = b"".join(part for _, part in found)
    assert kept.count(MARK) + len(headers) == text.count(MARK)
    hosts = [line.rpartition(b"host=")[2][:1].decode() for line in headers if b"host=" in line]
    assert {origin.host for origin, _ in found} <= {"caltrop", *hosts}
