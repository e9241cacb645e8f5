# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests as the API server's audit log has them."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import audit


def _line(verb: str, resource: str | None = None, uri: str = "/") -> str:
    reference = {"objectRef": {"resource": resource}} if resource else {}
    return json.dumps({"verb": verb, "requestURI": uri, **reference})


def test_requests_are_counted_by_what_they_do_to_what() -> None:
    lines = [
        _line("list", "namespaces"),
        _line("patch", "namespaces"),
        _line("patch", "namespaces"),
    ]
    counted = audit.count([*lines, _line("get", uri="/version?timeout=1s")])
    assert counted == {"list namespaces": 1, "patch namespaces": 2, "get /version": 1}
    assert audit.writes(counted) == 2


def test_only_what_was_noted_meanwhile_counts(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_text(_line("get", "pods") + "\n")

    def work() -> None:
        with log.open("a") as file:
            file.write(_line("list", "namespaces") + "\n")

    assert audit.count(audit.lines_during(log, work)) == {"list namespaces": 1}


def test_nothing_noted_is_nothing_counted(tmp_path: Path) -> None:
    assert audit.lines_during(tmp_path / "audit.log", lambda: None) == []
