"""xp.special: special functions, by the names of SciPy."""

import typing as _typing

from gpugrad.functions import table as _table
from gpugrad.functions.special import multigammaln as multigammaln  # SciPy's own is another

if _typing.TYPE_CHECKING:  # what the table has, said so that type checkers see it
    from gpugrad.functions.special import *

globals().update(_table.functions_of("special"))
