"""The examples do what they say: they learn, draw a picture, and know when there is no GPU."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gpugrad as gg
from gpugrad import nn

matplotlib_image = pytest.importorskip("matplotlib.image")
pytest.importorskip("sklearn")
pytest.importorskip("tqdm")

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ["moons", "digits", "polynomial"]


@pytest.fixture
def example(monkeypatch):
    """Import an example as Python does when it runs one: with its folder first on the path."""
    monkeypatch.syspath_prepend(EXAMPLES)
    return importlib.import_module


def check_picture(path):
    assert path.read_bytes().startswith(b"\x89PNG")
    picture = np.round(matplotlib_image.imread(path) * 255).astype(np.uint8)
    height, width, _ = picture.shape
    assert 1500 < width < 2000
    assert 600 < height < 1000
    shades = np.unique(picture.view(np.uint32))  # a pixel's four bytes at once: rows take seconds
    assert len(shades) > 100  # not an empty page


# --- Two moons -------------------------------------------------------------------------------


def test_moons_are_told_apart(example, tmp_path, capsys):
    out = tmp_path / "folder" / "moons.png"
    result = example("moons").main(["--device", "cpu", "--out", str(out)])
    assert result.accuracy >= 0.97
    assert result.losses.shape == (500,)
    assert result.losses[0] > 0.5
    assert result.losses[-1] < 0.02
    printed = capsys.readouterr().out
    assert re.search(r"loss: 0\.0\d+ +accuracy: \d+\.\d% +device: cpu", printed)
    check_picture(out)


def test_moons_with_a_dead_output_are_half_right(example, tmp_path):
    """What the example says of the last relu: from seed 6 nothing is learnt, and nothing breaks."""
    arguments = [
        "--device",
        "cpu",
        "--seed",
        "6",
        "--steps",
        "50",
        "--out",
        str(tmp_path / "a.png"),
    ]
    assert example("moons").main(arguments).accuracy == 0.5


def test_moons_take_one_seed_to_one_model(example, tmp_path):
    arguments = ["--device", "cpu", "--steps", "3", "--out", str(tmp_path / "moons.png")]
    first, again = (example("moons").main(arguments).losses for _ in range(2))
    np.testing.assert_array_equal(first, again)


# --- Digits ----------------------------------------------------------------------------------


def test_digits_are_read(example, tmp_path, capsys):
    out = tmp_path / "digits.png"
    result = example("digits").main(["--device", "cpu", "--out", str(out)])
    assert result.accuracy >= 0.96
    assert result.confusion.sum() == 450  # a quarter of 1797, never seen in training
    assert np.trace(result.confusion) == pytest.approx(450 * result.accuracy)
    assert "test accuracy: 9" in capsys.readouterr().out
    check_picture(out)


def test_digits_hardly_trained(example, tmp_path):
    out = tmp_path / "digits.png"
    result = example("digits").main(["--device", "cpu", "--steps", "1", "--out", str(out)])
    assert result.accuracy < 0.6
    check_picture(out)  # with more misread digits than there is room for


# --- Polynomial ------------------------------------------------------------------------------


def test_polynomial_is_the_least_squares_one(example, tmp_path, capsys):
    """Gradient descent ends where the normal equations do, and close to the true weights."""
    polynomial = example("polynomial")
    out = tmp_path / "polynomial.png"
    result = polynomial.main(["--device", "cpu", "--steps", "2000", "--out", str(out)])

    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, 200)
    y = np.polyval(polynomial.TRUE_WEIGHTS[::-1], x) + rng.normal(0, 0.2, 200)
    least_squares = np.polyfit(x, y, 3)[::-1]
    np.testing.assert_allclose(result.polynomial.weights, least_squares, atol=2e-3)
    np.testing.assert_allclose(result.polynomial.weights, polynomial.TRUE_WEIGHTS, atol=0.2)
    assert result.history.shape == (2000, 4)

    printed = capsys.readouterr().out
    assert "true:   0.50 − 2.00x + 1.00x² + 3.00x³" in printed
    assert re.search(r"fitted: 0\.\d\d − \d\.\d\dx \+ \d\.\d\dx² \+ \d\.\d\dx³", printed)
    check_picture(out)


def test_polynomial_rule_is_right_at_zero_and_elsewhere(example):
    polynomial = example("polynomial").Polynomial(np.array([0.5, -2.0, 1.0, 3.0]))
    x, dy = np.array([0.0, -1.5, 0.7]), np.array([1.0, 0.5, -2.0])
    y, back = gg.rrule(polynomial, x)
    dpolynomial, dx = back(dy)
    np.testing.assert_allclose(y, 0.5 - 2 * x + x**2 + 3 * x**3, rtol=1e-14)
    np.testing.assert_allclose(dx, dy * (-2 + 2 * x + 9 * x**2), rtol=1e-14)
    np.testing.assert_allclose(dpolynomial.weights, np.vander(x, 4, True).T @ dy, rtol=1e-14)


def test_polynomial_rule_has_a_derivative(example):
    polynomial = example("polynomial").Polynomial(np.array([0.5, -2.0, 1.0, 3.0]))
    second = gg.grad(lambda x: gg.grad(lambda x: polynomial(x).sum())(x).sum())
    x = np.array([0.0, -1.5, 0.7])
    np.testing.assert_allclose(second(x), 2 + 18 * x, rtol=1e-14)


# --- All of them -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_gpu_that_is_not_there_ends_the_program(example, name, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(nn.device, "_cuda_obstacle", lambda: "there is no driver")
    with pytest.raises(SystemExit) as end:
        example(name).main(["--device", "cuda", "--out", str(tmp_path / "picture.png")])
    assert end.value.code == 2
    assert "cuda: there is no driver. Use the device cpu" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_any_device_by_default(example, name, tmp_path, monkeypatch):
    monkeypatch.setattr(nn.device, "_cuda_obstacle", lambda: "there is no driver")
    out = tmp_path / "picture.png"
    example(name).main(["--steps", "2", "--out", str(out)])
    check_picture(out)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_a_program(name, tmp_path):
    program = [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py"), "--device", "cpu"]
    done = subprocess.run(
        [*program, "--steps", "2", "--out", "picture.png"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "picture: picture.png" in done.stdout
    check_picture(tmp_path / "picture.png")


@pytest.mark.gpu
@pytest.mark.parametrize("name", NAMES)
def test_examples_on_the_gpu(example, name, tmp_path):
    if nn.find_device("auto") != "cuda":
        pytest.skip("CuPy finds no device")
    out = tmp_path / "picture.png"
    result = example(name).main(["--device", "cuda", "--out", str(out)])
    assert getattr(result, "accuracy", 1.0) >= 0.96
    check_picture(out)
