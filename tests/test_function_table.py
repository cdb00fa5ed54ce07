"""docs/functions.md says what is so, and leaves nothing out."""

import re

from docs import function_table
from gpugrad.dispatch.primitive import BY_NAME

# Public functions that are no primitives: what each group is.
NO_FUNCTIONS_OF_ARRAYS = {
    "transformations": {
        *("gpugrad.D", "gpugrad.grad", "gpugrad.primitive", "gpugrad.pullback"),
        *("gpugrad.pushforward", "gpugrad.stop_gradient", "gpugrad.value_and_grad"),
        "gpugrad.patch_cupy",
    },
    "made from nothing recorded, or from recorded numbers by other functions": {
        *(f"gpugrad.xp.{name}" for name in ("arange", "asarray", "empty", "eye", "from_dlpack")),
        *(f"gpugrad.xp.{name}" for name in ("full", "linspace", "ones", "zeros")),
        *("gpugrad.xp.fft.fftfreq", "gpugrad.xp.fft.rfftfreq"),
    },
    "about data types and devices": {
        *(f"gpugrad.xp.{name}" for name in ("can_cast", "finfo", "iinfo", "isdtype")),
        "gpugrad.xp.result_type",
    },
    "initial values and devices of models": {
        *(f"gpugrad.nn.{name}" for name in ("glorot_normal", "glorot_uniform", "kaiming_normal")),
        *(f"gpugrad.nn.{name}" for name in ("find_device", "identity", "kaiming_uniform")),
        *("gpugrad.nn.to_device", "gpugrad.nn.zeros"),
    },
}


def test_file_is_fresh():
    assert function_table.FILE.read_text(encoding="utf-8") == function_table.table(), "make docs"


def test_every_public_function_is_listed():
    known = set().union(*NO_FUNCTIONS_OF_ARRAYS.values())
    assert set(function_table.unlisted()) - known == set()


def test_there_are_enough_of_them():
    count = re.search(r"^(\d+) differentiable functions", function_table.table(), re.MULTILINE)
    assert int(count.group(1)) >= 330


def test_no_primitive_is_hidden():
    public = {id(f) for members in function_table.functions().values() for f in members.values()}
    hidden = {name for name, f in BY_NAME.items() if id(f) not in public}
    assert hidden == {"getitem"}
