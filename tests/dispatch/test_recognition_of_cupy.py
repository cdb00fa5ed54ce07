"""Functions of CuPy that gpugrad knows."""

import pytest

from gpugrad.dispatch.recognition import primitive_of

cupy = pytest.importorskip("cupy")
pytest.importorskip("scipy")
special = pytest.importorskip("cupyx.scipy.special")

KNOWN = {
    **dict.fromkeys(["sin", "sum", "matmul", "clip", "where", "einsum", "stack"], ""),
    "concatenate": "concat",
    "concat": "concat",
    "transpose": "permute_dims",
    "arctan2": "atan2",
    "amax": "max",
    "power": "pow",
    "cumsum": "cumulative_sum",
    "linalg.solve": "",
    "linalg.matmul": "matmul",
    "linalg.matrix_transpose": "matrix_transpose",
    "fft.fft": "",
    "special.erf": "",
    "special.expm1": "expm1",
    "special.log1p": "log1p",
}


@pytest.mark.parametrize(("name", "path"), KNOWN.items())
def test_functions_are_known_by_where_they_are(name, path):
    *modules, short = name.split(".")
    place = {"special": special}.get(modules[0]) or getattr(cupy, modules[0]) if modules else cupy
    assert primitive_of(getattr(place, short)).path == (path or name)


def test_a_function_is_known_by_what_it_is_and_not_by_what_it_is_called():
    # CuPy calls each of these two by the other's name.
    assert "ellipkm1" in special.ellipk.__name__
    assert primitive_of(special.ellipk) is None
    assert primitive_of(cupy.ElementwiseKernel("T x", "T y", "y = x", "exp")) is None
    assert primitive_of(cupy.get_array_module) is None
