"""The rows of the functions of `gpugrad.nn.functional`, in files of their names."""

from tests.nn.functional.samples.activations import ACTIVATIONS
from tests.nn.functional.samples.attention import ATTENTION
from tests.nn.functional.samples.convolution import CONVOLUTION
from tests.nn.functional.samples.embedding import EMBEDDING
from tests.nn.functional.samples.losses import LOSSES
from tests.nn.functional.samples.normalisation import NORMALISATION
from tests.nn.functional.samples.padding import PADDING
from tests.nn.functional.samples.pooling import POOLING
from tests.nn.functional.samples.sampling import SAMPLING

NETWORK = [
    *ACTIVATIONS,
    *LOSSES,
    *NORMALISATION,
    *CONVOLUTION,
    *POOLING,
    *PADDING,
    *SAMPLING,
    *EMBEDDING,
    *ATTENTION,
]
