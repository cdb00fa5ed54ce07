"""Five kernels at sizes of the benchmark's, each launched once, for Nsight Compute to look at.

`tests/gpu/steps.py` has the command, with the kernels' names and what is asked of the hardware.
"""

from __future__ import annotations

from typing import Any

import gpugrad as gg
from gpugrad import nn, optim

SIDE = 8192
CLASSES = 50257


def launch(np: Any, side: int = SIDE, classes: int = CLASSES) -> None:
    """Launch them on arrays of CuPy, or for the tests of NumPy.

    Args:
        np: the library.
        side: rows and columns of a matrix.
        classes: of logits, with a quarter of the rows.
    """
    rng = np.random.default_rng(0)
    x, dy = (rng.standard_normal((side, side), dtype=np.float32) for _ in range(2))
    logits = rng.standard_normal((side // 4, classes), dtype=np.float32)
    labels = rng.integers(0, classes, side // 4)
    weight, bias = np.ones(side, dtype=np.float32), np.zeros(side, dtype=np.float32)

    gg.softmax(x)
    gg.value_and_grad(gg.logit_cross_entropy)(logits, labels)
    gg.pullback(nn.layer_norm, x, weight, bias)[1](dy)
    gg.pullback(gg.gelu, x)[1](dy)
    optim.Adam().update(x, dy, None)


if __name__ == "__main__":
    import cupy

    launch(cupy)
    cupy.cuda.runtime.deviceSynchronize()
