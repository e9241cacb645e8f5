# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prove on the sandbox what an upgrade loses; each proof keeps its figures in build/prove."""

from __future__ import annotations

import argparse
import sys

from sandbox import lifecycle
from sandbox.errors import SandboxError
from sandbox.lifecycle import Wish
from sandbox.network import NAMES
from sandbox.progress import Progress
from tools.prove import bad_versions, cost, findings, kills, upgrade, way_back
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


def main() -> int:
    """Run the proofs that were asked for; 1 when one of them does not hold."""
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__)
    parser.add_argument("proofs", nargs="*", metavar="proof", help=", ".join(PROOFS))
    parser.add_argument("--rate", type=float, default=200, help="requests per second in all")
    parser.add_argument("--requests", type=int, default=100_000, help="for `upgrade`, at least")
    parser.add_argument("--kills", type=int, default=20, help="for `kills`")
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
    wanted = options.proofs or list(PROOFS)
    if unknown := set(wanted) - set(PROOFS):
        parser.error(f"no such proof: {', '.join(unknown)} (there are {', '.join(PROOFS)})")
    if unknown := set(options.phases or ()) - set(path.phases):
        parser.error(f"no such phase: {', '.join(unknown)} (there are {', '.join(path.phases)})")
    try:
        with Progress() as progress:
            found = lifecycle.find()
            sandbox = found or lifecycle.up(Wish(workloads=options.workloads), progress)
            try:
                mesh = Mesh(
                    cluster=sandbox.cluster(options.cluster),
                    workloads=sandbox.wish.workloads,
                    progress=progress,
                    rate=options.rate,
                    path=path,
                )
                holds = [PROOFS[name](mesh, options) for name in wanted]
            finally:
                if found is None:
                    lifecycle.end(progress)
    except SandboxError as error:
        print(f"prove: {error.message}\n  -> {error.remedy}", file=sys.stderr)
        return error.exit_code
    return 0 if all(holds) else 1


if __name__ == "__main__":
    sys.exit(main())
