# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.meshwright.istio.plugins.module_utils._result import Change, diff


def test_diff_has_only_what_changes() -> None:
    same = Change(name="a", before={"x": 1}, after={"x": 1})
    made = Change(name="b", before=None, after={"x": 2})
    gone = Change(name="c", before={"x": 3}, after=None)
    assert [change.changed for change in (same, made, gone)] == [False, True, True]
    assert diff([same, made, gone]) == [
        {"before_header": "b", "after_header": "b", "before": "", "after": {"x": 2}},
        {"before_header": "c", "after_header": "c", "before": {"x": 3}, "after": ""},
    ]
