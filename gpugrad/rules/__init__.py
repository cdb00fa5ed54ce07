"""The rules of array functions, a file for each subject.

This is their table of contents. A rule is registered when its file is imported.
"""

from gpugrad.rules import activations as activations
from gpugrad.rules import attention as attention
from gpugrad.rules import calculus as calculus
from gpugrad.rules import convolution as convolution
from gpugrad.rules import decompositions as decompositions
from gpugrad.rules import dropout as dropout
from gpugrad.rules import elementwise as elementwise
from gpugrad.rules import embedding as embedding
from gpugrad.rules import fft as fft
from gpugrad.rules import indexing as indexing
from gpugrad.rules import linalg as linalg
from gpugrad.rules import losses as losses
from gpugrad.rules import manipulation as manipulation
from gpugrad.rules import map as map
from gpugrad.rules import normalisation as normalisation
from gpugrad.rules import on_cuda as on_cuda
from gpugrad.rules import ordering as ordering
from gpugrad.rules import polynomial as polynomial
from gpugrad.rules import pooling as pooling
from gpugrad.rules import reductions as reductions
from gpugrad.rules import special as special
