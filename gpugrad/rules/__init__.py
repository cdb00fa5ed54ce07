"""The rules of the functions of arrays, a file for each subject.

It imports `kernels` and what is below; the functions of neural networks have their rules beside
them, in `gpugrad/nn/functional/`. This is the table of contents, in the order of reading.
"""

from gpugrad.rules import calculus as calculus
from gpugrad.rules import decompositions as decompositions
from gpugrad.rules import elementwise as elementwise
from gpugrad.rules import fft as fft
from gpugrad.rules import indexing as indexing
from gpugrad.rules import linalg as linalg
from gpugrad.rules import manipulation as manipulation
from gpugrad.rules import map as map
from gpugrad.rules import ordering as ordering
from gpugrad.rules import polynomial as polynomial
from gpugrad.rules import reductions as reductions
from gpugrad.rules import special as special
