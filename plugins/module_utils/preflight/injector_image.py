# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""An istiod hands out the sidecar that its ConfigMap names, whatever version it is of itself."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils import _images
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import tag_of
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import moving
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    settings = {
        (item["metadata"]["namespace"], item["metadata"]["name"]): item
        for item in evidence.of(Topic.SETTINGS)
    }
    for plane in moving.planes(evidence, upgrade):
        name = Revision(name=plane.revision, namespace=plane.namespace).injector_settings
        item = settings.get((plane.namespace, name))
        image = _images.read_proxy_image(item) if item else None
        version = Version.parse(tag_of(image or ""))
        if version is None or plane.version is None or version.is_build_of(plane.version):
            continue
        # A run before this one was cut off between the two; this one goes on.
        if upgrade.in_place and version == upgrade.version and upgrade.is_underway(evidence):
            continue
        yield Finding(
            code="injector_image",
            severity=Severity.BLOCK,
            title=f"istiod is {plane.version} and gives new pods a sidecar of {version}",
            objects=(
                f"Deployment {plane.namespace}/{plane.name}",
                f"ConfigMap {plane.namespace}/{name} ({image})",
            ),
            consequence="It is what an upgrade that failed half-way leaves. Where the image does"
            " not exist no new pod starts; where it does, proxies are newer than their istiod.",
            remedy="Install the version that is to run once more, so that both agree.",
            override="injector_image",
            source="measured; istio.io releases/supported-releases",
        )
