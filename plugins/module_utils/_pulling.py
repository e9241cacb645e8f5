# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""With which secrets the images of an istiod are pulled, and on which nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _helm_values

_PLACEMENT = ("nodeSelector", "tolerations", "affinity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulling:
    """The names of the secrets, and what the spec of its pod says about nodes."""

    secrets: tuple[str, ...] = ()
    placement: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_objects(
        cls,
        deployment: Mapping[str, Any],
        account: Mapping[str, Any] | None,
        more: Iterable[str] = (),
    ) -> Pulling:
        """Read it from the Deployment and the ServiceAccount, with more secrets."""
        spec = deployment["spec"]["template"]["spec"]
        listed = (*(spec.get("imagePullSecrets") or ()), *_of_account(account))
        names = dict.fromkeys((*(each["name"] for each in listed), *more))
        return cls(secrets=tuple(names), placement=_placement(spec))

    @classmethod
    def of_values(cls, values: Mapping[str, Any]) -> Pulling:
        """Read it from the Helm values, which have those of istiod below pilot or at the top."""
        pilot = _helm_values.mapping(values.get("pilot"))
        return cls(secrets=secrets_of(values), placement=_placement({**values, **pilot}))


def secrets_of(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The secrets that Helm values name for every image."""
    return tuple(_helm_values.at(values, "global", "imagePullSecrets") or ())


def _of_account(account: Mapping[str, Any] | None) -> Iterable[Mapping[str, Any]]:
    return (account or {}).get("imagePullSecrets") or ()


def _placement(spec: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: spec[key] for key in _PLACEMENT if spec.get(key)}
    if "affinity" in found:
        # Rules about other pods are about istiods beside each other, which a trial is not.
        nodes = _helm_values.at(found.pop("affinity"), "nodeAffinity")
        found |= {"affinity": {"nodeAffinity": nodes}} if nodes else {}
    return found
