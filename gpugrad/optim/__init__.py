"""Optimisers: frozen dataclasses whose `update` returns a new model, and writes to nothing.

    state = optimiser.init(model)
    model, state = optimiser.update(model, gradient, state)

A model is any structure of arrays and numbers; the gradient is what `pullback` or `grad` gave for
it. What has no gradient (None) stays as it is. The state None stands for a fresh start.

It imports `kernels`, `structure` and what is below. In the order of reading: `descent`, `momentum`
and `adam`; `parameters`, the numbers of a model with their gradients; `steps`, which are computed
for all of them at once.
"""

from gpugrad.optim.adam import Adam as Adam
from gpugrad.optim.descent import Descent as Descent
from gpugrad.optim.momentum import Momentum as Momentum
