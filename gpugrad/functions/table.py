"""All functions of the namespace, by their names in it."""

from gpugrad.dispatch.primitive import BY_NAME, Primitive
from gpugrad.functions import calculus as calculus
from gpugrad.functions import einstein as einstein
from gpugrad.functions import elementwise as elementwise
from gpugrad.functions import fft as fft
from gpugrad.functions import histograms as histograms
from gpugrad.functions import joining as joining
from gpugrad.functions import linalg as linalg
from gpugrad.functions import matrices as matrices
from gpugrad.functions import ordering as ordering
from gpugrad.functions import padding as padding
from gpugrad.functions import polynomial as polynomial
from gpugrad.functions import selection as selection
from gpugrad.functions import shaping as shaping
from gpugrad.functions import special as special
from gpugrad.functions import statistics as statistics
from gpugrad.functions import without_gradient as without_gradient


def functions_of(part: str) -> dict[str, Primitive]:
    """Return the functions of a part of the namespace, by name.

    Args:
        part: "linalg", "fft", "special"; "" is the main one.
    """
    if part:
        found = [path for path in BY_NAME if path.startswith(f"{part}.")]
    else:  # x[index] is Python's own: the namespace has no function for it
        found = [path for path in BY_NAME if "." not in path and path != "getitem"]
    return {path.removeprefix(f"{part}."): BY_NAME[path] for path in found}
