"""xp.linalg: what the arrays' own library offers by these names."""

from gpugrad.functions.linalg import inv as inv
from gpugrad.functions.linalg import matmul as matmul
from gpugrad.functions.linalg import matrix_transpose as matrix_transpose
from gpugrad.functions.linalg import outer as outer
from gpugrad.functions.linalg import tensordot as tensordot
from gpugrad.functions.linalg import vecdot as vecdot
