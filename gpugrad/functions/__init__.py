"""The differentiable functions, by subject: `from gpugrad import functions as F` leads to them.

A function is declared in one place, with its signature, its docstring and its options. A new one is
a `def` in the file of its subject, a rule in `gpugrad/rules/`, and a row in `tests/rules/samples/`:
CONTRIBUTING.md shows how.

The room imports `dispatch`. In the order of reading, the array-API standard's functions first,
which `F` exports; their files import each other directly, each those that stand before it:

- `comparison`, `rounding`, `transcendental`: of each element.
- `manipulation`, `indexing`, `searching`: the same elements elsewhere.
- `arithmetic`: of each element, too; `reductions`, `scans`, `products`: of many elements.
- `creation`: new arrays; `without_gradient`: where gradients stop.

Then what is written in terms of `F`, which does not import it:

- `linalg`, with `decompositions`, and `fft`: the standard's extensions.
- `special`, with `gamma` and `bessel`: SciPy's special functions.
- `elementwise`, `statistics`, `histograms`, `ordering`, `calculus`, `polynomial`: NumPy's functions
  of values, beyond the standard.
- `shaping`, `joining`, `padding`, `selection`, `matrices`, `einstein`: its functions of arrays.
- `map`: Python's own.
- `table`: all of them, by where they are in the namespace `gpugrad.xp`.
- `operators`: Python's operators as calls of them; `numpy_calls`: NumPy's signatures of them.
"""

