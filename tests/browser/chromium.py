# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real browser: Debian's Chromium without a window, driven by its chromedriver.

WebDriver is plain HTTP, so nothing but urllib3 is needed to speak it.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import urllib3

from tools.setup import install_debian_packages

PACKAGES = ("chromium", "chromium-driver")
PROGRAMS = ("chromium", "chromedriver")
# The test page is our own, so it needs no cage; as root there would be none.
_SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
_STARTED = re.compile(r"started successfully on port (\d+)")
_TIMEOUT = 60.0
Json = dict[str, Any]


class MissingError(AssertionError):
    """There is no browser here and none can be installed: the page was not looked at."""


def ensure() -> tuple[Path, Path]:
    """Chromium and its driver, installed first where that can be done without asking."""
    if _missing() and not install_debian_packages(*PACKAGES):
        raise MissingError(
            f"{' and '.join(_missing())} must be there to look at the report in a real browser."
            f" Install the Debian packages: apt install {' '.join(PACKAGES)}"
        )
    if missing := _missing():
        raise MissingError(f"{' and '.join(missing)} are still missing: {' '.join(PACKAGES)}")
    chromium, driver = (Path(str(shutil.which(name))) for name in PROGRAMS)
    return chromium, driver


def _missing() -> list[str]:
    return [name for name in PROGRAMS if shutil.which(name) is None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """One session; it remembers what its pages asked the network for and said on the console."""

    url: str
    pool: urllib3.PoolManager

    def open(self, page: Path) -> None:
        self._send("POST", "/url", {"url": page.as_uri()})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a function body returns in the page."""
        return self._send("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def show(
        self, *, width: int, height: int = 900, dark: bool = False, paper: bool = False
    ) -> None:
        """As on a screen of that width, or as it would be printed."""
        self._devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        media = "print" if paper else "screen"
        self._devtools("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def picture(self) -> bytes:
        """The whole page as PNG, also what is below the window."""
        answer = self._devtools("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(answer["data"])

    def pdf(self, *, dark: bool = False) -> bytes:
        """As the browser prints it, for a person whose screen is dark or light."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._devtools("Emulation.setEmulatedMedia", media="", features=[scheme])
        answer = self._devtools("Page.printToPDF", printBackground=True, paperWidth=8.27)
        return base64.b64decode(answer["data"])

    def console(self) -> list[str]:
        """What was said since the last question, violations of the page's own policy included."""
        return [entry["message"] for entry in self._log("browser")]

    def requests(self) -> list[str]:
        """The addresses that were asked for since the last question."""
        messages = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]

    def _log(self, kind: str) -> list[Json]:
        entries: list[Json] = self._send("POST", "/se/log", {"type": kind})
        return entries

    def _devtools(self, command: str, **parameters: Any) -> Json:
        body = {"cmd": command, "params": parameters}
        answer: Json = self._send("POST", "/goog/cdp/execute", body)
        return answer

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return send(self.pool, method, f"{self.url}{path}", body)


def send(
    pool: urllib3.PoolManager, method: str, url: str, body: Mapping[str, Any] | None = None
) -> Any:
    """The value of the answer; AssertionError with the driver's own words for a refusal."""
    answer = pool.request(method, url, json=body, timeout=_TIMEOUT, retries=False)
    value = answer.json()["value"]
    assert answer.status == 200, f"{url}: {value}"
    return value


@contextmanager
def browsing(profile: Path) -> Iterator[Browser]:
    """A browser with a new profile for the time of the tests."""
    chromium, driver = ensure()
    switches = [*_SWITCHES, f"--user-data-dir={profile}"]
    with _driver(driver) as address, urllib3.PoolManager() as pool:
        session = send(pool, "POST", f"{address}/session", _wishes(chromium, switches))
        url = f"{address}/session/{session['sessionId']}"
        try:
            # The page for new windows asks for things of its own; it has to be gone before.
            send(pool, "POST", f"{url}/url", {"url": "about:blank"})
            yield Browser(url=url, pool=pool)
        finally:
            send(pool, "DELETE", url)


def _wishes(chromium: Path, switches: Sequence[str]) -> Json:
    options = {"binary": str(chromium), "args": list(switches)}
    logs = {"browser": "ALL", "performance": "ALL"}
    first = {"goog:chromeOptions": options, "goog:loggingPrefs": logs}
    return {"capabilities": {"alwaysMatch": first}}


@contextmanager
def _driver(program: Path) -> Iterator[str]:
    """Chromedriver on a free port of its own choice."""
    process = subprocess.Popen(
        [str(program), "--port=0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for line in cast("Iterator[str]", process.stdout):
            if found := _STARTED.search(line):
                yield f"http://127.0.0.1:{found[1]}"
                return
        raise AssertionError(f"{program} ended before it listened")
    finally:
        process.terminate()
        process.wait(timeout=_TIMEOUT)
        if process.stdout is not None:
            process.stdout.close()
