# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report is made of the journal in the cluster, and only files are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sandbox.cluster import Cluster
from tests.integration.support import reading
from tests.integration.support.lab import NEW, Lab


def test_the_report_has_the_journal_and_is_written_once(
    mesh: Cluster, lab: Lab, tmp_path: Path
) -> None:
    folder = tmp_path / "reports"
    opened: dict[str, Any] = {
        "action": "open",
        "source": "default",
        "target": NEW,
        "run_id": "job-9",
    }
    lab.ansible.module("upgrade_journal", **opened, again=True)
    lab.ansible.module("upgrade_journal", action="close", run_id="job-9")
    before = reading.quiet(mesh)
    lab.recorder.take()

    predicted = lab.ansible.module("upgrade_report", check=True, directory=str(folder))
    assert predicted.changed
    assert not folder.exists()
    made = lab.ansible.module("upgrade_report", directory=str(folder))
    assert made.changed
    written = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert {str(path) for path in written} == {made.result["html"], made.result["json"]}
    again = lab.ansible.module("upgrade_report", directory=str(folder))
    assert not again.changed
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == written

    assert lab.recorder.writes() == []
    reading.expect_same(before, reading.read(mesh), "the report has changed")
    content = Path(made.result["json"]).read_text(encoding="utf-8")
    assert "job-9" in content
    assert NEW in json.dumps(json.loads(content))
