# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API holds of a control plane of Istio: the webhook that answers for a revision."""

from __future__ import annotations

import base64

from benchmarks.api import Object
from benchmarks.control_plane import ControlPlane

OLD, NEW = "1-30", "1-31"
REVISION = "istio.io/rev"
# The condition of a webhook that is there and is never called.
NEVER = {"name": "never", "expression": "false"}


def add_webhooks(plane: ControlPlane, *revisions: str) -> None:
    """Make the webhook of each revision as istioctl does, except that it is never called."""
    authority = base64.b64encode(plane.credentials.file("ca.crt").read_bytes()).decode()
    for revision in revisions:
        plane.api.send(
            "POST",
            "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
            _webhook(revision, authority),
        )


def _webhook(revision: str, authority: str) -> Object:
    expression = {"key": REVISION, "operator": "In", "values": [revision]}
    injection = {"key": "istio-injection", "operator": "DoesNotExist"}
    opted_out = {"key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"]}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {
            "name": f"istio-sidecar-injector-{revision}",
            "labels": {"app": "sidecar-injector", REVISION: revision},
        },
        "webhooks": [
            {
                "name": "rev.namespace.sidecar-injector.istio.io",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "clientConfig": {"url": "https://127.0.0.1:1/inject", "caBundle": authority},
                "rules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["pods"],
                    }
                ],
                "namespaceSelector": {"matchExpressions": [expression, injection]},
                "objectSelector": {"matchExpressions": [opted_out]},
                # Nothing listens at the URL.
                "matchConditions": [NEVER],
            }
        ],
    }


def inject_all_pods(plane: ControlPlane) -> None:
    """Let every new pod get what an istiod's webhook would write on it, by a policy."""
    group = "/apis/admissionregistration.k8s.io/v1beta1"
    name = {"name": "injection"}
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
    revision = f"namespaceObject.metadata.labels['{REVISION}']"
    patch = f"""
        Object{{metadata: Object.metadata{{annotations: {{
            "{REVISION}": {revision}, "sidecar.istio.io/status": "{{}}"
        }}}}}}"""
    spec = {
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "matchConstraints": {
            "namespaceSelector": {"matchExpressions": [{"key": REVISION, "operator": "Exists"}]},
            "resourceRules": [{**pods, "operations": ["CREATE"]}],
        },
        "mutations": [
            {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": patch}}
        ],
    }
    version = "admissionregistration.k8s.io/v1beta1"
    for kind, plural, content in (
        ("MutatingAdmissionPolicy", "mutatingadmissionpolicies", spec),
        (
            "MutatingAdmissionPolicyBinding",
            "mutatingadmissionpolicybindings",
            {"policyName": "injection"},
        ),
    ):
        body = {"apiVersion": version, "kind": kind, "metadata": name, "spec": content}
        plane.api.send("POST", f"{group}/{plural}", body)
