# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The director that the guide shows, for one's own, keeps to what the role asks of directors.

In the place of nginx stands a server that takes its file over when it is told to reload, and a
reload is a copy.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support.playing import CHECKOUT, Ansible, Played

DIRECTOR = CHECKOUT / "examples" / "director_nginx.yml"
NOTHING = """\
split_clients $request_id $cluster { * source; }
map $request_id $target_share { default 0; }
"""
HALF = """\
split_clients $request_id $cluster { 50% target; * source; }
map $request_id $target_share { default 50; }
"""
ALL = """\
split_clients $request_id $cluster { * target; }
map $request_id $target_share { default 100; }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What stands for nginx: the file that is kept, the one that was taken over, and its answer."""

    kept: Path
    loaded: Path
    url: str
    ansible: Ansible

    def ask(self, *operations: tuple[str, int], check: bool = False, fails: bool = False) -> Played:
        """Ask the director one after the other, each operation with its share."""
        tasks = [
            {
                "ansible.builtin.include_tasks": str(DIRECTOR),
                "vars": {
                    "switchover_operation": operation,
                    "switchover_share": share,
                    "nginx_host": "localhost",
                    "nginx_split_file": str(self.kept),
                    "nginx_share_url": self.url,
                    "nginx_reload": ["cp", str(self.kept), str(self.loaded)],
                },
            }
            for operation, share in operations
        ]
        return self.ansible.tasks(*tasks, check=check, fails=fails)


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    kept, loaded = tmp_path / "split.conf", tmp_path / "loaded.conf"
    for path in (kept, loaded):
        path.write_text(NOTHING)
    with _serving(loaded) as url:
        ansible = Ansible(kubeconfig=Path(os.devnull), scratch=tmp_path)
        yield Edge(kept=kept, loaded=loaded, url=url, ansible=ansible)


@contextmanager
def _serving(loaded: Path) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            [share] = re.findall(r"default (\S+);", loaded.read_text())
            self.send_response(200)
            self.end_headers()
            self.wfile.write(share.encode())

        def log_message(self, *_words: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/share"
        finally:
            server.shutdown()
            thread.join()


def answers(played: Played) -> Sequence[dict[str, Any]]:
    facts = [each.result.get("ansible_facts", {}) for each in played.outcomes]
    return [fact["switchover_answer"] for fact in facts if "switchover_answer" in fact]


def test_every_operation(edge: Edge) -> None:
    played = edge.ask(
        *[("check", 0), ("set", 50), ("set", 50), ("read", 0), ("set", 100), ("read", 0)],
        *[("set", 0), ("read", 0), ("lifetime", 0), ("shut", 0)],
    )
    keep, reload = "director_nginx | Keep the share", "director_nginx | Put it into force"
    # The second time, 50 % is there already.
    assert played.changed == [keep, reload] * 3
    *read, lifetime, shut = answers(played)
    assert [(each["share"], each["holds"], each["reason"]) for each in read] == [
        (50, True, ""),
        (100, True, ""),
        (0, True, ""),
    ]
    assert all(each["healthy"] == {"source": None, "target": None} for each in read)
    assert all(each["object"] == "nginx on localhost" for each in read)
    assert (lifetime, shut) == ({"seconds": 0}, {"supported": False})
    assert edge.kept.read_text() == edge.loaded.read_text() == NOTHING


@pytest.mark.parametrize(("share", "text"), [(0, NOTHING), (50, HALF), (100, ALL)])
def test_what_it_writes(edge: Edge, share: int, text: str) -> None:
    edge.kept.write_text("anything")
    edge.ask(("set", share))
    assert edge.loaded.read_text() == text


def test_mends_what_a_kill_has_left(edge: Edge) -> None:
    edge.kept.write_text(HALF)
    [torn, whole] = answers(edge.ask(("read", 0), ("set", 50), ("read", 0)))
    assert (torn["share"], torn["holds"]) == (0, False)
    assert torn["reason"] == f"{edge.kept} says 50 and nginx 0"
    assert (whole["share"], whole["holds"]) == (50, True)


def test_check_mode_reads_and_writes_nothing(edge: Edge) -> None:
    played = edge.ask(("check", 0), ("set", 50), ("read", 0), check=True)
    assert [each["share"] for each in answers(played)] == [0]
    assert edge.kept.read_text() == edge.loaded.read_text() == NOTHING


def test_a_file_that_is_somebody_elses_is_one_sentence(edge: Edge) -> None:
    edge.kept.write_text("split_clients $remote_addr $cluster { * source; }\n")
    played = edge.ask(("check", 0), ("set", 50), fails=True)
    assert f"{edge.kept} is not as the switchover writes it" in played.failure
    assert edge.loaded.read_text() == NOTHING
