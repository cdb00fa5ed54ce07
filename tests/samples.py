"""The table of samples: one row for each rule and each variant of a call.

A new function needs a row, in `tests/rules/samples/` or `tests/nn/functional/samples/`, and is then
tested in every way that `tests/rules/test_samples.py` knows: against numerical derivatives to
second order, in every data type, and on every array library.
"""

from tests.nn.functional.samples import NETWORK
from tests.rules.samples import RULES

SAMPLES = [*RULES, *NETWORK]
