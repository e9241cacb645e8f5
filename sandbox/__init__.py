# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real mesh on one machine, for tests, demonstrations and benchmarks.

As a library: `sandbox.lifecycle` starts, finds and ends it, `sandbox.istio` installs versions (bad
ones too), `sandbox.load` sends requests, `sandbox.features` tells whether the mesh still does what
it is for, `sandbox.reset` brings it back to a known state, `sandbox.pytest_plugin` has fixtures.
"""
