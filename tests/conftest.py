"""What several folders of tests need."""

import gc

import pytest

import gpugrad as gg
from tests.libraries import cupy_library, numpy_library, strict_library


def pytest_collection_finish():
    """Keep the collector from looking through all the tests again and again."""
    gc.freeze()


@pytest.fixture
def reflected_operators(monkeypatch):
    """Let `array + recorded` ask the recorded one, as it does with NumPy and CuPy."""
    let_strict_give_way(monkeypatch.setattr)


def let_strict_give_way(setattr):
    """Let array_api_strict's operators leave recorded arrays to the recorded one.

    Before an operator of array_api_strict 2.6 returns NotImplemented, as Python wants it to, it
    raises a TypeError for whatever is none of its arrays.
    """
    strict = pytest.importorskip("array_api_strict")
    kind = type(strict.asarray(0.0))
    check = kind._check_type_device

    def check_unless_recorded(self, other):
        if not isinstance(other, gg.Tracked):
            check(self, other)

    setattr(kind, "_check_type_device", check_unless_recorded)


LIBRARIES = {"numpy": numpy_library, "strict": strict_library, "cupy": cupy_library}
PARAMETERS = ["numpy", "strict", pytest.param("cupy", marks=pytest.mark.gpu)]


@pytest.fixture(params=PARAMETERS)
def library(request):
    """Each library in turn."""
    return LIBRARIES[request.param]()


@pytest.fixture(params=PARAMETERS[1:])
def other_library(request):
    """Each library but NumPy, against whose results the others are held."""
    if request.param == "strict":
        request.getfixturevalue("reflected_operators")
    return LIBRARIES[request.param]()
