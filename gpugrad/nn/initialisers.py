"""Initial values of parameters, by NNlib's and Flux's names.

Every initialiser is called as `init(rng, shape, dtype)` with a NumPy generator, and returns a NumPy
array: the same seed gives the same model on every device. The numbers are drawn in float64 and
rounded, so that models of two data types start from the same point.

The last two axes of `shape` are what goes into a layer and what comes out of it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gpugrad.dispatch.kinds import DType

Shape = tuple[int, ...]


def glorot_uniform(rng: np.random.Generator, shape: Shape, dtype: DType = np.float32) -> Any:
    """Draw uniformly from ±√(6 / (inputs + outputs)), for symmetric activations such as tanh.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010, equation 16.

    Example:
        >>> import numpy as np
        >>> weight = glorot_uniform(np.random.default_rng(0), (2, 4))
        >>> weight.shape, weight.dtype, bool(abs(weight).max() <= 1)
        ((2, 4), dtype('float32'), True)
    """
    return _uniform(rng, shape, dtype, variance=2 / sum(_fans(shape)))


def glorot_normal(rng: np.random.Generator, shape: Shape, dtype: DType = np.float32) -> Any:
    """Draw normally with the variance 2 / (inputs + outputs), for activations such as tanh.

    Source: Glorot and Bengio, AISTATS 2010, equation 12.

    Example:
        >>> import numpy as np
        >>> weight = glorot_normal(np.random.default_rng(0), (300, 500))
        >>> round(float(weight.var()) * (300 + 500), 1)
        2.0
    """
    return _normal(rng, shape, dtype, variance=2 / sum(_fans(shape)))


def kaiming_uniform(rng: np.random.Generator, shape: Shape, dtype: DType = np.float32) -> Any:
    """Draw uniformly from ±√(6 / inputs), for relu.

    Source: He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015, equation 10.

    Example:
        >>> import numpy as np
        >>> weight = kaiming_uniform(np.random.default_rng(0), (6, 4))
        >>> bool(abs(weight).max() <= 1)
        True
    """
    return _uniform(rng, shape, dtype, variance=2 / _fans(shape)[0])


def kaiming_normal(rng: np.random.Generator, shape: Shape, dtype: DType = np.float32) -> Any:
    """Draw normally with the variance 2 / inputs, for relu.

    Source: He, Zhang, Ren and Sun, ICCV 2015, equation 10.

    Example:
        >>> import numpy as np
        >>> weight = kaiming_normal(np.random.default_rng(0), (300, 500))
        >>> round(float(weight.var()) * 300, 1)
        2.0
    """
    return _normal(rng, shape, dtype, variance=2 / _fans(shape)[0])


def zeros(rng: np.random.Generator, shape: Shape, dtype: DType = np.float32) -> Any:
    """Return zeros: the usual start of a bias. Nothing is drawn from `rng`.

    Example:
        >>> import numpy as np
        >>> zeros(np.random.default_rng(0), (3,))
        array([0., 0., 0.], dtype=float32)
    """
    return np.zeros(shape, dtype)


def _fans(shape: Shape) -> tuple[int, int]:
    """Return how many numbers one output is made of, and how many outputs one input goes into."""
    *kernel, inputs, outputs = (1, 1, *shape) if len(shape) < 2 else shape
    return math.prod(kernel) * inputs, math.prod(kernel) * outputs


def _uniform(rng: np.random.Generator, shape: Shape, dtype: DType, variance: float) -> Any:
    limit = math.sqrt(3 * variance)
    return rng.uniform(-limit, limit, shape).astype(dtype)


def _normal(rng: np.random.Generator, shape: Shape, dtype: DType, variance: float) -> Any:
    return (math.sqrt(variance) * rng.standard_normal(shape)).astype(dtype)
