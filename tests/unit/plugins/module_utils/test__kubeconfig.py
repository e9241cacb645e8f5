# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshwright.istio.plugins.module_utils import (
    _kubeconfig,
    _kubeconfig_package,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._kubeconfig import connect


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def kubeconfig(user: Mapping[str, Any], **cluster: Any) -> dict[str, Any]:
    """A kubeconfig with two contexts, the second of which is the current one."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "blue",
        "contexts": [
            {"name": "green", "context": {"cluster": "green", "user": "u"}},
            {"name": "blue", "context": {"cluster": "blue", "user": "u"}},
        ],
        "clusters": [
            {"name": "green", "cluster": {"server": "https://green.test:6443/"}},
            {"name": "blue", "cluster": {"server": "https://blue.test:6443", **cluster}},
        ],
        "users": [{"name": "u", "user": dict(user)}],
    }


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(document: Any) -> str:
        path = tmp_path / "kubeconfig"
        text = document if isinstance(document, str) else yaml.safe_dump(document)
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


SIMPLE = [
    pytest.param(kubeconfig({"token": "abc"}), id="token"),
    pytest.param(
        kubeconfig({"token": "abc"}, **{"insecure-skip-tls-verify": True}), id="not verified"
    ),
    pytest.param(
        kubeconfig({"token": "abc"}, **{"tls-server-name": "kube.test"}), id="other server name"
    ),
]


@pytest.mark.parametrize("document", SIMPLE)
@pytest.mark.parametrize("context", [None, "green"])
def test_short_way_equals_the_kubernetes_package(
    document: dict[str, Any], context: str | None, written: Any
) -> None:
    options = {"kubeconfig": written(document), "context": context}
    given = {key: value for key, value in options.items() if value is not None}
    ours, theirs = connect(options), _kubeconfig_package.connect(given)
    for name in ("server", "verify", "server_name"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.authorization() == theirs.authorization() == "Bearer abc"


def test_short_way_does_not_import_the_package(
    written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    assert connect({"kubeconfig": written(kubeconfig({"token": "t"}))}).server == (
        "https://blue.test:6443"
    )


def test_certificates_are_taken_from_data_and_from_files(written: Any, tmp_path: Path) -> None:
    user = {
        "client-certificate": "cert.pem",
        "client-key-data": base64.b64encode(b"KEY").decode(),
    }
    authority = {"certificate-authority-data": base64.b64encode(b"CA").decode()}
    connection = connect({"kubeconfig": written(kubeconfig(user, **authority))})
    assert connection.ca == _kubeconfig.Material(data=b"CA")
    assert connection.client_cert == _kubeconfig.Material(path=str(tmp_path / "cert.pem"))
    assert connection.client_key == _kubeconfig.Material(data=b"KEY")


def test_kubeconfig_may_be_a_dictionary() -> None:
    assert connect({"kubeconfig": kubeconfig({"token": "t"})}).authorization() == "Bearer t"


def test_kubeconfig_is_found_by_environment(written: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_KUBECONFIG", written(kubeconfig({"token": "t"})))
    monkeypatch.setenv("K8S_AUTH_CONTEXT", "green")
    monkeypatch.setenv("K8S_AUTH_VERIFY_SSL", "no")
    connection = connect({})
    assert (connection.server, connection.verify) == ("https://green.test:6443", False)


def test_login_plugin_is_run_by_the_package(written: Any, tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    plugin.write_text(
        '#!/bin/sh\necho \'{"apiVersion": "client.authentication.k8s.io/v1", '
        '"kind": "ExecCredential", "status": {"token": "from-plugin"}}\'\n',
        encoding="utf-8",
    )
    plugin.chmod(0o755)
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(plugin),
            "interactiveMode": "Never",
        }
    }
    connection = connect({"kubeconfig": written(kubeconfig(user))})
    assert connection.authorization() == "Bearer from-plugin"


@pytest.mark.parametrize("given_as", ["file", "dictionary"])
def test_no_key_outlives_a_process_that_ends_at_once(
    given_as: str, written: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As the process of a task does: what is registered with atexit is not run."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    (tmp_path / "cert.pem").write_bytes(b"CERT")
    user = {
        "username": "u",
        "password": "p",
        "client-certificate": str(tmp_path / "cert.pem"),
        "client-key-data": base64.b64encode(given_as.encode()).decode(),
    }
    document = kubeconfig(user)
    location = document if given_as == "dictionary" else written(document)
    child = os.fork()
    if child == 0:
        read = None
        try:
            connection = connect({"kubeconfig": location})
            read = (connection.client_cert, connection.client_key)
        finally:
            os._exit(
                read
                != (
                    _kubeconfig.Material(path=str(tmp_path / "cert.pem")),
                    _kubeconfig.Material(data=given_as.encode()),
                )
            )
    assert os.waitpid(child, 0)[1] == 0
    assert list(folder.iterdir()) == []
    assert (tmp_path / "cert.pem").read_bytes() == b"CERT"


def test_two_logins_may_have_the_same_key(written: Any) -> None:
    """Of two clusters of one organisation, say; the package writes what it knows only once."""
    user = {"username": "jane", "client-key-data": base64.b64encode(b"SHARED").decode()}
    logins = [connect({"kubeconfig": written(kubeconfig(user))}) for _number in range(2)]
    assert [each.client_key for each in logins] == [_kubeconfig.Material(data=b"SHARED")] * 2


def test_options_alone_suffice() -> None:
    connection = connect(
        {
            "host": "https://api.test/",
            "api_key": "k",
            "validate_certs": False,
            "ca_cert": "/ca",
            "proxy": "http://proxy.test:3128",
            "proxy_headers": {"proxy_basic_auth": "u:p", "basic_auth": None, "user_agent": None},
            "impersonate_user": "jane",
            "impersonate_groups": ["a", "b"],
        }
    )
    assert (connection.server, connection.verify) == ("https://api.test", False)
    assert connection.authorization() == "Bearer k"
    assert connection.ca == _kubeconfig.Material(path="/ca")
    assert connection.proxy == "http://proxy.test:3128"
    assert connection.proxy_headers == {"proxy-authorization": "Basic dTpw"}
    assert connection.headers == (
        ("Impersonate-User", "jane"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
    )


WAYS = [
    pytest.param({"token": "t"}, id="short way"),
    pytest.param({"username": "u", "password": "p"}, id="package"),
]


@pytest.mark.parametrize("user", WAYS)
def test_both_ways_go_through_the_same_proxy(
    user: dict[str, str], written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(kubeconfig(user, **{"proxy-url": "http://kubeconfig.test"}))
    monkeypatch.setenv("HTTPS_PROXY", "http://environment.test")
    given = {"kubeconfig": path}
    assert connect(given).proxy == "http://kubeconfig.test"
    assert connect({**given, "context": "green"}).proxy == "http://environment.test"
    assert connect({**given, "proxy": "http://option.test"}).proxy == "http://option.test"
    assert connect({**given, "no_proxy": "blue.test"}).proxy is None


def test_the_proxy_of_the_second_file_is_found(
    written: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    document = kubeconfig({"token": "t"}, **{"proxy-url": "http://kubeconfig.test"})
    (tmp_path / "first").write_text("current-context: green\n", encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'first'}:{written(document)}")
    connection = connect({})
    assert (connection.server, connection.proxy) == (
        "https://blue.test:6443",
        "http://kubeconfig.test",
    )


def test_options_that_suffice_have_no_kubeconfig_read(written: Any) -> None:
    given = {"host": "https://api.test", "api_key": "k", "kubeconfig": written("a: [")}
    assert connect(given).proxy is None


@pytest.mark.parametrize("user", WAYS)
def test_both_ways_act_as_whom_the_kubeconfig_names(user: dict[str, str], written: Any) -> None:
    given = {"kubeconfig": written(kubeconfig({**user, "as": "jane", "as-groups": ["a"]}))}
    assert connect(given).headers == (("Impersonate-User", "jane"), ("Impersonate-Group", "a"))
    assert connect({**given, "impersonate_user": "me"}).headers == (("Impersonate-User", "me"),)


@pytest.mark.parametrize(
    "context", [None, pytest.param("green", id="the package, for there are two")]
)
def test_a_token_that_was_replaced_in_its_file_is_read_anew(
    context: str | None, written: Any, tmp_path: Path
) -> None:
    path = written(kubeconfig({"tokenFile": "token"}))
    token = tmp_path / "token"
    token.write_text("old\n", encoding="utf-8")
    location = path if context is None else f"{path}:/nowhere"
    connection = connect({"kubeconfig": location, "context": context})
    assert connection.authorization() == "Bearer old"
    token.write_text("new\n", encoding="utf-8")
    assert connection.authorization() == "Bearer new"
    token.unlink()
    with pytest.raises(BadInputError, match="The token of the kubeconfig cannot be read"):
        connection.authorization()


@pytest.mark.parametrize(
    ("user", "options", "expected"),
    [
        pytest.param({}, {"api_key": "k"}, "Bearer k", id="option"),
        pytest.param(
            # What a JWT has to look like for the package; this one never expires.
            {"auth-provider": {"name": "oidc", "config": {"id-token": "e30.e30.x"}}},
            {},
            "Bearer e30.e30.x",
            id="provider",
        ),
    ],
)
def test_what_goes_before_a_token_in_a_file(
    user: dict[str, Any], options: dict[str, str], expected: str, written: Any, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("t", encoding="utf-8")
    path = written(kubeconfig({**user, "tokenFile": "token"}))
    assert connect({"kubeconfig": path, **options}).authorization() == expected


def test_password_is_basic_authentication() -> None:
    connection = connect({"host": "https://api.test", "username": "u", "password": "p"})
    assert connection.authorization() == "Basic dTpw"


def test_no_login_at_all_is_none() -> None:
    options = {"host": "https://api.test", "client_cert": "/c", "client_key": "/k"}
    assert connect(options).authorization() is None


def test_groups_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_IMPERSONATE_GROUPS", "a,b")
    connection = connect({"host": "https://api.test", "api_key": "k"})
    assert connection.headers == (("Impersonate-Group", "a"), ("Impersonate-Group", "b"))


@pytest.mark.parametrize(
    ("document", "options", "message"),
    [
        pytest.param("a: [", {}, "not valid YAML", id="no YAML"),
        pytest.param("", {}, "is empty", id="empty"),
        pytest.param(kubeconfig({}), {"context": "red"}, "No way to log in.*red", id="no context"),
    ],
)
def test_bad_kubeconfig_is_refused(
    document: Any, options: dict[str, str], message: str, written: Any
) -> None:
    with pytest.raises(BadInputError, match=message):
        connect({"kubeconfig": written(document), **options})


def test_missing_kubeconfig_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="No way to log in"):
        connect({"kubeconfig": str(tmp_path / "nowhere")})


def test_in_cluster_account_is_used_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "198.18.0.1")
    with pytest.raises(BadInputError, match="Service"):
        connect({})


@pytest.mark.parametrize(
    "location",
    [
        pytest.param(None, id="the usual place"),
        pytest.param("{file}", id="KUBECONFIG"),
        pytest.param("/nowhere:{file}", id="several files"),
    ],
)
def test_a_kubeconfig_wins_over_the_in_cluster_account(
    location: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Else a kubeconfig that only the package can read would be that of another cluster."""
    path = tmp_path / (".kube/config" if location is None else "mine")
    path.parent.mkdir(exist_ok=True)
    user = {"username": "u", "password": "p"}
    path.write_text(yaml.safe_dump(kubeconfig(user)), encoding="utf-8")
    if location is not None:
        monkeypatch.setenv("KUBECONFIG", location.format(file=path))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "198.18.0.1")
    connection = connect({})
    assert connection.server == "https://blue.test:6443"
    assert connection.authorization() == "Basic dTpw"


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(Exception, match="pip install kubernetes"):
        connect({"host": "https://api.test", "api_key": "k"})
