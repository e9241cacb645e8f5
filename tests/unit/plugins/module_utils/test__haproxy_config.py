# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _haproxy_config
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError

WEIGHTS = {"heron": 75, "stork": 25}


def both(first: str, second: str) -> str:
    return f"""\
global
  maxconn 9
defaults
  mode http
backend lake
  server heron 192.0.2.1:80 weight 7
  server stork 192.0.2.2:80 weight 7
backend pond # server heron here
\tserver heron 192.0.2.1:80 {first}
\tserver\tstork   192.0.2.2:80 {second}
frontend f
  default_backend pond
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("weight 100 check", "weight 75 check", id="as most write it"),
        pytest.param("check  weight   1", "check  weight   75", id="spaces stay"),
        pytest.param("check", "check weight 75", id="without one"),
        pytest.param("check # weight 9", "check weight 75 # weight 9", id="one in a comment"),
        pytest.param('cookie "a # b" weight 3', 'cookie "a # b" weight 75', id="a quoted hash"),
        pytest.param("cookie a\\#b weight 3", "cookie a\\#b weight 75", id="an escaped hash"),
        pytest.param(
            "cookie 'weight 3' check", "cookie 'weight 3' check weight 75", id="in quotes"
        ),
        pytest.param('weight "40"', "weight 75", id="a quoted number"),
        pytest.param(
            "cookie weight weight 4", "cookie weight weight 75", id="a cookie of that name"
        ),
        pytest.param(
            "weight 3 weight 4", "weight 3 weight 75", id="twice, and the last one counts"
        ),
        pytest.param("weight ${W}", "weight ${W} weight 75", id="from the environment"),
        pytest.param("check\r", "check weight 75\r", id="lines of Windows"),
    ],
)
def test_changes_the_number_and_nothing_else(before: str, after: str) -> None:
    text = both(before, "weight 0 # the new one")
    changed = _haproxy_config.rewrite(text, "file", "pond", WEIGHTS)
    assert changed == both(after, "weight 25 # the new one")
    assert _haproxy_config.find(changed, "file", "pond", "heron").weight == 75


def test_finds_quoted_names_and_listen_sections() -> None:
    text = "listen \"pond\"\n  server 'heron' 192.0.2.1:80\n  server stork 192.0.2.2:80 weight 3"
    changed = _haproxy_config.rewrite(text, "file", "pond", WEIGHTS)
    assert changed == (
        "listen \"pond\"\n  server 'heron' 192.0.2.1:80 weight 75\n"
        "  server stork 192.0.2.2:80 weight 25"
    )


PLAIN = "backend pond\n  server heron a\n  server stork b\n"
DEFAULTS = {
    "nothing said": (PLAIN, 1),
    "for this backend": (PLAIN.replace("\n", "\n  default-server weight 30 check\n", 1), 30),
    "after the server": (f"{PLAIN}  default-server weight 30\n", 1),
    "for all": (f"defaults\n  default-server check weight 40\n{PLAIN}", 40),
    "for others": (f"defaults\n  default-server weight 40\ndefaults\n  mode tcp\n{PLAIN}", 1),
    "by name": (
        "defaults one\n  default-server weight 50\ndefaults two\n  default-server weight 60\n"
        + PLAIN.replace("pond", "pond from one"),
        50,
    ),
    "here before all": (
        "defaults\n  default-server weight 40\n"
        + PLAIN.replace("\n", "\n  default-server weight 30\n", 1),
        30,
    ),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_reads_what_a_server_has_that_names_none(name: str) -> None:
    text, weight = DEFAULTS[name]
    found = _haproxy_config.find(text, "file", "pond", "heron")
    assert (found.weight, found.own) == (weight, False)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("backend lake\n", "front.cfg has no backend pond", id="no backend"),
        pytest.param(
            "backend pond\n  server stork b\n", "has no lines `server heron`", id="no line"
        ),
        pytest.param(
            f".if defined(X)\n{PLAIN}.else\n{PLAIN}.endif\n", "has 2 lines `server", id="two lines"
        ),
    ],
)
def test_refuses_what_cannot_be_kept(text: str, sentence: str) -> None:
    with pytest.raises(BadInputError, match=r"front\.cfg") as raised:
        _haproxy_config.rewrite(text, "front.cfg", "pond", WEIGHTS)
    assert sentence in raised.value.message


def test_odd_characters_end_no_line() -> None:
    text = "backend pond # \x0b\u2028 server heron c\n  server heron a\n  server stork b\n"
    changed = _haproxy_config.rewrite(text, "file", "pond", WEIGHTS)
    assert changed == text.replace("heron a", "heron a weight 75").replace(
        "stork b", "stork b weight 25"
    )
