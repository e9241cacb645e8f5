# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions as people and images write them."""

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _version
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version


@pytest.mark.parametrize(
    ("text", "read"),
    [
        pytest.param("1.29.3", "1.29.3", id="whole"),
        pytest.param("1.29", "1.29.0", id="short"),
        pytest.param("v1.29.3", "1.29.3", id="with a v"),
        pytest.param("1.29.3-distroless", "1.29.3", id="another base image"),
        pytest.param("1.29.0-rc.1", "1.29.0-rc.1", id="a preview"),
        pytest.param("latest", "None", id="no version"),
    ],
)
def test_an_image_tells_its_version(text: str, read: str) -> None:
    assert str(Version.parse(text)) == read


def test_an_option_is_a_whole_version() -> None:
    wanted = Version(major=1, minor=29, patch=3)
    assert _version.read_option("version", "1.29.3") == wanted
    assert str(_version.read_option("version", "1.29.0-rc.1")) == "1.29.0-rc.1"


@pytest.mark.parametrize("text", ["1.29", "v1.29.3", "1.29.3-distroless", "latest", ""])
def test_an_option_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match=f"^from: got '{text}'; right is a whole version"):
        _version.read_option("from", text)


def test_a_preview_comes_before_its_release() -> None:
    texts = ["1.29.0", "1.29.0-rc.10", "1.28.9", "1.29.0-rc.2", "1.29.0-alpha"]
    versions = sorted(filter(None, map(Version.parse, texts)))
    assert [str(each) for each in versions] == [
        "1.28.9",
        "1.29.0-alpha",
        "1.29.0-rc.2",
        "1.29.0-rc.10",
        "1.29.0",
    ]
