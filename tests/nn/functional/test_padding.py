"""Padding against NumPy."""

import numpy as np
import pytest

from gpugrad import nn

RNG = np.random.default_rng(0)

MODES = {
    nn.pad_zeros: {"mode": "constant"},
    nn.pad_repeat: {"mode": "edge"},
    nn.pad_reflect: {"mode": "reflect"},
    nn.pad_symmetric: {"mode": "symmetric"},
    nn.pad_circular: {"mode": "wrap"},
}


@pytest.mark.parametrize("pad", MODES, ids=lambda f: f.name)
@pytest.mark.parametrize("padding", [((2, 1), (0, 3)), ((0, 0), (1, 0)), ((0, 0), (0, 0))])
def test_padding_is_as_in_numpy(pad, padding):
    x = RNG.normal(size=(2, 1, 3, 4))
    expected = np.pad(x, [(0, 0), (0, 0), *padding], **MODES[pad])
    np.testing.assert_array_equal(pad(x, padding), expected)


def test_padding_of_a_number_and_of_numbers():
    x = RNG.normal(size=(2, 1, 3, 4))
    y = nn.pad_constant(x, (1, 2), value=3.0)
    expected = np.pad(x, [(0, 0), (0, 0), (1, 1), (2, 2)], constant_values=3.0)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(nn.pad_repeat(x, 5)[0, 0, :5, :5], np.full((5, 5), x[0, 0, 0, 0]))
