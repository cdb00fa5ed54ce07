"""gpugrad"""
from gpugrad import rules as _rules
from gpugrad.registry import rrule as rrule
from gpugrad.pullback import pullback as pullback
from gpugrad.tangent import Tangent as Tangent