from gpugrad.functions.arithmetic import abs as abs
from gpugrad.functions.arithmetic import add as add
from gpugrad.functions.arithmetic import clip as clip
from gpugrad.functions.arithmetic import conj as conj
from gpugrad.functions.arithmetic import copysign as copysign
from gpugrad.functions.arithmetic import divide as divide
from gpugrad.functions.arithmetic import hypot as hypot
from gpugrad.functions.arithmetic import imag as imag
from gpugrad.functions.arithmetic import indicator as indicator
from gpugrad.functions.arithmetic import maximum as maximum
from gpugrad.functions.arithmetic import minimum as minimum
from gpugrad.functions.arithmetic import multiply as multiply
from gpugrad.functions.arithmetic import negative as negative
from gpugrad.functions.arithmetic import positive as positive
from gpugrad.functions.arithmetic import pow as pow
from gpugrad.functions.arithmetic import real as real
from gpugrad.functions.arithmetic import reciprocal as reciprocal
from gpugrad.functions.arithmetic import remainder as remainder
from gpugrad.functions.arithmetic import sign as sign
from gpugrad.functions.arithmetic import sqrt as sqrt
from gpugrad.functions.arithmetic import square as square
from gpugrad.functions.arithmetic import subtract as subtract
from gpugrad.functions.arithmetic import where as where
from gpugrad.functions.comparison import bitwise_and as bitwise_and
from gpugrad.functions.comparison import bitwise_invert as bitwise_invert
from gpugrad.functions.comparison import bitwise_left_shift as bitwise_left_shift
from gpugrad.functions.comparison import bitwise_or as bitwise_or
from gpugrad.functions.comparison import bitwise_right_shift as bitwise_right_shift
from gpugrad.functions.comparison import bitwise_xor as bitwise_xor
from gpugrad.functions.comparison import equal as equal
from gpugrad.functions.comparison import greater as greater
from gpugrad.functions.comparison import greater_equal as greater_equal
from gpugrad.functions.comparison import isfinite as isfinite
from gpugrad.functions.comparison import isinf as isinf
from gpugrad.functions.comparison import isnan as isnan
from gpugrad.functions.comparison import less as less
from gpugrad.functions.comparison import less_equal as less_equal
from gpugrad.functions.comparison import logical_and as logical_and
from gpugrad.functions.comparison import logical_not as logical_not
from gpugrad.functions.comparison import logical_or as logical_or
from gpugrad.functions.comparison import logical_xor as logical_xor
from gpugrad.functions.comparison import not_equal as not_equal
from gpugrad.functions.comparison import signbit as signbit
from gpugrad.functions.creation import empty_like as empty_like
from gpugrad.functions.creation import full_like as full_like
from gpugrad.functions.creation import ones_like as ones_like
from gpugrad.functions.creation import zeros_like as zeros_like
from gpugrad.functions.indexing import getattr as getattr
from gpugrad.functions.indexing import getitem as getitem
from gpugrad.functions.indexing import index_set as index_set
from gpugrad.functions.indexing import is_basic as is_basic
from gpugrad.functions.indexing import scatter_add as scatter_add
from gpugrad.functions.indexing import slice_along as slice_along
from gpugrad.functions.indexing import take as take
from gpugrad.functions.indexing import take_along_axis as take_along_axis
from gpugrad.functions.manipulation import astype as astype
from gpugrad.functions.manipulation import broadcast_to as broadcast_to
from gpugrad.functions.manipulation import concat as concat
from gpugrad.functions.manipulation import expand_dims as expand_dims
from gpugrad.functions.manipulation import flip as flip
from gpugrad.functions.manipulation import moveaxis as moveaxis
from gpugrad.functions.manipulation import permute_dims as permute_dims
from gpugrad.functions.manipulation import ravelled as ravelled
from gpugrad.functions.manipulation import repeat as repeat
from gpugrad.functions.manipulation import reshape as reshape
from gpugrad.functions.manipulation import roll as roll
from gpugrad.functions.manipulation import squeeze as squeeze
from gpugrad.functions.manipulation import stack as stack
from gpugrad.functions.manipulation import tile as tile
from gpugrad.functions.manipulation import tril as tril
from gpugrad.functions.manipulation import triu as triu
from gpugrad.functions.manipulation import unstack as unstack
from gpugrad.functions.products import linear as linear
from gpugrad.functions.products import matmul as matmul
from gpugrad.functions.products import matmul_of as matmul_of
from gpugrad.functions.products import matrix_transpose as matrix_transpose
from gpugrad.functions.products import tensordot as tensordot
from gpugrad.functions.products import vecdot as vecdot
from gpugrad.functions.reductions import all as all
from gpugrad.functions.reductions import any as any
from gpugrad.functions.reductions import argmax as argmax
from gpugrad.functions.reductions import argmin as argmin
from gpugrad.functions.reductions import count_nonzero as count_nonzero
from gpugrad.functions.reductions import max as max
from gpugrad.functions.reductions import mean as mean
from gpugrad.functions.reductions import min as min
from gpugrad.functions.reductions import prod as prod
from gpugrad.functions.reductions import std as std
from gpugrad.functions.reductions import sum as sum
from gpugrad.functions.reductions import var as var
from gpugrad.functions.rounding import ceil as ceil
from gpugrad.functions.rounding import floor as floor
from gpugrad.functions.rounding import floor_divide as floor_divide
from gpugrad.functions.rounding import nextafter as nextafter
from gpugrad.functions.rounding import round as round
from gpugrad.functions.rounding import trunc as trunc
from gpugrad.functions.scans import cumulative_prod as cumulative_prod
from gpugrad.functions.scans import cumulative_sum as cumulative_sum
from gpugrad.functions.scans import diff as diff
from gpugrad.functions.searching import argsort as argsort
from gpugrad.functions.searching import nonzero as nonzero
from gpugrad.functions.searching import searchsorted as searchsorted
from gpugrad.functions.searching import unique_all as unique_all
from gpugrad.functions.searching import unique_counts as unique_counts
from gpugrad.functions.searching import unique_inverse as unique_inverse
from gpugrad.functions.searching import unique_values as unique_values
from gpugrad.functions.transcendental import acos as acos
from gpugrad.functions.transcendental import acosh as acosh
from gpugrad.functions.transcendental import asin as asin
from gpugrad.functions.transcendental import asinh as asinh
from gpugrad.functions.transcendental import atan as atan
from gpugrad.functions.transcendental import atan2 as atan2
from gpugrad.functions.transcendental import atanh as atanh
from gpugrad.functions.transcendental import cos as cos
from gpugrad.functions.transcendental import cosh as cosh
from gpugrad.functions.transcendental import exp as exp
from gpugrad.functions.transcendental import expm1 as expm1
from gpugrad.functions.transcendental import log as log
from gpugrad.functions.transcendental import log1p as log1p
from gpugrad.functions.transcendental import log2 as log2
from gpugrad.functions.transcendental import log10 as log10
from gpugrad.functions.transcendental import logaddexp as logaddexp
from gpugrad.functions.transcendental import sin as sin
from gpugrad.functions.transcendental import sinh as sinh
from gpugrad.functions.transcendental import tan as tan
from gpugrad.functions.transcendental import tanh as tanh
from gpugrad.functions.without_gradient import stop_gradient as stop_gradient
