"""Derivatives by numbers alone, for gpugrad's to be held against.

Gradients are compared along a direction: `inner(gradient, direction)` is the derivative of
`f(x + t * direction)` by `t`, and a wrong gradient shows along a random direction.
"""

import numpy as np

STEP = 1e-3


def inner(a, b):
    """The real inner product; of complex numbers, as of pairs of real ones."""
    return float(np.sum(np.real(np.conj(a) * b)))


def derivative(f):
    """f'(0) of a real-valued f, by central differences of fourth order.

    With arguments and derivatives of the order of one, it is good to ten digits or so.
    """
    near = f(STEP) - f(-STEP)
    far = f(2 * STEP) - f(-2 * STEP)
    return (8 * near - far) / (12 * STEP)


def complex_step_derivative(f):
    """f'(0) of an analytic f which is real on the real line, to the last digit or two."""
    tiny = 1e-30
    return np.imag(f(tiny * 1j)) / tiny
