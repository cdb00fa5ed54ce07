"""What the standard says of each of its functions holds for gpugrad.xp, on recorded arrays too.

array_api_strict says what a call should give: it refuses what the standard does not allow.
"""

import inspect
import warnings
from inspect import Parameter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import gpugrad as gg
from gpugrad import xp
from gpugrad.dispatch.levels import plain

strict = pytest.importorskip("array_api_strict")

from tests.conformance.cases import FUNCTIONS, Call, array, calls  # noqa: E402
from tests.conformance.recorded import RECORDERS  # noqa: E402

functions = pytest.mark.parametrize("name", FUNCTIONS)
LEVELS = {"plain": lambda x: x, **RECORDERS}


def in_any_order(y, expected):
    return same(*(np.sort(x, axis=None) + x.dtype.type(0) for x in (y, expected)))


def up_to_rounding_of_the_largest(y, expected):
    return same(y, expected, atol=np.max(np.abs(expected), initial=0))


# What the standard leaves open, where NumPy, which answers here, and array_api_strict differ.
OPEN = {
    "can_cast": lambda y, expected: y or not expected,  # more may be allowed
    "empty": lambda y, expected: True,
    "empty_like": lambda y, expected: True,
    "linalg.matrix_power": up_to_rounding_of_the_largest,
    "sign": lambda y, expected: same(y, expected, where=np.isfinite(expected)),
    # Values of no order; and which of two equal zeros is returned.
    **dict.fromkeys(["unique_counts", "unique_inverse", "unique_values"], in_any_order),
    # the zeros of a triangle have no sign
    "linalg.cholesky": lambda y, expected: same(y + 0, expected + 0),
}

# What is constant in recorded arguments need not be recorded.
FLAT = {
    "copysign": lambda call: True,
    "linalg.matrix_power": lambda call: call.positional[1] == 0,
    "linalg.slogdet": lambda call: True,  # the sign of a real determinant
    "linalg.vector_norm": lambda call: call.named.get("ord") == 0,
    "sign": lambda call: True,
}


def ours(name):
    """Return gpugrad.xp's function of that name."""
    extension, _, short = name.rpartition(".")
    return getattr(getattr(xp, extension) if extension else xp, short)


@functions
def test_signature(name):
    """Each parameter of the standard is there; a function may take more, and more freely."""
    mine = inspect.signature(ours(name)).parameters
    standard = inspect.signature(FUNCTIONS[name]).parameters
    for place, p in enumerate(standard.values()):
        if p.kind is Parameter.KEYWORD_ONLY:
            assert mine[p.name].kind in (p.kind, Parameter.POSITIONAL_OR_KEYWORD)
        else:
            assert [*mine.values()][place].kind is p.kind
            assert [*mine][place] == p.name or p.kind is not Parameter.POSITIONAL_OR_KEYWORD
    for more in [*mine.values()][len(standard) :]:
        assert more.default is not Parameter.empty


@functions
def test_values(name):
    """Values, data types and shapes are the standard's: plain, on a tape, and in forward mode."""
    count = 0
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for call in calls(name):
            expected = expected_of(name, call)
            if expected is not NotImplemented:
                check_call(name, call, expected)
                count += 1
    assert count


def elementwise():
    """Return the functions of two arrays that broadcast."""
    two = inspect.signature(strict.add)
    names = [
        n for n, f in FUNCTIONS.items() if [*inspect.signature(f).parameters] == [*two.parameters]
    ]
    return [
        n for n in names if n not in ("matmul", "linalg.matmul", "linalg.outer", "linalg.solve")
    ]


@pytest.mark.parametrize("name", elementwise())
@given(mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=3))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_broadcasting(name, shapes):
    for dtype in ("bool", "int32", "float32"):
        call = Call(tuple(array(dtype, shape) for shape in shapes.input_shapes), {})
        with np.errstate(all="ignore"):
            expected = expected_of(name, call)
            if expected is not NotImplemented:
                check_call(name, call, expected)


