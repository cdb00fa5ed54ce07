"""CuPy's own functions on recorded arrays, on a machine without a GPU.

What dispatches does not ask whose arrays were recorded. So most tests record NumPy's, and hold the
gradient of a program in CuPy's functions against that of the same program in NumPy's.
"""

import inspect
import pickle
import threading
from functools import partial

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import xp
from gpugrad.dispatch.recognition import primitive_of
from gpugrad.tracing import cupy_patch

cupy = pytest.importorskip("cupy")
pytest.importorskip("scipy")
special = pytest.importorskip("cupyx.scipy.special")

from tests.host_cupy import BareArray, bare, numpy_of  # noqa: E402

MODULES = [cupy, cupy.linalg, cupy.fft, special]
MATMUL = cupy.matmul
WIDE = np.random.default_rng(0).normal(size=(3, 4))
SQUARE = np.random.default_rng(1).normal(size=(3, 3)) + 3 * np.eye(3)
POSITIVE = np.random.default_rng(2).uniform(0.5, 2.0, size=(3, 4))

UNPATCHED = [(module, dict(vars(module))) for module in MODULES]


@pytest.fixture(autouse=True)
def _leaves_cupy_as_it_was():
    yield
    for module, before in UNPATCHED:
        assert [name for name, f in before.items() if vars(module)[name] is not f] == []


def gradient(program, np, x):
    return gg.grad(lambda x: program(np, x))(x)


# --- The hooks: without the patch -----------------------------------------------------------------

HOOKED = {
    "unary": lambda np, x: np.sin(x),
    "plain first": lambda np, x: np.multiply(np_array(np, WIDE), x),
    "plain second": lambda np, x: np.subtract(x, np_array(np, WIDE)),
    "operator": lambda np, x: np_array(np, WIDE) / x,
    "number": lambda np, x: np.power(x, 2.0) + 1,
    "broadcast": lambda np, x: np.add(np_array(np, WIDE[:1]), x) * x,
    "comparison": lambda np, x: np.where(np_array(np, WIDE) > x, x, 0.0) * x,
    "condition is plain": lambda np, x: np.where(np_array(np, WIDE) > 0, x, 0.0),
    "axis": lambda np, x: np.sum(x * x, axis=1),
    "axes": lambda np, x: np.sum(x * x, axis=(0, 1), keepdims=True),
    "dtype": lambda np, x: np.sum(x * x, axis=0, dtype="float64"),
    "largest": lambda np, x: np.max(x, axis=0),
    "mean": lambda np, x: np.mean(x * x, axis=-1, keepdims=True),
    "spread": lambda np, x: np.var(x, axis=0) + np.std(x, axis=0, ddof=1),
    "shape": lambda np, x: np.reshape(x, (4, 3)) * np.transpose(x),
}


def np_array(module, x):
    return bare(x) if module is cupy else x


@pytest.mark.parametrize("program", HOOKED.values(), ids=HOOKED)
def test_what_has_a_protocol_is_recorded(program):
    y, back = gg.pullback(partial(program, np), POSITIVE)
    dy = np.cos(np.arange(y.size)).reshape(y.shape)
    y_there, back_there = gg.pullback(partial(program, cupy), bare(POSITIVE))
    dx = back_there(bare(dy))[1]
    assert type(y_there) is type(dx) is BareArray
    np.testing.assert_allclose(numpy_of(y_there), y)
    np.testing.assert_allclose(numpy_of(dx), back(dy)[1])


def test_a_reduction_without_a_method_is_recorded():
    def program(np, x):
        return xp.sum(np.nanmax(x, axis=1, keepdims=True) ** 2) * np.count_nonzero(x)

    np.testing.assert_allclose(gradient(program, cupy, WIDE), gradient(program, np, WIDE))
    with pytest.raises(gg.GpugradError, match="out"):
        gg.pullback(lambda x: cupy.nanmax(x, out=bare(0.0)), WIDE)


