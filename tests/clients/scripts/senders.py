"""One sender of events to the collector: `python senders.py SENDER PORT TOKEN INDEX` sends two events with `source` SENDER.

Each runs in an environment of its own that has this sender only.
"""

from __future__ import annotations

import logging
import os
import sys

SENDER, PORT, TOKEN, INDEX = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
HOST = "127.0.0.1"
MESSAGES = ('first "quoted" message', "second Üü \\ message")


def log_through(handler: logging.Handler, *, as_object: bool = False) -> None:
    logger = logging.getLogger("trial")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    for message in MESSAGES:
        logger.warning({"message": message} if as_object else message)
    handler.flush()


def splunk_handler() -> None:
    from splunk_handler import SplunkHandler, force_flush

    log_through(
        SplunkHandler(HOST, PORT, TOKEN, INDEX, source=SENDER, verify=False, flush_interval=60, record_format=True)
    )
    force_flush()


def splunk_hec_handler() -> None:
    from splunk_hec_handler import SplunkHecHandler

    log_through(SplunkHecHandler(HOST, TOKEN, port=PORT, ssl_verify=False, source=SENDER, index=INDEX))


def python_splunk_logging() -> None:
    from splunk_logging.handlers import HecHandler

    handler = HecHandler(
        HOST, PORT, TOKEN, verify_ssl=False, default_source=SENDER, default_index=INDEX, ignore_exceptions=False, indexer_ack=True,
        ack_poll_interval=0.2, ack_timeout=60, batch_enabled=True, flush_interval=0.2,
    )  # fmt: skip
    log_through(handler, as_object=True)
    handler.close()


def splunk_hec() -> None:
    from splunk_http_event_collector import http_event_collector

    collector = http_event_collector(TOKEN, HOST, http_event_port=str(PORT))
    assert collector.check_connectivity()
    for message in MESSAGES:
        collector.batchEvent({"index": INDEX, "source": SENDER, "event": {"message": message}})
    collector.flushBatch()


def splunk_hec_raw() -> None:
    from splunk_http_event_collector import http_event_collector

    collector = http_event_collector(TOKEN, HOST, input_type="raw", http_event_port=str(PORT))
    collector.index, collector.sourcetype = INDEX, "splunk_hec_raw"
    for message in MESSAGES:
        collector.batchEvent(f"source={SENDER} {message}")
    collector.flushBatch()


def splunk_hec_ftf() -> None:
    from splunk_hec import splunk_hec as Sender

    sender = Sender(TOKEN, HOST, hec_port=PORT, input_type="json", hec_tls_verify=False, use_ack=True, ack_interval=1)
    sender.set_request_params({"index": INDEX, "source": SENDER})
    for message in MESSAGES:
        sender.send_event({"index": INDEX, "source": SENDER, "event": {"message": message}})
    sender.stop_threads_and_processing()


def splunkhecwriter() -> None:
    from splunkhecwriter import SplunkHECWriter

    writer = SplunkHECWriter(HOST, TOKEN, PORT, index=INDEX, source=SENDER, verify_ssl=False)
    for message in MESSAGES:
        writer.send_msg({"message": message})


def splunk_hec_logger() -> None:
    os.environ |= {
        "SPLUNK_HEC_URL": f"https://{HOST}:{PORT}/services/collector", "SPLUNK_HEC_TOKEN": TOKEN, "SPLUNK_SOURCE": SENDER, "SPLUNK_INDEX": INDEX,
    }  # fmt: skip
    from splunk_logger import SplunkLogger

    logger = SplunkLogger()
    for message in MESSAGES:
        logger.info(message)


def replay() -> None:
    """The calls that the replay script of the attack_data project makes: whole files to /raw, a channel made up for each run."""
    import uuid

    import requests

    lines = "\n".join(
        f"2026-11-20T10:00:{n % 60:02d}Z {message} number={n}" for n in range(100) for message in MESSAGES
    )
    answer = requests.post(
        f"https://{HOST}:{PORT}/services/collector/raw",
        data=lines.encode(), verify=False, headers={"Authorization": f"Splunk {TOKEN}", "X-Splunk-Request-Channel": str(uuid.uuid4())},
        params={"index": INDEX, "source": SENDER, "sourcetype": "replayed", "host": "attack.example"},
    )  # fmt: skip
    answer.raise_for_status()
    assert answer.json()["text"] == "Success", answer.text


globals()[SENDER]()
