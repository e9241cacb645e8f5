# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of an API server: kubectl stands between and writes every request down.

The version of an object tells whether it was changed. It does not tell of a write that changed
nothing, which a run with nothing to do must not send either.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import yaml

from sandbox.cluster import Cluster

_RESPONSE = re.compile(
    r'"Response" verb="(?P<verb>\w+)" url="(?P<url>[^"]+)" status="(?P<status>\d+)'
)
_SERVING = re.compile(r"Starting to serve on (\S+)")
_READING = ("GET", "HEAD", "OPTIONS")
_ASKING = ("/portforward", "/selfsubjectaccessreviews")
_START = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that was answered."""

    verb: str
    path: str
    query: str
    status: int

    @property
    def is_write(self) -> bool:
        """Whether it would change something; a dry run and what only asks do not."""
        dry = "dryRun" in parse_qs(self.query)
        return self.verb not in _READING and not dry and not self.path.endswith(_ASKING)

    def __str__(self) -> str:
        return f"{self.verb} {self.path}"


class Recorder:
    """The requests that went through; `kubeconfig` leads through it."""

    def __init__(self, log: Path, kubeconfig: Path) -> None:
        self._log = log
        self._read = 0
        self.kubeconfig = kubeconfig

    def take(self) -> Sequence[Request]:
        """What was asked since the last time."""
        # An answer is written down before it is handed on, so nothing is still to come.
        lines = self._log.read_text(encoding="utf-8").splitlines()
        new, self._read = lines[self._read :], len(lines)
        return [_request(found) for found in map(_RESPONSE.search, new) if found]

    def writes(self) -> list[str]:
        """The writes since the last time."""
        return [str(each) for each in self.take() if each.is_write]


@contextmanager
def record(cluster: Cluster, folder: Path) -> Iterator[Recorder]:
    """Stand between as long as the context lasts."""
    said, log, kubeconfig = folder / "said.txt", folder / "requests.log", folder / "kubeconfig"
    with said.open("w") as out, log.open("w") as err:
        proxy = subprocess.Popen(
            [
                *(cluster.artifacts.path("kubectl"), f"--kubeconfig={cluster.kubeconfig}"),
                *("proxy", "--port=0", "-v=6"),
            ],
            stdout=out,
            stderr=err,
        )
    try:
        kubeconfig.write_text(yaml.safe_dump(_document(_address(said))), encoding="utf-8")
        yield Recorder(log, kubeconfig)
    finally:
        proxy.kill()
        proxy.wait()


def _request(found: re.Match[str]) -> Request:
    url = urlsplit(found["url"])
    return Request(verb=found["verb"], path=url.path, query=url.query, status=int(found["status"]))


def _address(said: Path) -> str:
    end = time.monotonic() + _START
    while time.monotonic() < end:
        if found := _SERVING.search(said.read_text(encoding="utf-8")):
            return found[1]
        time.sleep(0.05)
    raise TimeoutError(f"kubectl proxy did not start within {_START:.0f} s")


def _document(address: str) -> dict[str, object]:
    name = "recorded"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {"server": f"http://{address}"}}],
        "users": [{"name": name, "user": {}}],
    }