@pytest.mark.parametrize(
    "write",
    [
        lambda plain, x: cupy.add(x, plain, out=plain),
        lambda plain, x: cupy.add(x, plain, plain),
        lambda plain, x: plain.__iadd__(x),
        lambda plain, x: cupy.add.at(plain, 0, x),
    ],
)
def test_a_ufunc_does_not_write_what_is_recorded_into_a_plain_array(write):
    with pytest.raises(gg.GpugradError, match=r"cupy\.add into a plain array.*y = xp\.add\("):
        gg.pullback(lambda x: write(bare(WIDE), x), bare(WIDE))


def test_a_ufunc_writes_into_a_recorded_array():
    def program(np, x):
        y = np.exp(x)
        assert np.multiply(x, WIDE, out=y) is y
        return xp.sum(y)

    np.testing.assert_allclose(gradient(program, cupy, WIDE), WIDE)


def square_kernel():
    return cupy.ElementwiseKernel("T x", "T y", "y = x * x", "square")


def test_a_kernel_without_a_rule_says_how_to_give_it_one():
    kernel = square_kernel()
    with pytest.raises(gg.GpugradError, match=r"square has no rule.*rrule\.register"):
        gg.pullback(kernel, bare(WIDE))
    with pytest.raises(gg.GpugradError, match=r"square has no rule"):
        gg.pullback(lambda x: kernel(x), bare(WIDE))


def test_a_kernel_takes_a_rule():
    kernel = square_kernel()

    @gg.rrule.register(kernel)
    def kernel_rrule(f, x):
        return kernel(x), lambda dy: (None, 2.0 * dy * x)

    x = bare(WIDE)
    y, back = gg.pullback(lambda x: kernel(x) * x, x)
    np.testing.assert_allclose(numpy_of(y), WIDE**3)
    np.testing.assert_allclose(numpy_of(back(bare(np.ones_like(WIDE)))[1]), 3 * WIDE**2)


def test_a_rule_for_a_kernel_that_is_called_like_a_function_is_for_that_kernel_alone():
    kernel = square_kernel()
    gg.rrule.register(kernel)(lambda f, x: (kernel(x), lambda dy: (None, dy * 7.0)))
    assert primitive_of(kernel) is not primitive_of(cupy.square)
    assert gg.grad(cupy.square)(3.0) == 6.0


# --- The errors: without the patch ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        (lambda x: cupy.matmul(x, WIDE.T), r"cupy\.matmul .*got Tracked.* Write xp\.matmul\("),
        (lambda x: cupy.stack([x, x]), r"cupy\.stack .* Write xp\.stack\("),
        (lambda x: cupy.broadcast_to(x, (2, 3, 4)), r"cupy\.broadcast_to .* Write xp\.broadcast"),
        (lambda x: cupy.cumsum(x), r"cupy\.cumsum .* Write xp\.cumulative_sum\("),
        (lambda x: cupy.linalg.pinv(x), r"cupy\.linalg\.pinv .* Write xp\.linalg\.pinv\("),
        (lambda x: cupy.ascontiguousarray(x), r"cupy\.ascontiguousarray .* Write xp\.asarray\("),
    ],
)
def test_cupys_refusal_names_the_function_to_write(call, advice):
    with pytest.raises(gg.GpugradError, match=advice + r".*patch_cupy\(\)"):
        gg.pullback(call, WIDE)
    with pytest.raises(gg.GpugradError, match=advice):
        gg.pushforward(call, (WIDE,), (WIDE,))
    with pytest.raises(gg.GpugradError, match=advice):
        gg.grad(lambda x: xp.sum(gg.grad(lambda x: xp.sum(call(x)))(x)))(WIDE)


def test_cupys_refusal_in_a_method_says_what_to_do():
    with pytest.raises(gg.GpugradError, match=r"refused a recorded array .*got Tracked.*operators"):
        gg.pullback(lambda x: bare(WIDE).dot(x), bare(WIDE.T))


def test_a_function_that_nobody_knows_has_no_other_name():
    with pytest.raises(gg.GpugradError, match=r"cupy\.asfortranarray has no rule.*rrule\.register"):
        gg.pullback(cupy.asfortranarray, WIDE)


