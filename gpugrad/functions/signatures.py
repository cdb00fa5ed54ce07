"""The signatures of the standard's functions, for `help` and `inspect.signature`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from gpugrad.dispatch.primitive import Composite, Primitive

STANDARD: list[tuple[Callable[..., Any], str]] = [
    (
        lambda x, /: ...,
        "abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor "
        "imag isfinite isinf isnan log log1p log2 log10 logical_not matrix_transpose negative "
        "nonzero positive real reciprocal round sign signbit sin sinh sqrt square tan tanh trunc "
        "unique_all unique_counts unique_inverse unique_values linalg.det linalg.eigh "
        "linalg.eigvalsh linalg.inv linalg.slogdet linalg.svdvals",
    ),
    (
        lambda x1, x2, /: ...,
        "add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor "
        "copysign divide equal floor_divide greater greater_equal hypot less less_equal logaddexp "
        "logical_and logical_or logical_xor matmul maximum minimum multiply nextafter not_equal "
        "pow remainder subtract linalg.outer linalg.solve",
    ),
    (lambda condition, x1, x2, /: ..., "where"),
    (lambda x, /, min=None, max=None: ..., "clip"),
    # Reductions and scans
    (
        lambda x, /, *, axis=None, keepdims=False: ...,
        "all any argmax argmin count_nonzero max mean min",
    ),
    (lambda x, /, *, axis=None, dtype=None, keepdims=False: ..., "prod sum"),
    (lambda x, /, *, axis=None, correction=0.0, keepdims=False: ..., "std var"),
    (
        lambda x, /, *, axis=None, dtype=None, include_initial=False: ...,
        "cumulative_prod cumulative_sum",
    ),
    (lambda x, /, *, axis=-1, n=1, prepend=None, append=None: ..., "diff"),
    # Shape, order and choice
    (lambda x, dtype, /, *, copy=True, device=None: ..., "astype"),
    (lambda x, /, shape: ..., "broadcast_to"),
    (lambda x, /, shape, *, copy=None: ..., "reshape"),
    (lambda arrays, /, *, axis=0: ..., "concat stack"),
    (lambda x, /, axis: ..., "squeeze"),
    (lambda x, /, axis=0: ..., "expand_dims"),
    (lambda x, /, *, axis=None: ..., "flip"),
    (lambda x, source, destination, /: ..., "moveaxis"),
    (lambda x, /, axes: ..., "permute_dims"),
    (lambda x, repeats, /, *, axis=None: ..., "repeat"),
    (lambda x, /, shift, *, axis=None: ..., "roll"),
    (lambda x, repetitions, /: ..., "tile"),
    (lambda x, /, *, k=0: ..., "tril triu"),
    (lambda x, /, *, axis=0: ..., "unstack"),
    (lambda x, indices, /, *, axis=None: ..., "take"),
    (lambda x, indices, /, *, axis=-1: ..., "take_along_axis"),
    (lambda x1, x2, /, *, side="left", sorter=None: ..., "searchsorted"),
    (lambda x, /, *, axis=-1, descending=False, stable=True: ..., "argsort sort"),
    # Arrays like another
    (lambda x, /, *, dtype=None, device=None: ..., "empty_like ones_like zeros_like"),
    (lambda x, /, fill_value, *, dtype=None, device=None: ..., "full_like"),
    # Linear algebra
    (lambda x1, x2, /, *, axes=2: ..., "tensordot"),
    (lambda x1, x2, /, *, axis=-1: ..., "vecdot linalg.cross"),
    (lambda x, /, *, upper=False: ..., "linalg.cholesky"),
    (lambda x, /, *, offset=0: ..., "linalg.diagonal"),
    (lambda x, /, *, keepdims=False, ord="fro": ..., "linalg.matrix_norm"),
    (lambda x, n, /: ..., "linalg.matrix_power"),
    (lambda x, /, *, rtol=None: ..., "linalg.matrix_rank linalg.pinv"),
    (lambda x, /, *, mode="reduced": ..., "linalg.qr"),
    (lambda x, /, *, full_matrices=True: ..., "linalg.svd"),
    (lambda x, /, *, offset=0, dtype=None: ..., "linalg.trace"),
    (lambda x, /, *, axis=None, keepdims=False, ord=2: ..., "linalg.vector_norm"),
    # Fourier transforms
    (
        lambda x, /, *, n=None, axis=-1, norm="backward": ...,
        "fft.fft fft.ifft fft.rfft fft.irfft fft.hfft fft.ihfft",
    ),
    (
        lambda x, /, *, s=None, axes=None, norm="backward": ...,
        "fft.fftn fft.ifftn fft.rfftn fft.irfftn",
    ),
    (lambda x, /, *, axes=None: ..., "fft.fftshift fft.ifftshift"),
]


def attach(functions: dict[str, Primitive]) -> None:
    """Give each function of the standard its signature; a composite has that of its definition."""
    for like, paths in STANDARD:
        signature = inspect.signature(like)
        for path in paths.split():
            if not isinstance(functions[path], Composite):
                functions[path].__signature__ = signature
