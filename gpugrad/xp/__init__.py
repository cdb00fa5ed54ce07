"""The array-API namespace that follows the arrays given to it.

    from gpugrad import xp
    xp.sin(x)

`xp.sin` is NumPy's on a NumPy array, CuPy's on a CuPy array, and recorded on a recorded one. It is
the namespace that recorded arrays name as their own, so code written to the array-API standard
(2024.12) runs on them unchanged: SciPy's, with SCIPY_ARRAY_API=1 in the environment, and
scikit-learn's, under config_context(array_api_dispatch=True). They refuse plain arrays beside
recorded ones: bring those over by x.__array_namespace__().asarray(plain).

Creation functions follow `device` and `dtype`, and make NumPy arrays where neither says otherwise;
those of x.__array_namespace__() make constants, see `gpugrad/constants.py`.
"""

from __future__ import annotations

import numpy as np

from gpugrad.dispatch.primitive import BY_NAME
from gpugrad.functions import abs as abs
from gpugrad.functions import acos as acos
from gpugrad.functions import acosh as acosh
from gpugrad.functions import add as add
from gpugrad.functions import all as all
from gpugrad.functions import any as any
from gpugrad.functions import argmax as argmax
from gpugrad.functions import argmin as argmin
from gpugrad.functions import argsort as argsort
from gpugrad.functions import asin as asin
from gpugrad.functions import asinh as asinh
from gpugrad.functions import astype as astype
from gpugrad.functions import atan as atan
from gpugrad.functions import atan2 as atan2
from gpugrad.functions import atanh as atanh
from gpugrad.functions import bitwise_and as bitwise_and
from gpugrad.functions import bitwise_invert as bitwise_invert
from gpugrad.functions import bitwise_left_shift as bitwise_left_shift
from gpugrad.functions import bitwise_or as bitwise_or
from gpugrad.functions import bitwise_right_shift as bitwise_right_shift
from gpugrad.functions import bitwise_xor as bitwise_xor
from gpugrad.functions import broadcast_to as broadcast_to
from gpugrad.functions import ceil as ceil
from gpugrad.functions import clip as clip
from gpugrad.functions import concat as concat
from gpugrad.functions import conj as conj
from gpugrad.functions import copysign as copysign
from gpugrad.functions import cos as cos
from gpugrad.functions import cosh as cosh
from gpugrad.functions import count_nonzero as count_nonzero
from gpugrad.functions import cumulative_prod as cumulative_prod
from gpugrad.functions import cumulative_sum as cumulative_sum
from gpugrad.functions import diff as diff
from gpugrad.functions import divide as divide
from gpugrad.functions import empty_like as empty_like
from gpugrad.functions import equal as equal
from gpugrad.functions import exp as exp
from gpugrad.functions import expand_dims as expand_dims
from gpugrad.functions import expm1 as expm1
from gpugrad.functions import flip as flip
from gpugrad.functions import floor as floor
from gpugrad.functions import floor_divide as floor_divide
from gpugrad.functions import full_like as full_like
from gpugrad.functions import greater as greater
from gpugrad.functions import greater_equal as greater_equal
from gpugrad.functions import hypot as hypot
from gpugrad.functions import imag as imag
from gpugrad.functions import isfinite as isfinite
from gpugrad.functions import isinf as isinf
from gpugrad.functions import isnan as isnan
from gpugrad.functions import less as less
from gpugrad.functions import less_equal as less_equal
from gpugrad.functions import log as log
from gpugrad.functions import log1p as log1p
from gpugrad.functions import log2 as log2
from gpugrad.functions import log10 as log10
from gpugrad.functions import logaddexp as logaddexp
from gpugrad.functions import logical_and as logical_and
from gpugrad.functions import logical_not as logical_not
from gpugrad.functions import logical_or as logical_or
from gpugrad.functions import logical_xor as logical_xor
from gpugrad.functions import matmul as matmul
from gpugrad.functions import matrix_transpose as matrix_transpose
from gpugrad.functions import max as max
from gpugrad.functions import maximum as maximum
from gpugrad.functions import mean as mean
from gpugrad.functions import min as min
from gpugrad.functions import minimum as minimum
from gpugrad.functions import moveaxis as moveaxis
from gpugrad.functions import multiply as multiply
from gpugrad.functions import negative as negative
from gpugrad.functions import nextafter as nextafter
from gpugrad.functions import nonzero as nonzero
from gpugrad.functions import not_equal as not_equal
from gpugrad.functions import ones_like as ones_like
from gpugrad.functions import permute_dims as permute_dims
from gpugrad.functions import positive as positive
from gpugrad.functions import pow as pow
from gpugrad.functions import prod as prod
from gpugrad.functions import real as real
from gpugrad.functions import reciprocal as reciprocal
from gpugrad.functions import remainder as remainder
from gpugrad.functions import repeat as repeat
from gpugrad.functions import reshape as reshape
from gpugrad.functions import roll as roll
from gpugrad.functions import round as round
from gpugrad.functions import searchsorted as searchsorted
from gpugrad.functions import sign as sign
from gpugrad.functions import signatures
from gpugrad.functions import signbit as signbit
from gpugrad.functions import sin as sin
from gpugrad.functions import sinh as sinh
from gpugrad.functions import sqrt as sqrt
from gpugrad.functions import square as square
from gpugrad.functions import squeeze as squeeze
from gpugrad.functions import stack as stack
from gpugrad.functions import std as std
from gpugrad.functions import subtract as subtract
from gpugrad.functions import sum as sum
from gpugrad.functions import take as take
from gpugrad.functions import take_along_axis as take_along_axis
from gpugrad.functions import tan as tan
from gpugrad.functions import tanh as tanh
from gpugrad.functions import tensordot as tensordot
from gpugrad.functions import tile as tile
from gpugrad.functions import tril as tril
from gpugrad.functions import triu as triu
from gpugrad.functions import trunc as trunc
from gpugrad.functions import unique_all as unique_all
from gpugrad.functions import unique_counts as unique_counts
from gpugrad.functions import unique_inverse as unique_inverse
from gpugrad.functions import unique_values as unique_values
from gpugrad.functions import unstack as unstack
from gpugrad.functions import var as var
from gpugrad.functions import vecdot as vecdot
from gpugrad.functions import where as where
from gpugrad.functions import zeros_like as zeros_like
from gpugrad.functions.calculus import convolve as convolve
from gpugrad.functions.calculus import correlate as correlate
from gpugrad.functions.calculus import ediff1d as ediff1d
from gpugrad.functions.calculus import geomspace as geomspace
from gpugrad.functions.calculus import gradient as gradient
from gpugrad.functions.calculus import i0 as i0
from gpugrad.functions.calculus import interp as interp
from gpugrad.functions.calculus import logspace as logspace
from gpugrad.functions.calculus import poly as poly
from gpugrad.functions.calculus import polyadd as polyadd
from gpugrad.functions.calculus import polyder as polyder
from gpugrad.functions.calculus import polyint as polyint
from gpugrad.functions.calculus import polymul as polymul
from gpugrad.functions.calculus import polysub as polysub
from gpugrad.functions.calculus import polyval as polyval
from gpugrad.functions.calculus import trapezoid as trapezoid
from gpugrad.functions.calculus import vander as vander
from gpugrad.functions.creation import arange as arange
from gpugrad.functions.creation import asarray as asarray
from gpugrad.functions.creation import empty as empty
from gpugrad.functions.creation import eye as eye
from gpugrad.functions.creation import from_dlpack as from_dlpack
from gpugrad.functions.creation import full as full
from gpugrad.functions.creation import linspace as linspace
from gpugrad.functions.creation import ones as ones
from gpugrad.functions.creation import zeros as zeros
from gpugrad.functions.einstein import einsum as einsum
from gpugrad.functions.elementwise import angle as angle
from gpugrad.functions.elementwise import cbrt as cbrt
from gpugrad.functions.elementwise import deg2rad as deg2rad
from gpugrad.functions.elementwise import divmod as divmod
from gpugrad.functions.elementwise import exp2 as exp2
from gpugrad.functions.elementwise import fabs as fabs
from gpugrad.functions.elementwise import float_power as float_power
from gpugrad.functions.elementwise import fmax as fmax
from gpugrad.functions.elementwise import fmin as fmin
from gpugrad.functions.elementwise import fmod as fmod
from gpugrad.functions.elementwise import frexp as frexp
from gpugrad.functions.elementwise import heaviside as heaviside
from gpugrad.functions.elementwise import ldexp as ldexp
from gpugrad.functions.elementwise import logaddexp2 as logaddexp2
from gpugrad.functions.elementwise import modf as modf
from gpugrad.functions.elementwise import nan_to_num as nan_to_num
from gpugrad.functions.elementwise import rad2deg as rad2deg
from gpugrad.functions.elementwise import real_if_close as real_if_close
from gpugrad.functions.elementwise import sinc as sinc
from gpugrad.functions.elementwise import unwrap as unwrap
from gpugrad.functions.matrices import cross as cross
from gpugrad.functions.matrices import diag as diag
from gpugrad.functions.matrices import diagflat as diagflat
from gpugrad.functions.matrices import diagonal as diagonal
from gpugrad.functions.matrices import dot as dot
from gpugrad.functions.matrices import inner as inner
from gpugrad.functions.matrices import kron as kron
from gpugrad.functions.matrices import matvec as matvec
from gpugrad.functions.matrices import outer as outer
from gpugrad.functions.matrices import trace as trace
from gpugrad.functions.matrices import vdot as vdot
from gpugrad.functions.matrices import vecmat as vecmat
from gpugrad.functions.ordering import median as median
from gpugrad.functions.ordering import nanmedian as nanmedian
from gpugrad.functions.ordering import nanpercentile as nanpercentile
from gpugrad.functions.ordering import nanquantile as nanquantile
from gpugrad.functions.ordering import partition as partition
from gpugrad.functions.ordering import percentile as percentile
from gpugrad.functions.ordering import quantile as quantile
from gpugrad.functions.ordering import sort as sort
from gpugrad.functions.ordering import unique as unique
from gpugrad.functions.selection import apply_along_axis as apply_along_axis
from gpugrad.functions.selection import apply_over_axes as apply_over_axes
from gpugrad.functions.selection import choose as choose
from gpugrad.functions.selection import compress as compress
from gpugrad.functions.selection import copyto as copyto
from gpugrad.functions.selection import extract as extract
from gpugrad.functions.selection import fill_diagonal as fill_diagonal
from gpugrad.functions.selection import piecewise as piecewise
from gpugrad.functions.selection import place as place
from gpugrad.functions.selection import put as put
from gpugrad.functions.selection import put_along_axis as put_along_axis
from gpugrad.functions.selection import putmask as putmask
from gpugrad.functions.selection import select as select
from gpugrad.functions.shaping import append as append
from gpugrad.functions.shaping import array_split as array_split
from gpugrad.functions.shaping import atleast_1d as atleast_1d
from gpugrad.functions.shaping import atleast_2d as atleast_2d
from gpugrad.functions.shaping import atleast_3d as atleast_3d
from gpugrad.functions.shaping import block as block
from gpugrad.functions.shaping import broadcast_arrays as broadcast_arrays
from gpugrad.functions.shaping import column_stack as column_stack
from gpugrad.functions.shaping import delete as delete
from gpugrad.functions.shaping import dsplit as dsplit
from gpugrad.functions.shaping import dstack as dstack
from gpugrad.functions.shaping import fliplr as fliplr
from gpugrad.functions.shaping import flipud as flipud
from gpugrad.functions.shaping import hsplit as hsplit
from gpugrad.functions.shaping import hstack as hstack
from gpugrad.functions.shaping import insert as insert
from gpugrad.functions.shaping import meshgrid as meshgrid
from gpugrad.functions.shaping import pad as pad
from gpugrad.functions.shaping import ravel as ravel
from gpugrad.functions.shaping import resize as resize
from gpugrad.functions.shaping import rollaxis as rollaxis
from gpugrad.functions.shaping import rot90 as rot90
from gpugrad.functions.shaping import split as split
from gpugrad.functions.shaping import swapaxes as swapaxes
from gpugrad.functions.shaping import trim_zeros as trim_zeros
from gpugrad.functions.shaping import vsplit as vsplit
from gpugrad.functions.shaping import vstack as vstack
from gpugrad.functions.statistics import average as average
from gpugrad.functions.statistics import bincount as bincount
from gpugrad.functions.statistics import corrcoef as corrcoef
from gpugrad.functions.statistics import cov as cov
from gpugrad.functions.statistics import histogram as histogram
from gpugrad.functions.statistics import histogram2d as histogram2d
from gpugrad.functions.statistics import histogramdd as histogramdd
from gpugrad.functions.statistics import nancumprod as nancumprod
from gpugrad.functions.statistics import nancumsum as nancumsum
from gpugrad.functions.statistics import nanmax as nanmax
from gpugrad.functions.statistics import nanmean as nanmean
from gpugrad.functions.statistics import nanmin as nanmin
from gpugrad.functions.statistics import nanprod as nanprod
from gpugrad.functions.statistics import nanstd as nanstd
from gpugrad.functions.statistics import nansum as nansum
from gpugrad.functions.statistics import nanvar as nanvar
from gpugrad.functions.statistics import ptp as ptp
from gpugrad.functions.without_gradient import allclose as allclose
from gpugrad.functions.without_gradient import argpartition as argpartition
from gpugrad.functions.without_gradient import argwhere as argwhere
from gpugrad.functions.without_gradient import array_equal as array_equal
from gpugrad.functions.without_gradient import array_equiv as array_equiv
from gpugrad.functions.without_gradient import bitwise_count as bitwise_count
from gpugrad.functions.without_gradient import diag_indices_from as diag_indices_from
from gpugrad.functions.without_gradient import digitize as digitize
from gpugrad.functions.without_gradient import flatnonzero as flatnonzero
from gpugrad.functions.without_gradient import gcd as gcd
from gpugrad.functions.without_gradient import histogram_bin_edges as histogram_bin_edges
from gpugrad.functions.without_gradient import isclose as isclose
from gpugrad.functions.without_gradient import iscomplex as iscomplex
from gpugrad.functions.without_gradient import iscomplexobj as iscomplexobj
from gpugrad.functions.without_gradient import isin as isin
from gpugrad.functions.without_gradient import isneginf as isneginf
from gpugrad.functions.without_gradient import isposinf as isposinf
from gpugrad.functions.without_gradient import isreal as isreal
from gpugrad.functions.without_gradient import isrealobj as isrealobj
from gpugrad.functions.without_gradient import ix_ as ix_
from gpugrad.functions.without_gradient import lcm as lcm
from gpugrad.functions.without_gradient import lexsort as lexsort
from gpugrad.functions.without_gradient import nanargmax as nanargmax
from gpugrad.functions.without_gradient import nanargmin as nanargmin
from gpugrad.functions.without_gradient import ravel_multi_index as ravel_multi_index
from gpugrad.functions.without_gradient import rint as rint
from gpugrad.functions.without_gradient import spacing as spacing
from gpugrad.functions.without_gradient import tril_indices_from as tril_indices_from
from gpugrad.functions.without_gradient import triu_indices_from as triu_indices_from
from gpugrad.functions.without_gradient import unravel_index as unravel_index
from gpugrad.xp import fft as fft
from gpugrad.xp import linalg as linalg
from gpugrad.xp import special as special
from gpugrad.xp.information import Information
from gpugrad.xp.information import can_cast as can_cast
from gpugrad.xp.information import finfo as finfo
from gpugrad.xp.information import iinfo as iinfo
from gpugrad.xp.information import isdtype as isdtype
from gpugrad.xp.information import result_type as result_type

__array_api_version__ = "2024.12"
__array_namespace_info__ = Information

bitwise_not = bitwise_invert

e = np.e
inf = np.inf
nan = np.nan
newaxis = None
pi = np.pi

bool = np.dtype(np.bool_)
int8 = np.dtype(np.int8)
int16 = np.dtype(np.int16)
int32 = np.dtype(np.int32)
int64 = np.dtype(np.int64)
uint8 = np.dtype(np.uint8)
uint16 = np.dtype(np.uint16)
uint32 = np.dtype(np.uint32)
uint64 = np.dtype(np.uint64)
float32 = np.dtype(np.float32)
float64 = np.dtype(np.float64)
complex64 = np.dtype(np.complex64)
complex128 = np.dtype(np.complex128)


signatures.attach(BY_NAME)
