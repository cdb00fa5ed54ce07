"""xp.linalg: linear algebra by the names of the standard, of NumPy and of SciPy."""

import typing as _typing

from gpugrad.functions import table as _table
from gpugrad.functions.linalg import EighResult as EighResult
from gpugrad.functions.linalg import EigResult as EigResult
from gpugrad.functions.linalg import QRResult as QRResult
from gpugrad.functions.linalg import SlogdetResult as SlogdetResult
from gpugrad.functions.linalg import SVDResult as SVDResult

if _typing.TYPE_CHECKING:  # what the table has, said so that type checkers see it
    from gpugrad.functions.linalg import *

globals().update(_table.functions_of("linalg"))
