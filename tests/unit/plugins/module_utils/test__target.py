# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.meshwright.istio.plugins.module_utils import _client, _target

SECRET = "a token that must never be seen"  # noqa: S105 - that of nobody


def kubeconfig(server: str, token: str = SECRET) -> dict[str, Any]:
    return {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": token}}],
    }


def create_module(**target: Any) -> AnsibleModule:
    with patch_module_args(
        {"target": target, "kubeconfig": kubeconfig("https://source.test", "source")}
    ):
        return _target.create_module({})


def test_the_environment_is_meant_for_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_HOST", "https://elsewhere.test")
    monkeypatch.setenv("K8S_AUTH_CONTEXT", "elsewhere")
    module = create_module(kubeconfig=kubeconfig("https://target.test"))
    seen: list[str] = []
    monkeypatch.setattr(_client, "Client", lambda connection: seen.append(connection.server))
    _target.create_target_client(module)
    assert seen == ["https://target.test"]


def test_the_secrets_of_a_kubeconfig_are_no_secret_of_the_log() -> None:
    module = create_module(kubeconfig=kubeconfig("https://target.test"), api_key="another one")
    assert {SECRET, "another one"} <= module.no_log_values


def test_the_secrets_of_both_kubeconfigs_are_not_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.setattr(AnsibleModule, "log", lambda _self, msg, **_more: logged.append(msg))
    create_module(kubeconfig=kubeconfig("https://target.test"))
    (text,) = logged
    assert "https://target.test" in text
    assert SECRET not in text
    assert "'token': 'source'" not in text


def test_a_target_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    with patch_module_args({}), pytest.raises(SystemExit):
        _target.create_module({})
    assert json.loads(capsys.readouterr().out)["msg"] == "missing required arguments: target"
