# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _web_proxy
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError

SERVER = "https://api.example.com:6443"
OPTION, KUBECONFIG, ENVIRONMENT = "http://option:1", "http://kubeconfig:2", "http://environment:3"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("options", "proxy_url", "expected"),
    [
        pytest.param({"proxy": OPTION}, KUBECONFIG, OPTION, id="option"),
        pytest.param({}, KUBECONFIG, KUBECONFIG, id="kubeconfig"),
        pytest.param({}, None, ENVIRONMENT, id="environment"),
    ],
)
def test_option_comes_before_kubeconfig_and_kubeconfig_before_environment(
    options: dict[str, str],
    proxy_url: str | None,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", ENVIRONMENT)
    assert _web_proxy.choose(SERVER, options, proxy_url) == expected
    assert _web_proxy.choose(SERVER, {**options, "no_proxy": ".example.com"}, proxy_url) is None


@pytest.mark.parametrize(
    ("options", "proxy_url", "expected"),
    [
        pytest.param({"proxy": OPTION}, None, OPTION, id="option"),
        pytest.param({}, KUBECONFIG, KUBECONFIG, id="kubeconfig"),
        pytest.param({}, None, None, id="environment"),
    ],
)
def test_the_exceptions_of_the_environment_are_of_its_proxy_alone(
    options: dict[str, str],
    proxy_url: str | None,
    expected: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", ENVIRONMENT)
    monkeypatch.setenv("NO_PROXY", "api.example.com")
    assert _web_proxy.choose(SERVER, options, proxy_url) == expected


@pytest.mark.parametrize(
    ("server", "environment", "expected"),
    [
        pytest.param(SERVER, {}, None, id="nothing"),
        pytest.param(SERVER, {"https_proxy": ENVIRONMENT}, ENVIRONMENT, id="lower case"),
        pytest.param(SERVER, {"HTTPS_PROXY": "p.test:3128"}, "http://p.test:3128", id="short"),
        pytest.param(SERVER, {"HTTP_PROXY": ENVIRONMENT}, None, id="that of http"),
        pytest.param("http://a.test", {"HTTP_PROXY": ENVIRONMENT}, ENVIRONMENT, id="http"),
        pytest.param("https://127.0.0.1:6443", {"HTTPS_PROXY": ENVIRONMENT}, None, id="loopback"),
        pytest.param("https://[::1]:6443", {"HTTPS_PROXY": ENVIRONMENT}, None, id="its version 6"),
        pytest.param("https://localhost", {"HTTPS_PROXY": ENVIRONMENT}, None, id="localhost"),
    ],
)
def test_the_environment_is_read_as_by_kubectl(
    server: str,
    environment: Mapping[str, str],
    expected: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert _web_proxy.choose(server, {}, None) == expected


@pytest.mark.parametrize(
    ("server", "listed", "spared"),
    [
        pytest.param(SERVER, "other.test, API.example.com", True, id="the host"),
        pytest.param(SERVER, "example.com", True, id="its domain"),
        pytest.param(SERVER, "*.example.com", True, id="its domain by a star"),
        pytest.param(SERVER, "*", True, id="all"),
        pytest.param(SERVER, "api.example.com:6443", True, id="its port"),
        pytest.param(SERVER, "api.example.com:443", False, id="another port"),
        pytest.param("https://api.example.com", "example.com:443", True, id="the usual port"),
        pytest.param(SERVER, "ample.com,,.", False, id="an end of its domain"),
        pytest.param(SERVER, "10.0.0.0/8", False, id="a network, of a name"),
        pytest.param("https://10.1.2.3:6443", "10.0.0.0/8", True, id="network"),
        pytest.param("https://11.1.2.3:6443", "10.0.0.0/8,fd00::/8", False, id="another network"),
        pytest.param("https://10.1.2.3:6443", "10.1.2.3", True, id="address"),
        pytest.param("https://10.1.2.3:6443", "10.1.2.3:6443", True, id="address and port"),
        pytest.param("https://[fd00::1]:6443", "fd00::/8", True, id="network of version 6"),
    ],
)
def test_what_is_spared(server: str, listed: str, spared: bool) -> None:
    chosen = _web_proxy.choose(server, {"proxy": OPTION, "no_proxy": listed}, None)
    assert (chosen is None) is spared


@pytest.mark.parametrize(
    ("url", "named"),
    [
        pytest.param("socks5://me:word@proxy.test:1080", "proxy.test:1080", id="SOCKS"),
        pytest.param("proxy.test:3128", "proxy.test:3128", id="no scheme"),
        pytest.param("http://", "http://", id="no host"),
        pytest.param("http://proxy.test:many", "http://proxy.test:many", id="no port"),
    ],
)
def test_what_is_no_http_proxy_is_refused_without_its_password(url: str, named: str) -> None:
    with pytest.raises(BadInputError) as caught:
        _web_proxy.choose(SERVER, {"proxy": url}, None)
    assert caught.value.message == (
        f"The proxy {named} cannot be used to reach the API server: right is the URL of an HTTP"
        " proxy, with http:// or https:// before it."
    )


@pytest.mark.parametrize(
    ("url", "headers", "expected"),
    [
        pytest.param("http://p.test", {}, None, id="none"),
        pytest.param("http://me:w%40rd@p.test", {}, ("me", "w@rd"), id="URL"),
        pytest.param("http://me@p.test", {}, ("me", ""), id="no password"),
        pytest.param(
            "http://me:word@p.test",
            {"proxy-authorization": "Basic eW91OmE6Yg=="},
            ("you", "a:b"),
            id="header",
        ),
    ],
)
def test_login(url: str, headers: Mapping[str, str], expected: tuple[str, str] | None) -> None:
    assert _web_proxy.login(url, headers) == expected
