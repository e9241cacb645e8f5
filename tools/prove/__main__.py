# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prove on the sandbox what an upgrade loses; each proof keeps its figures in build/prove."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from sandbox import lifecycle
from sandbox.errors import SandboxError
from sandbox.lifecycle import Sandbox, Wish
from sandbox.network import NAMES
from sandbox.progress import Progress
from tools.prove import (
    bad_versions,
    cost,
    findings,
    kills,
    switchover,
    switchover_dns,
    upgrade,
    way_back,
)
from tools.prove.both import Both
from tools.prove.mesh import Mesh
from tools.prove.path import PATHS

PROOFS = {
    "upgrade": upgrade.prove,
    "without-istiod": upgrade.prove_without_istiod,
    "by-hand": upgrade.compare,
    "bad-versions": bad_versions.prove,
    "way-back": way_back.prove,
    "kills": kills.prove,
    "two-runs": kills.prove_lock,
    "cost": cost.prove,
    "findings": findings.prove,
}
# They have two clusters behind HAProxy, and come only when they are asked for by name.
ON_BOTH = {
    "switchover": switchover.prove,
    "switchover-gateway": switchover.prove_gateway,
    "switchover-kills": switchover.prove_kills,
    "switchover-dns": switchover_dns.prove,
}
ALL = (*PROOFS, *ON_BOTH)


def main() -> int:
    """Run the proofs that were asked for; 1 when one of them does not hold."""
    options = _options()
    wanted = options.proofs or list(PROOFS)
    # Those of a switchover know the shop only.
    on_both = any(name in ON_BOTH for name in wanted)
    wish = Wish(clusters=2) if on_both else Wish(workloads=options.workloads)
    try:
        with Progress() as progress:
            found = lifecycle.find()
            sandbox = found or lifecycle.up(wish, progress)
            try:
                holds = _prove(wanted, sandbox, options, progress)
            finally:
                if found is None:
                    lifecycle.end(progress)
    except SandboxError as error:
        print(f"prove: {error.message}\n  -> {error.remedy}", file=sys.stderr)
        return error.exit_code
    return 0 if all(holds) else 1


def _prove(
    wanted: Sequence[str], sandbox: Sandbox, options: argparse.Namespace, progress: Progress
) -> list[bool]:
    mesh = Mesh(
        cluster=sandbox.cluster(options.cluster),
        workloads=sandbox.wish.workloads,
        progress=progress,
        rate=options.rate,
        path=PATHS[options.path],
    )
    # Where there is one cluster only, the first look at the pair says so.
    a, b = sandbox.clusters[0], sandbox.clusters[-1]
    both = Both(a=a, b=b, progress=progress, rate=options.rate)
    return [
        ON_BOTH[name](both, options) if name in ON_BOTH else PROOFS[name](mesh, options)
        for name in wanted
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__)
    parser.add_argument("proofs", nargs="*", metavar="proof", help=", ".join(ALL))
    parser.add_argument("--rate", type=float, default=200, help="requests per second in all")
    parser.add_argument(
        "--requests", type=int, default=100_000, help="for `upgrade` and `switchover`, at least"
    )
    parser.add_argument("--kills", type=int, default=20, help="for `kills` and `switchover-kills`")
    parser.add_argument(
        "--phases",
        nargs="+",
        help="for `way-back`, all when none is given",
    )
    parser.add_argument("--workloads", choices=["shop", "hard"], default="hard")
    parser.add_argument("--path", choices=PATHS, default="canary")
    parser.add_argument("--cluster", choices=NAMES, default=NAMES[0], help="of two that run")
    options = parser.parse_args()
    path = PATHS[options.path]
    if unknown := set(options.proofs) - set(ALL):
        parser.error(f"no such proof: {', '.join(unknown)} (there are {', '.join(ALL)})")
    if unknown := set(options.phases or ()) - set(path.phases):
        parser.error(f"no such phase: {', '.join(unknown)} (there are {', '.join(path.phases)})")
    return options


if __name__ == "__main__":
    sys.exit(main())
