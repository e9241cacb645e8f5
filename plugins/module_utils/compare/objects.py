# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What is found about configuration: what lacks, what differs, and what is there beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.meshwright.istio.plugins.module_utils.compare import normal
from ansible_collections.meshwright.istio.plugins.module_utils.compare.config import (
    Config,
    Key,
    of_sorts,
    title,
)
from ansible_collections.meshwright.istio.plugins.module_utils.compare.scope import Scope
from ansible_collections.meshwright.istio.plugins.module_utils.compare.side import Side
from ansible_collections.meshwright.istio.plugins.module_utils.compare.topic import (
    TOPICS,
    Sort,
    Topic,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)

_SOURCE = "istio.io traffic-management, security; both clusters were read"
_COPY = "istio_config_copy brings it over"


def find(source: Side, target: Side, scope: Scope) -> Iterator[Finding]:
    yield from _unserved(source, target, scope)
    yield from _unread(source, target, scope)
    for topic in TOPICS:
        yield from _of_topic(topic, _effective(source, scope), _effective(target, scope), target)


def is_effective(side: Side, config: Config) -> bool:
    """Whether the control plane that serves there reads it."""
    if config.asked is None or side.plane is None:
        return True
    return side.mesh.resolve(config.asked) == side.plane.revision


def _effective(side: Side, scope: Scope) -> Mapping[Key, Config]:
    return {
        key: each
        for key, each in side.config.items()
        if each.namespace in scope and is_effective(side, each)
    }


def _of_topic(
    topic: Topic, here: Mapping[Key, Config], there: Mapping[Key, Config], target: Side
) -> Iterator[Finding]:
    missing = [
        each
        for each in of_sorts(here, topic.sorts)
        # These have findings of their own.
        if each.key not in target.config and each.sort.title not in target.unserved
    ]
    if missing:
        yield Finding(
            code=f"{topic.name}_missing",
            severity=topic.missing,
            title=f"The target lacks {topic.plural} that the source has",
            objects=tuple(map(str, missing)),
            consequence=topic.consequence,
            remedy=f"Create them in the target; {_COPY}.",
            override=f"{topic.name}_missing",
            source=_SOURCE,
        )
    differing = [
        f"{each} ({places})"
        for each in of_sorts(here, topic.sorts)
        if each.key in there and (places := normal.places(each.meaning, there[each.key].meaning))
    ]
    if differing:
        yield Finding(
            code=f"{topic.name}_differs",
            severity=topic.differing,
            title=f"There are {topic.plural} that differ",
            objects=tuple(differing),
            consequence=topic.consequence,
            remedy=f"Make them the same; {_COPY}. What shall differ is named in expected.",
            override=f"{topic.name}_differs",
            source=_SOURCE,
        )
    extra = [each for each in of_sorts(there, topic.sorts) if each.key not in here]
    if extra:
        yield Finding(
            code=f"{topic.name}_extra",
            severity=topic.extra,
            title=f"The target has {topic.plural} that the source lacks",
            objects=tuple(map(str, extra)),
            consequence=topic.consequence,
            remedy="Delete them in the target, or create them in the source, or name them in"
            " expected.",
            override=f"{topic.name}_extra",
            source=_SOURCE,
        )


def _unserved(source: Side, target: Side, scope: Scope) -> Iterator[Finding]:
    lacking = [
        f"{sort.title} ({count} in the source)"
        for topic in TOPICS
        for sort in topic.sorts
        if sort.title in target.unserved and (count := _count(source, sort, scope))
    ]
    if lacking:
        yield Finding(
            code="kind_not_served",
            severity=Severity.BLOCK,
            title="The target does not know kinds of which the source has objects",
            objects=tuple(lacking),
            consequence="Nothing of what these objects say is in force there.",
            remedy="Install their CustomResourceDefinitions in the target: those of Istio come"
            " with it, those of the Gateway API by themselves.",
            override="kind_not_served",
            source=_SOURCE,
        )


def _count(side: Side, sort: Sort, scope: Scope) -> int:
    return sum(1 for each in of_sorts(side.config, [sort]) if each.namespace in scope)


def _unread(source: Side, target: Side, scope: Scope) -> Iterator[Finding]:
    found = [
        f"{title(key)} ({there.asked})"
        for key, there in sorted(target.config.items())
        if there.namespace in scope
        and not is_effective(target, there)
        and key in source.config
        and is_effective(source, source.config[key])
    ]
    if found:
        yield Finding(
            code="config_unread",
            severity=Severity.BLOCK,
            title="The target has configuration that its control plane does not read",
            objects=tuple(found),
            consequence="Their label istio.io/rev names another revision, so what they say is not"
            " in force there.",
            remedy="Take the label away, or let it name the revision or a tag of the target.",
            override="config_unread",
            source="istio/istio pkg/config/schema, labels.InRevision",
        )
