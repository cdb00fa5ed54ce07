"""The table of samples: one row for each rule and each variant of a call.

A new function needs a row here, and is then tested in every way that `test_samples.py` knows:
against numerical derivatives to second order, in every data type, and on every array library.
"""

from tests.rules.samples.beyond import BEYOND
from tests.rules.samples.elementwise import ELEMENTWISE
from tests.rules.samples.fft import FFT
from tests.rules.samples.indexing import INDEXING
from tests.rules.samples.linalg import LINALG
from tests.rules.samples.manipulation import MANIPULATION
from tests.rules.samples.network import NETWORK
from tests.rules.samples.reductions import REDUCTIONS
from tests.rules.samples.spatial import SPATIAL
from tests.rules.samples.special import SPECIAL

SAMPLES = [
    *ELEMENTWISE,
    *REDUCTIONS,
    *LINALG,
    *MANIPULATION,
    *INDEXING,
    *NETWORK,
    *SPATIAL,
    *FFT,
    *SPECIAL,
    *BEYOND,
]
