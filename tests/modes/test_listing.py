"""The Wengert list in print."""

import linecache
import re
from pathlib import Path

import numpy as np

import gpugrad as gg
from gpugrad import xp

ROOT = Path(__file__).parents[2]


def listing(f, *args):
    """Return the lines of the printed list, without the places."""
    lines = repr(gg.pullback(f, *args)[1].tape).splitlines()
    return [re.sub(r"\s+\S+\.py:\d+$", "", line) for line in lines]


def f(x):
    return 5 * xp.sin(xp.log(x))


def test_the_listing_of_the_talk():
    place = r"gpugrad/rules/elementwise\.py:\d+"
    pattern = (
        r"x1: float\n"
        rf"y1: float = log\(x1\)  {place}\n"
        rf"y2: float = sin\(y1\)  {place}\n"
        rf"y3: float = 5 \* y2   {place}"
    )
    _, back = gg.pullback(f, 3.0)
    assert re.fullmatch(pattern, repr(back.tape))
    assert str(back.tape) == repr(back.tape)


def test_places_are_where_the_rules_are():
    def everything(x):
        return xp.sum(f(x) @ xp.reshape(gg.softmax(x), (3, 1)))

    lines = repr(gg.pullback(everything, np.ones(3))[1].tape).splitlines()
    found = [re.search(r"= (?:(\w+)\(|5 (\*) ).*  (\S+):(\d+)$", line) for line in lines[1:]]
    assert all(found)
    names = [match[1] or match[2] for match in found]
    assert names == ["log", "sin", "*", "softmax", "reshape", "matmul", "sum"]
    for match in found:
        name = {"*": "multiply"}.get(match[1] or match[2], match[1])
        code = linecache.getline(str(ROOT / match[3]), int(match[4]))
        assert f"(F.{name}" in code or f"({name})" in code or f"def {name}_rrule" in code


def test_the_readme_prints_what_is_printed():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    _, back = gg.pullback(f, 3.0)
    assert f"```text\n{back.tape}\n```" in text


def test_a_layer():
    def layer(x, weight, bias):
        return gg.relu(x @ weight + bias)

    args = [np.ones(shape, np.float32) for shape in ((5, 2), (2, 3), (3,))]
    assert listing(layer, *args) == [
        "x1: float32[5, 2]",
        "x2: float32[2, 3]",
        "x3: float32[3]",
        "y1: float32[5, 3] = matmul(x1, x2)",
        "y2: float32[5, 3] = y1 + x3",
        "y3: float32[5, 3] = relu(y2)",
    ]


def test_sequences_indices_keywords_and_constants():
    def g(x):
        z = xp.concat([x, np.ones(2), x], axis=0)
        a, b = xp.unstack(z[1:3])
        s = xp.sum(z * np.arange(6.0), axis=0, keepdims=True)
        return (
            xp.where(z > 0, z, -z)[..., None] * s + 1j,
            -(a**2) / 3.5,
            b % 2,
            xp.reshape(x, (1, 2)),
        )

    assert listing(g, np.ones(2)) == [
        "x1: float64[2]",
        "y1: float64[6] = concat([x1, …, x1], axis=0)",
        "y2: float64[2] = getitem(y1, slice(1, 3, None))",
        "y3: (float64[], float64[]) = unstack(y2)",
        "y4: float64[] = getitem(y3, 0)",
        "y5: float64[] = getitem(y3, 1)",
        "y6: float64[6] = y1 * float64[6]",
        "y7: float64[1] = sum(y6, axis=0, keepdims=True)",
        "y8: float64[6] = -y1",
        "y9: float64[6] = where(bool[6], y1, y8)",
        "y10: float64[6, 1] = getitem(y9, (Ellipsis, None))",
        "y11: float64[6, 1] = y10 * y7",
        "y12: complex128[6, 1] = y11 + 1j",
        "y13: float64[] = y4 ** 2",
        "y14: float64[] = -y13",
        "y15: float64[] = y14 / 3.5",
        "y16: float64[] = remainder(y5, 2)",
        "y17: float64[1, 2] = reshape(x1, (1, 2))",
    ]


def test_inputs_are_the_numbers_of_all_arguments():
    def g(p, n):
        return p["a"] * p["b"][0] ** n

    assert listing(g, {"a": 2.0, "b": [np.ones(2)], "name": "p"}, 3) == [
        "x1: float",
        "x2: float64[2]",
        "y1: float64[2] = x2 ** 3",
        "y2: float64[2] = x1 * y1",
    ]


def test_a_constant_function():
    assert listing(lambda x: 3.0, 1.0) == ["x1: float"]
    assert listing(lambda x: 3.0, 1) == []


def test_an_opaque_function_names_its_own_rule():
    @gg.primitive
    def square(x):
        return x * x

    @gg.rrule.register(square)
    def square_rrule(f, x):
        return x * x, lambda dy: (None, 2 * x * dy)

    _, back = gg.pullback(lambda x: 3 * square(x), 2.0)
    line = square_rrule.__code__.co_firstlineno
    place = f"tests/modes/test_listing.py:{line}"
    assert repr(back.tape).splitlines()[1] == f"y1: float = square(x1)  {place}"
    gg.rrule.register(square, np.ndarray)(lambda f, x: (x, lambda dy: (None, dy)))
    _, back = gg.pullback(lambda x: 3 * square(x), 2.0)
    assert f"test_listing.py:{line}" in repr(back.tape)


def test_nested_recordings_list_their_own_lines():
    inner = []

    def g(x):
        y, back = gg.pullback(lambda y: y * x, np.ones(3))
        inner.append(repr(back.tape))
        return y

    _, back = gg.pullback(g, np.ones(3))
    assert [line.split("  ")[0] for line in inner[0].splitlines()] == [
        "x1: float64[3]",
        "x2: float64[3]",
        "y1: float64[3] = x2 * x1",
    ]
    assert len(repr(back.tape).splitlines()) == 2


def test_the_list_keeps_no_array_alive():
    _, back = gg.pullback(lambda x: x + np.full(3, 123.0), np.ones(3))
    assert "float64[3]" in repr(back.tape)
    assert "123" not in repr(back.tape)