def test_errors_that_are_not_cupys_stay_what_they_are():
    def wrong(x):
        raise ValueError("mine")

    def passed_on(x):
        return cupy.sum(cupy.sin(x), axis=7)

    with pytest.raises(ValueError, match=r"^mine$"):
        gg.pullback(wrong, WIDE)
    with pytest.raises(np.exceptions.AxisError):
        gg.pullback(passed_on, WIDE)
    with pytest.raises(TypeError, match=r"got numpy\.ndarray") as caught:
        gg.pullback(lambda x: x * cupy.stack([WIDE]), WIDE)
    assert not isinstance(caught.value, gg.GpugradError)


# --- The patch: CuPy code as it is ----------------------------------------------------------------

PATCHED = {
    "clip": lambda np, x: np.clip(x, 0.6, 1.4),
    "concatenate": lambda np, x: np.concatenate([x, x * x], axis=1),
    "concatenate, keywords": lambda np, x: np.concatenate((x, WIDE), axis=None),
    "cumsum": lambda np, x: np.cumsum(x, axis=0) * x,
    "diag": lambda np, x: np.diag(x[0]) @ x[1],
    "dot": lambda np, x: np.dot(WIDE.T, x),
    "einsum": lambda np, x: np.einsum("ij,kj->ik", x, WIDE),
    "expand_dims": lambda np, x: np.expand_dims(x, 0) * WIDE,
    "flip": lambda np, x: np.flip(x, axis=1) * x,
    "hstack": lambda np, x: np.hstack((x, x * x)),
    "inner": lambda np, x: np.inner(x, WIDE),
    "matmul": lambda np, x: np.matmul(x, WIDE.T),
    "matmul, plain first": lambda np, x: np.matmul(WIDE.T, x),
    "matmul, out": lambda np, x: np.matmul(x, x.T, out=None),
    "moveaxis": lambda np, x: np.moveaxis(x, 0, 1) * WIDE.T,
    "outer": lambda np, x: np.outer(x, x),
    "pad": lambda np, x: np.pad(x, 1) ** 2,
    "roll": lambda np, x: np.roll(x, 1, axis=0) * x,
    "shape": lambda np, x: x / np.shape(x)[0] + np.ndim(x) + np.size(x),
    "sort": lambda np, x: np.sort(x, axis=1) * WIDE,
    "split": lambda np, x: np.split(x, 2, axis=1)[0] ** 2,
    "squeeze": lambda np, x: np.squeeze(x[:1]) ** 2,
    "stack": lambda np, x: np.stack([x, WIDE, x * x], axis=-1),
    "std": lambda np, x: np.std(x, axis=0, ddof=1, keepdims=True),
    "sum": lambda np, x: np.sum(a=x * x, axis=(0, 1), dtype="float64"),
    "tensordot": lambda np, x: np.tensordot(x, WIDE, axes=((0,), (0,))),
    "trace": lambda np, x: np.trace(x @ x.T),
    "tril": lambda np, x: np.tril(x) * x,
    "vstack": lambda np, x: np.vstack([x, x * x]),
    "where, indices": lambda np, x: x[np.where(x > 1)] ** 2,
    "zeros_like": lambda np, x: np.zeros_like(x) + x * x,
    "linalg.cholesky": lambda np, x: np.linalg.cholesky(x @ x.T + 3 * x[:, :3].T @ x[:, :3]),
    "linalg.det": lambda np, x: np.linalg.det(x @ x.T),
    "linalg.inv": lambda np, x: np.linalg.inv(x @ x.T),
    "linalg.norm": lambda np, x: np.linalg.norm(x, axis=0),
    "linalg.solve": lambda np, x: np.linalg.solve(SQUARE, x),
    "fft.fft": lambda np, x: abs(np.fft.fft(x)),
    "fft.irfft": lambda np, x: np.fft.irfft(np.fft.rfft(x, norm="ortho"), n=4) * x,
}