def expected_of(name, call):
    """Return what array_api_strict returns, NotImplemented where it refuses the call."""
    named = {k: to_strict(v) for k, v in call.named.items()}
    try:
        return FUNCTIONS[name](*map(to_strict, call.positional), **named)
    except Exception:  # what it does not check itself, NumPy refuses in its own ways
        return NotImplemented


def to_strict(x):
    if isinstance(x, np.ndarray):
        return strict.asarray(x)
    if isinstance(x, np.dtype):
        return getattr(strict, x.name)
    return type(x)(map(to_strict, x)) if type(x) in (list, tuple) else x


def check_call(name, call, expected):
    """Raise AssertionError where a function of gpugrad.xp returns something else on some level."""
    f = ours(name)
    for level, recorded in LEVELS.items():
        args = [recorded(x) for x in call.positional]
        kwargs = {key: recorded(x) for key, x in call.named.items()}
        try:
            y = f(*args, **kwargs)
            check(y, expected, OPEN.get(name, same))
            if getattr(f, "differentiable", True) and not FLAT.get(name, never)(call):
                check_recorded(y, [*args, *kwargs.values()])
        except Exception as error:
            raise AssertionError(f"xp.{name}{call}, {level}: {error}") from error


def check(y, expected, same_values):
    """Raise AssertionError where `y` is not what array_api_strict returned."""
    if isinstance(expected, (tuple, list)):
        assert isinstance(y, (tuple, list))
        assert getattr(y, "_fields", None) == getattr(expected, "_fields", None)
        for item, item_expected in zip(y, expected, strict=True):
            check(item, item_expected, same_values)
    elif hasattr(expected, "shape"):
        y, expected = plain(y), np.asarray(expected)
        assert isinstance(y, (np.ndarray, np.generic))
        assert (y.dtype, y.shape) == (expected.dtype, expected.shape)
        assert same_values(y, expected), f"{y!r} instead of {expected!r}"
    elif isinstance(expected, type(strict.float32)):
        assert y == np.dtype(repr(expected).rpartition(".")[2])
    elif hasattr(expected, "bits"):  # the limits of a data type
        for field in {"bits", "eps", "max", "min", "smallest_normal"} & {*dir(expected)}:
            limit, limit_expected = getattr(y, field), getattr(expected, field)
            assert (type(limit), limit) == (type(limit_expected), limit_expected)
        check(y.dtype, expected.dtype, same_values)
    else:
        assert type(y) is type(expected)
        assert same_values(y, expected), f"{y!r} instead of {expected!r}"


def check_recorded(y, args):
    """Raise AssertionError where a floating result of recorded arguments is not recorded."""
    levels = {x.level for x in flat(args) if isinstance(x, gg.Tracked)}
    for item in flat([y]) if levels else []:
        if isinstance(plain(item), (np.ndarray, np.generic)) and item.dtype.kind in "fc":
            assert isinstance(item, gg.Tracked)
            assert item.level in levels


def flat(xs):
    for x in xs:
        yield from flat(x) if isinstance(x, (tuple, list)) else [x]


def never(call):
    return False


def same(y, expected, where=True, atol=1.0):
    """Say whether arrays are equal but for rounding; NaNs, infinities and signs of zeros count."""
    if not hasattr(expected, "dtype"):
        return y == expected
    if y.tobytes() == expected.tobytes():
        return True
    if expected.dtype.kind not in "fc":
        return np.array_equal(y, expected)
    eps = 32 * np.finfo(expected.dtype).eps
    return all(
        np.all(
            np.isclose(a, b, rtol=eps, atol=atol * eps, equal_nan=True)
            & ((a != 0) | (b != 0) | (np.signbit(a) == np.signbit(b))),
            where=where,
        )
        for a, b in [(np.real(y), np.real(expected)), (np.imag(y), np.imag(expected))]
    )
