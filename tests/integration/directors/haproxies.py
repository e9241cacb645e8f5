# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real HAProxies on loopback, in front of two small servers that count what reaches them."""

from __future__ import annotations

import http.client
import http.server
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import packages

BACKEND = "clusters"
_PATIENCE = 15.0


@dataclass(kw_only=True)
class Cluster:
    """What stands for a cluster: it answers at once, or holds what asks for /hold."""

    name: str
    requests: int = 0
    held: int = 0
    release: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @contextmanager
    def running(self) -> Iterator[Cluster]:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        server.daemon_threads = True
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.release.set()
            server.shutdown()
            server.server_close()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        cluster = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Two small packets would wait for an acknowledgement between them.
            wbufsize = -1

            def do_GET(self) -> None:
                cluster.requests += 1
                self.send_response(200)
                if self.path == "/hold":
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    self.wfile.write(b"2\r\nhi\r\n")
                    self.wfile.flush()
                    cluster.held += 1
                    cluster.release.wait()
                    cluster.held -= 1
                else:
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Nobody reads it."""

        return Handler


@dataclass(kw_only=True)
class Front:
    """One HAProxy, by its master, with a file, a socket, and a port that users come to."""

    folder: Path
    name: str
    clusters: tuple[Cluster, ...]
    port: int
    balance: str = "roundrobin"
    level: str = "admin"
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.folder / f"{self.name}.sock"

    @property
    def config(self) -> Path:
        return self.folder / f"{self.name}.cfg"

    def write(self) -> None:
        servers = "\n".join(
            f"  server {each.name} 127.0.0.1:{each.port} weight {weight} check inter 100ms"
            for each, weight in zip(self.clusters, (100, 0), strict=True)
        )
        self.config.write_text(
            f"global\n  stats socket {self.socket} mode 666 level {self.level}\n"
            "defaults\n  mode http\n  timeout connect 2s\n  timeout client 1m\n"
            "  timeout server 1m\n  default-server fall 2 rise 1\n"
            f"frontend front\n  bind 127.0.0.1:{self.port}\n  default_backend {BACKEND}\n"
            f"backend {BACKEND}\n  balance {self.balance}\n{servers}  # both of them\n"
        )

    @contextmanager
    def running(self) -> Iterator[Front]:
        self.write()
        program = str(packages.program("haproxy"))
        log = self.folder / f"{self.name}.log"
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [program, "-W", "-db", "-f", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until(self._checked, f"HAProxy: {log.read_text()}")
            yield self
        finally:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=_PATIENCE)

    def reload(self) -> None:
        """As the operating system's service does, until the new process answers."""
        before = self.pid
        assert self.process is not None
        self.process.send_signal(signal.SIGUSR2)
        wait_until(lambda: self.pid != before and self._checked(), "the reload")

    @property
    def pid(self) -> str:
        return self.ask("show info").partition("Pid: ")[2].split("\n")[0]

    def ask(self, command: str) -> str:
        """What HAProxy itself says, without our module; empty while it does not listen."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            try:
                connection.connect(str(self.socket))
                connection.sendall(f"{command}\n".encode())
                return b"".join(iter(lambda: connection.recv(65536), b"")).decode()
            except OSError:
                return ""

    def weights(self) -> dict[str, int]:
        """The weights that are in force, by what HAProxy says to `get weight`."""
        return {
            each.name: int(self.ask(f"get weight {BACKEND}/{each.name}").split()[0])
            for each in self.clusters
        }

    def send(self, number: int) -> dict[str, int]:
        """Send requests over kept connections; how many each cluster got."""
        before = {each.name: each.requests for each in self.clusters}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        for _request in range(number):
            connection.request("GET", "/")
            response = connection.getresponse()
            response.read()
            assert response.status == 200
        connection.close()
        return {each.name: each.requests - before[each.name] for each in self.clusters}

    def _checked(self) -> bool:
        """Whether both servers were found to be well."""
        return self.ask("show stat").count("L4OK") == len(self.clusters)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for what happens in another process."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end, f"{what} has not come"
        time.sleep(0.02)


def free_port() -> int:
    """One that nobody listens at right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
