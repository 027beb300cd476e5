"""Ansible's uri module, unmodified: a play that makes, finds and removes objects as playbooks for Splunk do."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from caltrop.splunkd.server import Server
from tests.clients.venv import python_with

ANSIBLE = "ansible-core==2.17.14"
PASSWORD = "correct horse"
SECONDS = 200
PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  module_defaults:
    ansible.builtin.uri:
      url_username: admin
      url_password: "{{ lookup('env', 'SPLUNK_PASSWORD') }}"
      force_basic_auth: true
      validate_certs: false
      return_content: true
      body_format: form-urlencoded
  tasks:
  - ansible.builtin.uri: {url: "{{ base }}/services/server/info?output_mode=json"}
    register: info
  - ansible.builtin.assert: {that: "info.json.entry[0].content.version is version('9', '>=')"}
  - ansible.builtin.uri:
      url: "{{ base }}/services/data/inputs/http?output_mode=json"
      method: POST
      body: {name: by_ansible, index: main, indexes: "main,summary", useACK: 0}
      status_code: 201
    register: token
  - ansible.builtin.uri:
      url: "{{ hec }}/services/collector/event"
      method: POST
      headers: {Authorization: "Splunk {{ token.json.entry[0].content.token }}"}
      force_basic_auth: false
      url_username: ""
      body_format: json
      body: {event: {message: sent by a play}, sourcetype: play}
    register: sent
  - ansible.builtin.assert: {that: "sent.json.code == 0"}
  - ansible.builtin.uri:
      url: "{{ base }}/servicesNS/nobody/search/saved/searches?output_mode=json"
      method: POST
      body: {name: by ansible, search: index=main, is_scheduled: true, cron_schedule: "0 0 1 1 *"}
      status_code: 201
  - ansible.builtin.uri:
      url: "{{ base }}/servicesNS/nobody/search/saved/searches?output_mode=json"
      method: POST
      body: {name: by ansible, search: index=main}
      status_code: 409
  - ansible.builtin.uri: {url: "{{ base }}/servicesNS/nobody/search/saved/searches/by%20ansible", method: DELETE}
  - ansible.builtin.uri:
      url: "{{ base }}/services/search/jobs"
      method: POST
      body: {search: search index=main sourcetype=play, exec_mode: oneshot, output_mode: json}
    register: found
    until: found.json.results | length == 1
    retries: 20
    delay: 1
"""

pytestmark = [pytest.mark.slow, pytest.mark.client]


def test_a_play(tmp_path: Path) -> None:
    python = python_with([ANSIBLE])
    (tmp_path / "play.yml").write_text(PLAY)
    with Server(tmp_path / "splunkd", password=PASSWORD) as server:
        variables = [f"base={server.url}", f"hec={server.hec_url}", f"ansible_python_interpreter={python}"]
        command = [str(python.with_name("ansible-playbook")), "-i", "localhost,", "-e", " ".join(variables), "play.yml"]
        environment = os.environ | {"HOME": str(tmp_path), "SPLUNK_PASSWORD": PASSWORD, "ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    recap = re.search(r"ok=(\d+).*failed=(\d+)", done.stdout)
    assert recap is not None and recap.groups() == ("9", "0")
