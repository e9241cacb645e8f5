# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The rules that change with every release of Istio, as types; the data is `_release_data`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._release_data import DATA
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version

_Entry = TypeVar("_Entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What one minor release needs; `gateway_api` is by the plural of a kind."""

    kubernetes: tuple[Version, Version]
    gateway_api: Mapping[str, Version]

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Release:
        """Read an entry of `releases`."""
        lowest, highest = map(_version, data["kubernetes"])
        crds = {name: _version(text) for name, text in data["gateway_api"].items()}
        return cls(kubernetes=(lowest, highest), gateway_api=crds)


@dataclass(frozen=True, slots=True, kw_only=True)
class BadPatch:
    """Releases whose istiod breaks older proxies."""

    versions: tuple[Version, ...]
    proxies_older_than: Version
    what: str
    source: str

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> BadPatch:
        """Read an entry of `bad_patches`."""
        return cls(
            versions=tuple(map(_version, data["versions"])),
            proxies_older_than=_version(data["proxies_older_than"]),
            what=data["what"],
            source=data["source"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """A registry that images are no longer to be had from."""

    registry: str
    what: str
    source: str

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Retired:
        """Read an entry of `retired_registries`."""
        return cls(registry=data["registry"], what=data["what"], source=data["source"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What is no longer there since a release: a type of Envoy, or a variable of istiod."""

    name: str
    since: Version
    what: str
    source: str

    @classmethod
    def from_type(cls, data: Mapping[str, Any]) -> Gone:
        """Read an entry of `removed_types`."""
        return cls._read(data["type"], data)

    @classmethod
    def from_flag(cls, data: Mapping[str, Any]) -> Gone:
        """Read an entry of `removed_flags`."""
        return cls._read(data["flag"], data)

    @classmethod
    def _read(cls, name: str, data: Mapping[str, Any]) -> Gone:
        return cls(
            name=name, since=_version(data["since"]), what=data["what"], source=data["source"]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDefault:
    """What a release does otherwise, and the objects to which that matters."""

    since: Version
    flag: str | None
    keep: str | None
    what: str
    api_version: str
    kind: str
    has: tuple[str, ...]
    lacks: tuple[str, ...]
    repeated: bool
    source: str

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> ChangedDefault:
        """Read an entry of `changed_defaults`."""
        api_version, kind = data["kind"].split(" ")
        return cls(
            since=_version(data["since"]),
            flag=data.get("flag"),
            keep=data.get("keep"),
            what=data["what"],
            api_version=api_version,
            kind=kind,
            has=tuple(data["has"]),
            lacks=tuple(data.get("lacks") or ()),
            repeated=bool(data.get("repeated")),
            source=data["source"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All of it; `read` is the day on which the sources were read."""

    read: str
    releases: Mapping[str, Release]
    sources: Mapping[str, str]
    bad_patches: tuple[BadPatch, ...]
    gateway_kept_since: tuple[Version, ...]
    gateway_source: str
    removed_types: tuple[Gone, ...]
    removed_flags: tuple[Gone, ...]
    retired_registries: tuple[Retired, ...]
    changed_defaults: tuple[ChangedDefault, ...]

    @classmethod
    def from_option(cls, given: Mapping[str, Any]) -> Rules:
        """What is shipped, with the parts that the user gave in place of it.

        Of the parts that are mappings, entries replace those of the same name; lists as a whole.
        """
        data = dict(DATA)
        for part, value in given.items():
            if part not in DATA or type(value) is not type(DATA[part]):
                raise BadInputError(
                    f"rules: got {type(value).__name__} as '{part}'; right are"
                    f" {', '.join(f'{key} ({type(old).__name__})' for key, old in DATA.items())}."
                )
            data[part] = {**DATA[part], **value} if isinstance(value, dict) else value
        return cls._read(data)

    @classmethod
    def _read(cls, data: Mapping[str, Any]) -> Rules:
        gateway = data["gateway_kept_since"]
        try:
            return cls(
                read=data["read"],
                releases={name: Release.from_data(each) for name, each in data["releases"].items()},
                sources=data["sources"],
                bad_patches=_each(data["bad_patches"], BadPatch.from_data),
                gateway_kept_since=tuple(map(_version, gateway["versions"])),
                gateway_source=gateway["source"],
                removed_types=_each(data["removed_types"], Gone.from_type),
                removed_flags=_each(data["removed_flags"], Gone.from_flag),
                retired_registries=_each(data["retired_registries"], Retired.from_data),
                changed_defaults=_each(data["changed_defaults"], ChangedDefault.from_data),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BadInputError(
                f"rules: an entry lacks something or has it in another form ({error!r}); right is"
                " the form of the file that the guide of the preflight names."
            ) from error

    def release(self, version: Version) -> Release | None:
        """What that version needs; None for a release that is not known."""
        return self.releases.get(f"{version.major}.{version.minor}")

    def known(self) -> list[str]:
        """The minor releases of Istio that there are rules for, the oldest first."""
        return sorted(self.releases, key=_version)

    def keeps_gateways(self, version: Version) -> bool:
        """Whether that istiod goes on with a Gateway which leaves it until it is taken over."""
        for first in self.gateway_kept_since:
            if version.minors_to(first) == 0:
                return version >= first
        return version > max(self.gateway_kept_since)

    def changes(self, old: Version, new: Version) -> list[ChangedDefault]:
        """What is otherwise on the way from the one minor release to the other."""
        return [
            each
            for each in self.changed_defaults
            if old.minors_to(each.since) > 0 and each.since.minors_to(new) >= 0
        ]


def _version(text: str) -> Version:
    version = Version.parse(text)
    if version is None:
        raise ValueError(f"{text} is no version")
    return version


def _each(
    entries: list[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], _Entry]
) -> tuple[_Entry, ...]:
    return tuple(read(entry) for entry in entries)


SHIPPED = Rules.from_option({})
