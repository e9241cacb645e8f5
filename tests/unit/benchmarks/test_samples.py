# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of several measurements."""

from __future__ import annotations

import pytest

from benchmarks.samples import Samples, number


def test_the_middle_and_the_ends() -> None:
    samples = Samples.of([3.0, 1.0, 10.0])
    assert (samples.median, samples.least, samples.most) == (3.0, 1.0, 10.0)


def test_a_ratio_is_taken_in_each_round() -> None:
    # In the third round the machine was slow, for both alike.
    ours, theirs = Samples.of([1.0, 1.0, 5.0]), Samples.of([4.0, 4.0, 20.0])
    assert ours.over(theirs).values == (0.25, 0.25, 0.25)


def test_a_difference_is_taken_in_each_round() -> None:
    assert Samples.of([1.0, 6.0]).less(Samples.of([0.5, 5.0])).values == (0.5, 1.0)


def test_rounds_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        Samples.of([1.0, 2.0]).over(Samples.of([1.0]))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(560.4, "560", id="hundreds"),
        pytest.param(12.34, "12.3", id="tens"),
        pytest.param(1.618, "1.62", id="ones"),
        pytest.param(0.0456, "0.046", id="less than one"),
        pytest.param(3.0, "3", id="a whole number"),
        pytest.param(-12.34, "-12.3", id="negative"),
    ],
)
def test_a_number_has_three_digits_that_matter(value: float, text: str) -> None:
    assert number(value) == text


def test_the_text_of_one_measurement_has_no_ends() -> None:
    assert Samples.of([1.5]).text("s") == "1.50 s"
    assert Samples.of([1.5, 2.5, 3.5]).text("s") == "2.50 (1.50 to 3.50) s"
    assert Samples.of([2, 4]).text() == "3 (2 to 4)"
