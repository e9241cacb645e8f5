# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a hardened cluster says to a pod: Pod Security, a quota, and a policy about images.

The profile is that of kubernetes.io/docs/concepts/security/pod-security-standards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

Object = dict[str, Any]
Rule = Callable[[Object], str | None]
SIDECAR = 'pods "x" is forbidden: violates PodSecurity "baseline:latest": NET_ADMIN, NET_RAW'
NO_RIGHT = (
    'pods is forbidden: User "robot" cannot create resource "pods" in API group "" in the'
    ' namespace "istio-system"'
)


def guard(api: FakeApi, rules: Mapping[str, Rule]) -> list[str]:
    """Have the API server ask the rule of each namespace; what is tried, in order."""
    create, tried = api.create, []

    def ask(kind: Any, body: Any, namespace: Any = None, *, dry_run: bool = False) -> Object:
        if kind == _kinds.POD:
            tried.append(namespace)
            rule = rules.get(namespace)
            if rule is not None and (said := rule(body)):
                raise ApiError(f"{said}.", status=403, reason="Forbidden")
        return create(kind, body, namespace, dry_run=dry_run)

    api.create = ask  # type: ignore[method-assign]
    return tried


def always(said: str) -> Rule:
    """A rule against every pod."""
    return lambda _pod: said


def restricted(pod: Object) -> str | None:
    for each in pod["spec"]["containers"]:
        allowed = each.get("securityContext") or {}
        if (
            allowed.get("allowPrivilegeEscalation") is not False
            or (allowed.get("capabilities") or {}).get("drop") != ["ALL"]
            or allowed.get("runAsNonRoot") is not True
            or allowed.get("runAsUser") == 0
            or (allowed.get("seccompProfile") or {}).get("type") != "RuntimeDefault"
        ):
            return f'pods "x" is forbidden: violates PodSecurity "restricted": {each["name"]}'
    return None


def quota(pod: Object) -> str | None:
    for each in pod["spec"]["containers"]:
        for part in ("requests", "limits"):
            said = (each.get("resources") or {}).get(part) or {}
            if missing := {"cpu", "memory"} - said.keys():
                return f"failed quota: all: must specify {part} of {sorted(missing)}"
    return None


def only_images_of(hub: str) -> Rule:
    def judge(pod: Object) -> str | None:
        for each in pod["spec"]["containers"]:
            if not each["image"].startswith(f"{hub}/"):
                return f'admission webhook "policy.kyverno.svc" denied the request: {each["image"]}'
        return None

    return judge
