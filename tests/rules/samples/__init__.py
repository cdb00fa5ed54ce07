"""The rows of the functions that have their rules in `gpugrad.rules`, in files of their names."""

from tests.rules.samples.beyond import BEYOND
from tests.rules.samples.elementwise import ELEMENTWISE
from tests.rules.samples.fft import FFT
from tests.rules.samples.indexing import INDEXING
from tests.rules.samples.linalg import LINALG
from tests.rules.samples.manipulation import MANIPULATION
from tests.rules.samples.polynomial import POLYNOMIAL
from tests.rules.samples.reductions import REDUCTIONS
from tests.rules.samples.special import SPECIAL

RULES = [
    *ELEMENTWISE,
    *REDUCTIONS,
    *LINALG,
    *MANIPULATION,
    *INDEXING,
    *POLYNOMIAL,
    *FFT,
    *SPECIAL,
    *BEYOND,
]
