"""The gradients that gpugrad is compared with, written out by hand in NumPy.

They are what a good NumPy programmer writes: nothing is computed twice, nothing that is not needed,
and nothing is contorted for the last microsecond. `bench_eager.py` checks each against gpugrad.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

# --- Chains of one operation on 0-d arrays -------------------------------------------------------
# y ← f(y, a), n times; the value, and the gradients of y and a.


def add_chain(y: Any, a: Any, n: int) -> tuple[Any, Any, Any]:
    for _ in range(n):
        y = y + a
    dy, da = np.float64(1.0), np.float64(0.0)
    for _ in range(n):
        da = da + dy
    return y, dy, da


def multiply_chain(y: Any, a: Any, n: int) -> tuple[Any, Any, Any]:
    ys = []
    for _ in range(n):
        ys.append(y)
        y = y * a
    dy, da = np.float64(1.0), np.float64(0.0)
    for x in reversed(ys):
        da = da + dy * x
        dy = dy * a
    return y, dy, da


def divide_chain(y: Any, a: Any, n: int) -> tuple[Any, Any, Any]:
    ys = []
    for _ in range(n):
        y = y / a
        ys.append(y)
    dy, da = np.float64(1.0), np.float64(0.0)
    for y_i in reversed(ys):
        dy = dy / a
        da = da - dy * y_i
    return y, dy, da


def tanh_chain(y: Any, n: int) -> tuple[Any, Any]:
    ys = []
    for _ in range(n):
        y = np.tanh(y)
        ys.append(y)
    dy = np.float64(1.0)
    for y_i in reversed(ys):
        dy = dy * (1 - y_i * y_i)
    return y, dy


def sin_chain(y: Any, n: int) -> tuple[Any, Any]:
    ys = []
    for _ in range(n):
        ys.append(y)
        y = np.sin(y)
    dy = np.float64(1.0)
    for x in reversed(ys):
        dy = dy * np.cos(x)
    return y, dy


def chain_of_floats(y: float, a: float, n: int) -> tuple[float, float, float]:
    """y ← sin(a · y), n times."""
    products, ys = [], []
    for _ in range(n):
        ys.append(y)
        product = a * y
        products.append(product)
        y = math.sin(product)
    dy, da = 1.0, 0.0
    for x, product in zip(reversed(ys), reversed(products), strict=True):
        d_product = dy * math.cos(product)
        da += d_product * x
        dy = d_product * a
    return y, dy, da


# --- Programs ------------------------------------------------------------------------------------


def power(x: float, n: int) -> tuple[float, float]:
    """x**n by repeated multiplication, and its derivative."""
    factors = []
    y = 1.0
    while n > 0:
        factors.append(y)
        y = y * x
        n = n - 1
    dy, dx = 1.0, 0.0
    for y_i in reversed(factors):
        dx += dy * y_i
        dy = dy * x
    return y, dx


def moons_loss(parameters: list[Any], x: Any, onehot: Any) -> tuple[Any, list[Any]]:
    """Three dense layers with relu, and the mean cross entropy of their logits."""
    W1, b1, W2, b2, W3, b3 = parameters
    h1 = np.maximum(x @ W1 + b1, 0)
    h2 = np.maximum(h1 @ W2 + b2, 0)
    logits = np.maximum(h2 @ W3 + b3, 0)

    shifted = logits - logits.max(axis=1, keepdims=True)
    exp = np.exp(shifted)
    total = exp.sum(axis=1, keepdims=True)
    loss = (np.log(total).sum() - (shifted * onehot).sum()) / len(x)

    dz3 = (exp / total - onehot) / len(x) * (logits > 0)
    dW3 = h2.T @ dz3
    db3 = dz3.sum(axis=0)
    dz2 = (dz3 @ W3.T) * (h2 > 0)
    dW2 = h1.T @ dz2
    db2 = dz2.sum(axis=0)
    dz1 = (dz2 @ W2.T) * (h1 > 0)
    dW1 = x.T @ dz1
    db1 = dz1.sum(axis=0)
    return loss, [dW1, db1, dW2, db2, dW3, db3]


def moons_step(parameters: list[Any], x: Any, onehot: Any, rate: float) -> tuple[Any, list[Any]]:
    """One step of gradient descent on `moons_loss`."""
    loss, gradients = moons_loss(parameters, x, onehot)
    return loss, [p - rate * dp for p, dp in zip(parameters, gradients, strict=True)]


def recurrence(W: Any, b: Any, xs: list[float]) -> tuple[Any, Any, Any]:
    """h ← tanh(W h + b x) for each x, and the squares of the last h summed."""
    n = len(xs)
    hs = np.zeros((n + 1, len(b)))
    for t, x in enumerate(xs):
        hs[t + 1] = np.tanh(W @ hs[t] + b * x)
    slopes = 1 - hs[1:] * hs[1:]
    dzs = np.empty((n, len(b)))
    dh = 2 * hs[n]
    for t in reversed(range(n)):
        dzs[t] = dh * slopes[t]
        dh = dzs[t] @ W
    return hs[n] @ hs[n], dzs.T @ hs[:-1], np.asarray(xs) @ dzs
