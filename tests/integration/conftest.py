# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything here runs on a real mesh, which is started once for all tests."""

from __future__ import annotations

import pytest

# So that a comparison that fails there shows what it has compared.
pytest.register_assert_rewrite("tests.integration.support")
pytest_plugins = ["sandbox.pytest_plugin", "tests.integration.support.fixtures"]
