# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Try what a cluster asks of the kernel, in namespaces that end with the trial.

Nothing is made in the namespaces of the machine itself, so nothing can be left behind in them,
not even by a kill.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sandbox import packages
from sandbox.findings import Finding, fine, missing

_TIMEOUT = 5
_PRIVILEGED = "use a virtual machine or a privileged container"
# As kube-proxy and the CNI plugins use it.
_NFT = """
table ip trial {
  map services { type ipv4_addr . inet_proto . inet_service : verdict; }
  chain endpoint { meta mark set 0x4000; meta l4proto tcp dnat to 192.0.2.2:80; }
  chain pick { numgen random mod 2 vmap { 0 : goto endpoint, 1 : goto endpoint }; }
  chain before {
    type nat hook prerouting priority dstnat;
    ip daddr . meta l4proto . th dport vmap @services
    fib daddr type local tcp dport 30080 goto pick
  }
  chain after { type nat hook postrouting priority srcnat; mark 0x4000 masquerade fully-random; }
  chain pass { type filter hook forward priority filter; ct state established,related accept; }
}
"""
# As the init container of an Istio sidecar uses it.
_IPTABLES = """
*nat
:IN - [0:0]
:OUT - [0:0]
-A PREROUTING -p tcp -j IN
-A OUTPUT -j OUT
-A IN -p tcp --dport 15008 -j RETURN
-A IN -p tcp -j REDIRECT --to-ports 15006
-A OUT -o lo ! -d 127.0.0.1/32 -p tcp -m tcp ! --dport 15008 -m owner --uid-owner 1337 -j RETURN
-A OUT -p tcp -j REDIRECT --to-ports 15001
COMMIT
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A script for `sh` in new namespaces, and what to do where it does not work."""

    subject: str
    namespaces: tuple[str, ...]
    script: str
    remedy: str = _PRIVILEGED
    needs: str = ""
    stdin: str = ""


TRIALS = (
    Trial(
        subject="network namespaces",
        namespaces=("--net", "--mount"),
        script="mount -t tmpfs tmpfs /run; ip netns add trial; ip netns delete trial",
        needs="ip",
    ),
    Trial(
        subject="process namespaces",
        namespaces=("--pid", "--fork", "--mount", "--mount-proc", "--uts", "--ipc"),
        script="test -d /proc/self",
    ),
    Trial(
        subject="veth devices",
        namespaces=("--net",),
        script="ip link add name trial0 type veth peer name trial1",
        remedy="load the kernel module: `modprobe veth`",
        needs="ip",
    ),
    Trial(
        subject="bridge devices",
        namespaces=("--net",),
        script="ip link add name trial0 type bridge",
        remedy="load the kernel module: `modprobe bridge`",
        needs="ip",
    ),
    Trial(
        subject="forwarding",
        namespaces=("--net",),
        script="cd /proc/sys/net/ipv4; test $(cat ip_forward) = 1 || echo 1 > ip_forward",
        remedy="make /proc/sys writable or forward by default: `sysctl net.ipv4.ip_forward=1`",
    ),
    Trial(
        subject="nftables",
        namespaces=("--net",),
        script="nft -f -",
        remedy="load the kernel modules: `modprobe -a nf_tables nft_chain_nat nft_masq nft_fib_ipv4"
        " nft_numgen nft_ct`",
        needs="nft",
        stdin=_NFT,
    ),
    Trial(
        subject="iptables",
        namespaces=("--net",),
        script="iptables-restore",
        remedy="load the kernel modules: `modprobe -a nft_compat xt_REDIRECT xt_owner xt_tcpudp`",
        needs="iptables",
        stdin=_IPTABLES,
    ),
)


def try_kernel(trial: Trial) -> Finding:
    """Run one trial."""
    if trial.needs and not packages.find(trial.needs):
        return fine(trial.subject, f"can be tried when `build` has installed {trial.needs}")
    failure = _run(trial.namespaces, trial.script, trial.stdin)
    if failure:
        return missing(trial.subject, failure, trial.remedy)
    return fine(trial.subject, "usable")


def try_overlay(folder: Path) -> Finding:
    """Whether containerd can stack images on the file system of this folder."""
    subject = "overlayfs"
    script = (
        f"cd '{folder}'; mkdir lower upper work merged;"
        "mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged;"
        "echo kept > merged/file; test -s upper/file"
    )
    if failure := _run(("--mount",), script):
        remedy = "let /var/lib lie on ext4, xfs or btrfs: overlayfs does not lie on another overlay"
        return missing(subject, f"cannot be mounted under {folder.parent}: {failure}", remedy)
    return fine(subject, f"usable under {folder.parent}")


def try_overlay_under(parent: Path) -> Finding:
    """The same in a temporary folder there."""
    with tempfile.TemporaryDirectory(prefix="meshwright-sandbox-", dir=parent) as folder:
        return try_overlay(Path(folder))


def _run(namespaces: tuple[str, ...], script: str, stdin: str = "") -> str:
    """What went wrong, in the first line that the program says; empty when nothing did."""
    try:
        result = subprocess.run(
            ["unshare", *namespaces, "sh", "-ec", script],
            input=stdin,
            env={"PATH": packages.SEARCH, "LC_ALL": "C"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if result.returncode == 0:
        return ""
    words = result.stderr.strip().splitlines()
    return words[0] if words else f"ended with {result.returncode}"
