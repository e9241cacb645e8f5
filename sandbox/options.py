# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of each command, and what they take."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from sandbox.istio import Bad
from sandbox.lifecycle import Wish
from sandbox.network import NAMES
from sandbox.parts import ISTIO_VERSIONS


def add_up(up: argparse.ArgumentParser) -> None:
    add_clusters(up, "how many clusters; two share a root of trust and get HAProxy in front")
    up.add_argument(
        "--istio",
        choices=[*sorted(ISTIO_VERSIONS), "none"],
        default=Wish().istio,
        help="the version of Istio to begin with (default: %(default)s)",
    )
    _add_revision(up, "its revision, such as 1-30 (default: it has none, as most meshes)")
    up.add_argument(
        "--workloads",
        choices=["shop", "hard", "none"],
        default=Wish().workloads,
        help="`shop` has every feature that must survive an upgrade, `hard` also every kind of"
        " workload that upgrades find difficult; none run without Istio (default: %(default)s)",
    )


def add_install(install: argparse.ArgumentParser) -> None:
    _add_cluster(install)
    install.add_argument(
        "--istio", choices=sorted(ISTIO_VERSIONS), required=True, help="which version"
    )
    _add_revision(install, "its revision, such as 1-31 (default: it takes the place of the old)")
    install.add_argument(
        "--bad",
        choices=[bad.value for bad in Bad],
        help="spoils it: its proxies never get ready, or have an image that does not exist; its"
        " istiod has an image that does not exist, or crashes",
    )


def add_reset(reset: argparse.ArgumentParser) -> None:
    reset.add_argument("--cluster", choices=NAMES, help="only that one (default: all there are)")


def add_clusters(command: argparse.ArgumentParser, text: str) -> None:
    command.add_argument(
        "--clusters", type=int, choices=[1, 2], default=1, help=f"{text} (default: %(default)s)"
    )


def add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="prints JSON in place of a table")


def add_load(command: argparse.ArgumentParser) -> None:
    _add_cluster(command)
    command.add_argument(
        "--rate", type=int, default=300, help="requests per second (default: %(default)s)"
    )
    command.add_argument(
        "--seconds", type=int, default=60, help="for how long (default: %(default)s)"
    )
    command.add_argument(
        "--streams", type=int, default=0, help="long connections to hold (default: %(default)s)"
    )
    sides = command.add_mutually_exclusive_group()
    sides.add_argument(
        "--inside", action="store_true", help="from an injected pod in place of this machine"
    )
    sides.add_argument(
        "--both", action="store_true", help="from this machine and from a pod at once, each all"
    )
    command.add_argument(
        "--workloads",
        choices=["shop", "hard"],
        help="which of them to send to (default: all that the sandbox has)",
    )
    command.add_argument("--output", type=Path, help="writes the result to this file as JSON")
    command.add_argument("--plot", type=Path, help="writes vegeta's plot to this HTML file")
    command.add_argument(
        "--no-features", action="store_true", help="sends the requests and checks no feature"
    )


def _add_cluster(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--cluster", choices=NAMES, default="a", help="which cluster (default: %(default)s)"
    )


def _add_revision(command: argparse.ArgumentParser, text: str) -> None:
    command.add_argument("--revision", type=_revision, default="", help=text)


def _revision(text: str) -> str:
    if not re.fullmatch(r"([a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?)?", text):
        raise argparse.ArgumentTypeError(
            f"'{text}' is no revision: lower-case letters, digits and dashes, such as 1-31"
        )
    return text