@pytest.mark.parametrize("program", PATCHED.values(), ids=PATCHED)
def test_cupy_code_differentiates_as_it_is(program):
    def weighted(module, x):
        y = program(module, x)
        return xp.sum(y * np.cos(np.arange(y.size)).reshape(y.shape))

    expected = gradient(weighted, np, POSITIVE)
    with gg.patch_cupy():
        found = gradient(weighted, cupy, POSITIVE)
        second = gradient(lambda m, x: xp.sum(gradient(weighted, m, x) * WIDE), cupy, POSITIVE)
        _, forward = gg.pushforward(lambda x: weighted(cupy, x), (POSITIVE,), (WIDE,))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    expected = gradient(lambda m, x: xp.sum(gradient(weighted, m, x) * WIDE), np, POSITIVE)
    np.testing.assert_allclose(second, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(forward, np.sum(found * WIDE))


@pytest.mark.parametrize("program", HOOKED.values(), ids=HOOKED)
def test_what_has_a_protocol_is_recorded_with_the_patch_too(program):
    with gg.patch_cupy():
        test_what_has_a_protocol_is_recorded(program)


def test_special_functions():
    slope = gg.grad(lambda x: xp.sum(special.erf(x)))(WIDE)
    np.testing.assert_allclose(slope, 2 / np.sqrt(np.pi) * np.exp(-(WIDE**2)))


def test_functions_of_scipys_that_are_no_ufuncs():
    fft = pytest.importorskip("cupyx.scipy.fft")
    softmax = np.exp(WIDE) / np.exp(WIDE).sum(axis=1, keepdims=True)
    with gg.patch_cupy():
        slope = gg.grad(lambda x: xp.sum(special.logsumexp(x, axis=1)))(WIDE)
        squares = gg.grad(lambda x: xp.sum(abs(fft.fft(x, axis=0)) ** 2))(WIDE)
    np.testing.assert_allclose(slope, softmax)
    np.testing.assert_allclose(squares, 2 * 3 * WIDE)


def test_conversions_keep_what_is_recorded():
    def convert(x):
        column = cupy.array([x[0], x[1] * x[1]], ndmin=3)
        return xp.sum(cupy.ascontiguousarray(cupy.asarray(column, dtype="float32")))

    with gg.patch_cupy():
        found = gg.grad(convert)(WIDE)
    np.testing.assert_allclose(found, [np.ones(4), 2 * WIDE[1], np.zeros(4)], rtol=1e-6)


def test_the_module_of_a_recorded_array_is_that_of_its_value():
    def program(x):
        modules.append(cupy.get_array_module(x))
        return x

    modules = []
    with gg.patch_cupy():
        gg.pullback(program, WIDE)
        gg.pullback(program, bare(WIDE))
    assert modules == [np, cupy]


def test_comparisons_of_recorded_arrays_have_no_gradient():
    def program(np, x):
        return xp.sum(x * np.concatenate([x[:1] > 0, x[1:] > 1]))

    with gg.patch_cupy():
        found = gradient(program, cupy, WIDE)
    np.testing.assert_array_equal(found, np.concatenate([WIDE[:1] > 0, WIDE[1:] > 1]))
    with gg.patch_cupy(), pytest.warns(DeprecationWarning, match="prod"):
        assert gg.grad(lambda x: xp.sum(x) * cupy.product(x > 0))(POSITIVE).all()


def test_arrays_of_cupy_beside_a_recorded_one():
    x = bare(WIDE)
    with gg.patch_cupy():
        y, back = gg.pullback(lambda x: cupy.expand_dims(a=cupy.moveaxis(x, 0, 1), axis=0), x)
        dx = back(y)[1]
    assert y.shape == (1, 4, 3)
    np.testing.assert_array_equal(numpy_of(dx), WIDE)


def test_a_function_that_nobody_knows_runs_as_cupy_wrote_it():
    with gg.patch_cupy():
        assert gg.grad(lambda x: cupy.isscalar(x) + xp.sum(x))(2.0) == 1.0
        with pytest.warns(DeprecationWarning, match="prod"):
            found = gg.grad(lambda x: xp.sum(cupy.product(x, axis=1)))(POSITIVE)
        with pytest.raises(gg.GpugradError, match=r"cupy\.asfortranarray has no rule"):
            gg.pullback(cupy.asfortranarray, WIDE)
    np.testing.assert_allclose(found, np.prod(POSITIVE, axis=1, keepdims=True) / POSITIVE)


def test_a_function_that_nobody_knows_takes_a_rule():
    with gg.patch_cupy():

        @gg.rrule.register(cupy.asfortranarray)
        def asfortranarray_rrule(f, x):
            return x * 1.0, lambda dy: (None, dy)

        found = gg.grad(lambda x: xp.sum(cupy.asfortranarray(x) ** 2))(WIDE)
    np.testing.assert_allclose(found, 2 * WIDE)


def test_errors_are_gpugrads():
    with gg.patch_cupy():
        with pytest.raises(gg.GpugradError, match="nothing"):
            gg.pullback(lambda x: cupy.concatenate([x, x], nothing=1), WIDE)
        with pytest.raises(gg.GpugradError, match="drop its gradient"):
            gg.pullback(lambda x: cupy.asnumpy(x), WIDE)


# --- The patch: on and off ------------------------------------------------------------------------


def test_it_is_off_by_default_and_undone_where_it_was_switched_on_last():
    assert cupy.matmul is MATMUL
    first = gg.patch_cupy()
    assert cupy.matmul is not MATMUL
    with gg.patch_cupy() as second:
        first.undo()
        first.undo()
        assert cupy.matmul is not MATMUL
    second.undo()
    assert cupy.matmul is MATMUL
    with pytest.raises(ZeroDivisionError), gg.patch_cupy():
        raise ZeroDivisionError
    assert cupy.matmul is MATMUL


def test_what_somebody_else_patched_meanwhile_stays():
    with gg.patch_cupy():
        cupy.matmul = np.matmul
    try:
        assert cupy.matmul is np.matmul
    finally:
        cupy.matmul = MATMUL


def test_a_function_kept_from_the_patch_goes_on_working():
    with gg.patch_cupy():
        kept = cupy.matmul
    assert gg.grad(lambda x: xp.sum(kept(x, WIDE.T)))(WIDE).shape == (3, 4)
    with gg.patch_cupy():
        assert cupy.matmul is cupy.linalg.matmul is kept


@pytest.mark.parametrize(
    "path", ["matmul", "concatenate", "einsum", "linalg.solve", "fft.fft", "sum", "asarray"]
)
def test_patched_functions_look_like_cupys(path):
    *modules, name = path.split(".")
    module = getattr(cupy, modules[0]) if modules else cupy
    original = getattr(module, name)
    with gg.patch_cupy():
        patched = getattr(module, name)
        assert patched is not original
        assert patched.__wrapped__ is original
        assert patched.__name__ == name
        assert patched.__doc__ == original.__doc__
        assert inspect.signature(patched) == inspect.signature(original)
        assert pickle.loads(pickle.dumps(patched)) is patched
        # A rule is found by either of them, patched or not.
        assert primitive_of(patched) is primitive_of(original)


def test_plain_arguments_go_to_cupys_function():
    x = bare(WIDE)
    with gg.patch_cupy():
        y = cupy.moveaxis(a=cupy.expand_dims(x, axis=0), source=[0], destination=(1,))
    assert type(y) is BareArray
    assert y.shape == (3, 1, 4)
    with gg.patch_cupy(), pytest.raises(TypeError) as caught:
        cupy.stack([WIDE])
    assert not isinstance(caught.value, gg.GpugradError)


def test_ufuncs_are_cupys_own():
    with gg.patch_cupy():
        assert isinstance(cupy.add, cupy.ufunc)


def test_threads_may_switch_it_on_and_off_at_any_time():
    errors, stop = [], threading.Event()

    def switch():
        while not stop.is_set():
            with gg.patch_cupy():
                record()

    def record():
        try:
            with gg.patch_cupy():
                found = gg.grad(lambda x: xp.sum(cupy.matmul(x, WIDE.T)))(WIDE)
            assert cupy.expand_dims(x, 0).shape == (1, 3, 4)
            np.testing.assert_allclose(found, np.broadcast_to(WIDE.sum(axis=0), (3, 4)))
        except Exception as error:
            errors.append(error)
            stop.set()

    x = bare(WIDE)
    threads = [threading.Thread(target=switch) for _ in range(4)]
    for thread in threads:
        thread.start()
    stop.wait(0.3)
    stop.set()
    for thread in threads:
        thread.join()
    assert not errors


def test_without_cupy_it_does_nothing(monkeypatch):
    def no_cupy():
        raise ModuleNotFoundError("No module named 'cupy'")

    monkeypatch.setattr(cupy_patch, "cupy_library", no_cupy)
    with gg.patch_cupy():
        assert cupy.matmul is MATMUL
