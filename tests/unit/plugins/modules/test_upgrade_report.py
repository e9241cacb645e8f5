# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.modules import upgrade_journal, upgrade_report
from ansible_collections.meshwright.istio.tests.unit.support import upgrades
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.prometheus import refusal, success
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module
from ansible_collections.meshwright.istio.tests.unit.support.stub_server import Answer, serving

BEGAN = upgrades.BEGIN.timestamp()


def run(folder: Path, *, check: bool = False, api: Any = None, **arguments: Any) -> dict[str, Any]:
    given = {"directory": str(folder), "title": "oslo", **arguments}
    return run_module(upgrade_report, api or FakeApi(), given, check=check)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_writes_both_files_and_then_nothing_more(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    journal = upgrades.gone_well()
    first = run(folder, journal=journal)
    assert (first["rc"], first["changed"], first["outcome"]) == (0, True, "done")
    assert names(folder) == [
        "oslo-1-29-20260609T135807Z.html",
        "oslo-1-29-20260609T135807Z.json",
    ]
    assert [Path(first[key]).parent for key in ("html", "json")] == [folder, folder]
    before = [(path.stat().st_ino, path.read_bytes()) for path in sorted(folder.iterdir())]
    second = run(folder, journal=journal)
    assert (second["changed"], second["diff"]) == (False, [])
    assert [(path.stat().st_ino, path.read_bytes()) for path in sorted(folder.iterdir())] == before


def test_check_mode_says_the_same_and_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    predicted = run(folder, journal=upgrades.taken_back(), check=True)
    assert not folder.exists()
    assert run(folder, journal=upgrades.taken_back()) == predicted


def test_diff_has_sizes_and_sums_but_not_the_pages(tmp_path: Path) -> None:
    journal = upgrades.cut_off()
    run(tmp_path, journal=journal, name="one")
    size = (tmp_path / "one.html").stat().st_size
    result = run(tmp_path, journal=journal, name="one", data={"findings": []})
    assert result["changed"] is True
    (first, _second) = result["diff"]
    assert first["before_header"] == str(tmp_path / "one.html")
    assert (first["before"]["bytes"], set(first["after"])) == (size, {"bytes", "sha256"})


def test_the_two_files_say_the_same(tmp_path: Path) -> None:
    result = run(tmp_path, journal=upgrades.taken_back(), name="one")
    told = json.loads((tmp_path / "one.json").read_text())
    assert {key: told[key] for key in ("outcome", "headline", "unknown")} == {
        key: result[key] for key in ("outcome", "headline", "unknown")
    }
    assert (told["title"], told["opened"]) == ("oslo", "2026-06-09T13:58:07Z")
    assert told["waves"][1]["gate"]["check"] == "errors"
    page = (tmp_path / "one.html").read_text()
    assert result["headline"] in page.replace('<span class="short">', "").replace("</span>", "")
    assert 'href="one.json"' in page


def test_reads_the_journal_of_the_cluster(tmp_path: Path) -> None:
    api = FakeApi()
    facts = upgrades.gone_well()["facts"]
    opened = {"action": "open", "source": "1-28", "target": "1-29", "run_id": "a", "facts": facts}
    run_module(upgrade_journal, api, opened)
    result = run(tmp_path, api=api)
    assert result["outcome"] == "unfinished"
    assert result["headline"] == ("Not finished: 1-28 (1.28.3) → 1-29 (1.29.1), journal opened.")


def test_a_cluster_without_an_upgrade_is_reported_as_such(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert (result["rc"], result["outcome"]) == (0, "not_begun")
    assert result["headline"] == "Not begun: no journal of an upgrade is in the cluster."
    assert names(tmp_path) == ["oslo-not-begun.html", "oslo-not-begun.json"]


def test_an_unreachable_cluster_is_a_gap_and_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_arguments: object) -> None:
        raise MeshError("The API server https://mesh cannot be reached: refused.")

    monkeypatch.setattr(FakeApi, "get", unreachable)
    result = run(tmp_path, data={"failure": {"message": "The token has expired. Renew it."}})
    assert result["rc"] == 0
    assert result["headline"] == "Not begun: The token has expired."
    assert "What the journal says: The API server https://mesh cannot be reached" in str(
        result["unknown"]
    )


def test_what_the_run_gives_stands_over_the_journal(tmp_path: Path) -> None:
    journal = upgrades.cut_off()
    failure = {"message": "No node has room. Add one.", "phase": "waves", "wave": 2}
    result = run(tmp_path, journal=journal, data={"failure": failure})
    assert result["outcome"] == "failed"
    assert result["headline"] == "Stopped: No node has room (in wave 2)."


def matrix(*rates: float, step: int = 15) -> Answer:
    """A range of values from the beginning on."""
    values = [[BEGAN + number * step, str(rate)] for number, rate in enumerate(rates)]
    return success("matrix", [{"metric": {}, "values": values}])


def asked(stub_url: str, **more: Any) -> dict[str, Any]:
    return {"url": stub_url, "requests_query": "sent", "failures_query": "failed", **more}


def test_requests_come_from_prometheus(tmp_path: Path) -> None:
    with serving(matrix(100, 100, 120), matrix(0, 0, 0)) as stub:
        result = run(tmp_path, journal=upgrades.cut_off(), prometheus=asked(stub.url), name="a")
        fields = [request.body.decode() for request in stub.asked]
    assert [request.path for request in stub.asked] == ["/api/v1/query_range"] * 2
    assert [field.partition("&")[0] for field in fields] == ["query=sent", "query=failed"]
    assert f"start={BEGAN:.3f}" in fields[0]
    assert f"end={BEGAN + 103:.3f}" in fields[0]
    load = json.loads((tmp_path / "a.json").read_text())["load"]
    assert (load["sent"], load["failed"], load["exact"]) == (4800, 0, False)
    assert "requests" not in " ".join(result["unknown"])


@pytest.mark.parametrize(
    ("answers", "gap"),
    [
        pytest.param(
            [refusal(400, "bad_data", "parse error")],
            "How many requests were sent: Prometheus refuses the query (bad_data): parse error.",
            id="syntax error",
        ),
        pytest.param(
            [success("matrix", [])], "the query gives no values in the time", id="no data"
        ),
        pytest.param(
            [success("matrix", [{"values": []}, {"values": []}])],
            "the query gives 2 series, where one is wanted",
            id="two series",
        ),
        pytest.param([Answer(502, b"<html>")], "answered 502, and not as Prometheus", id="a proxy"),
        pytest.param([success("vector", [{"value": []}])], "not as Prometheus does", id="a vector"),
        pytest.param(
            [matrix(5, 5), success("matrix", [])],
            "How many requests failed: the query gives no values",
            id="no failures",
        ),
        pytest.param([matrix(float("nan"))], "gives no values in the time", id="not a number"),
    ],
)
def test_what_prometheus_does_not_know_is_a_gap(
    tmp_path: Path, answers: list[Answer], gap: str
) -> None:
    with serving(*answers) as stub:
        result = run(tmp_path, journal=upgrades.cut_off(), prometheus=asked(stub.url))
    assert result["rc"] == 0
    assert len([each for each in result["unknown"] if "requests" in each]) == 1
    assert gap in str(result["unknown"])


def test_prometheus_is_not_asked_where_the_load_was_counted(tmp_path: Path) -> None:
    with serving(matrix(1)) as stub:
        run(tmp_path, journal=upgrades.gone_well(), prometheus=asked(stub.url))
        assert stub.asked == []


def test_prometheus_that_is_away_is_a_gap(tmp_path: Path) -> None:
    settings = asked("http://127.0.0.1:1")
    result = run(tmp_path, journal=upgrades.cut_off(), prometheus=settings)
    assert "http://127.0.0.1:1 cannot be asked" in str(result["unknown"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"name": "../../etc/passwd"}, "name: got '../../etc/passwd'", id="way out"),
        pytest.param({"name": ".hidden"}, "right are letters, digits", id="hidden"),
        pytest.param({"prometheus": asked("ftp://x")}, "prometheus.url: got 'ftp://x'", id="url"),
        pytest.param(
            {"prometheus": asked("http://x", step=0)}, "prometheus.step: got 0", id="no step"
        ),
        pytest.param({"prometheus": {"url": "http://x"}}, "requests_query", id="no query"),
        pytest.param({"prometheus": {"requests_query": "x"}}, "one of the following", id="nowhere"),
    ],
)
def test_refuses_before_any_write(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    folder = tmp_path / "reports"
    result = run(folder, journal=upgrades.cut_off(), **arguments)
    assert result["rc"] == 1
    assert message in result["msg"]
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run(tmp_path / "file", journal=upgrades.cut_off())
    assert result["rc"] == 1
    assert f"The report {tmp_path / 'file'}/oslo-1-29" in result["msg"]
    assert "cannot be written: Not a directory. Give a folder" in result["msg"]
