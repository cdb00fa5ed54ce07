"""What the assembler makes of kernels: loads and stores of 16 bytes where they promise vectors.

A source that says so is not enough: a compiler may join the store of a vector with the stores of
single elements in another branch, and write all of them one by one.
"""

import re

import pytest

pytest.importorskip("cupy")

from tests.kernels.compiler import (
    TESTED,
    all_kernels,
    compile_all,
    disassembler,
    instructions,
    needs_nvrtc,
    task,
)

pytestmark = [
    needs_nvrtc,
    pytest.mark.skipif(not disassembler(), reason="nvdisasm is missing: pip install -e .[dev]"),
]

# How many loads and stores of 16 bytes a kernel has at least, where its vectors are aligned: of
# what is read twice two, unless it is kept in registers.
PROMISED = {
    "bias_activation": (2, 1),
    "bias_activation_back": (2, 1),
    "column_dots": (2, 0),
    "column_sums": (1, 0),
    "cross_entropy": (2, 1),
    "dropped": (1, 1),
    "gather_rows": (1, 1),
    "logit_cross_entropy": (2, 1),
    "logit_cross_entropy_middle": (2, 1),
    "logsumexp": (1, 0),
    "logsumexp_middle": (1, 1),
    "loss_gradients": (2, 2),
    "loss_sums": (2, 0),
    "scale_gradient": (1, 1),
    "softmax": (2, 1),
    "softmax_back": (4, 1),
    "softmax_back_middle": (4, 1),
    "softmax_middle": (2, 1),
    "standardise_rows": (2, 1),
    "standardise_rows_back": (3, 1),
    "step_parameters": (2, 1),
}
# Results that are not to drive out of the L2 cache what is read a second time.
STREAMED = [
    *("cross_entropy", "logit_cross_entropy", "logit_cross_entropy_middle"),
    *("softmax", "softmax_back", "softmax_back_middle", "softmax_middle"),
]
# Kernels of few numbers, or of atomic additions.
WITHOUT_VECTORS = {
    *("aggregate_losses", "dense", "dense_back", "loss_total", "scatter_add_rows"),
    "standardise_totals",
}
# Kernels that have a variant for single elements, which says 1 where others say how many they take.
BY_SIZE = re.compile(r"middle|standardise_rows")

ARCHITECTURE = TESTED[0]  # for the oldest ones, the assembler joins more stores than for the newest
EVERY = all_kernels()
# All elementwise kernels have one walk along the arrays.
KERNELS = {
    name: kernel
    for name, kernel in EVERY.items()
    if kernel.name != "map" or name == "map: losses.py"
}


@pytest.fixture(scope="module", autouse=True)
def compiled():
    compile_all(KERNELS.values(), [ARCHITECTURE], work=instructions)


def counted(name):
    """Yield the numbers of loads and stores of 16 bytes, by the variant, and all instructions."""
    for expression, found in instructions(*task(KERNELS[name], ARCHITECTURE)).items():
        wide = {
            kind: sum(n for text, n in found.items() if re.match(rf"{kind}\..*\b128\b", text))
            for kind in ("LDG", "STG")
        }
        yield expression, wide["LDG"], wide["STG"], found


def promised(name, expression):
    """Return how many loads and stores of 16 bytes are promised."""
    kernel = KERNELS[name]
    if kernel.name == "map":
        struct = re.search(r"::(\w+),", expression)[1]
        numbers = r"\s+static constexpr int inputs = (\d+), outputs = (\d+);"
        return tuple(map(int, re.search(rf"struct {struct} {{{numbers}", kernel.text()).groups()))
    if BY_SIZE.search(kernel.name) and re.search(r", 1\b", expression):
        return 0, 0
    return PROMISED[kernel.name]


@pytest.mark.parametrize(
    "name", [n for n, kernel in KERNELS.items() if kernel.name not in WITHOUT_VECTORS]
)
def test_vectors_are_loaded_and_stored_whole(name):
    for expression, loads, stores, found in counted(name):
        least_loads, least_stores = promised(name, expression)
        assert loads >= least_loads, (expression, found)
        assert stores >= least_stores, (expression, found)


@pytest.mark.parametrize("name", STREAMED)
def test_results_that_are_not_read_soon_are_streamed(name):
    for expression, _, stores, found in counted(name):
        streamed = sum(n for text, n in found.items() if re.match(r"STG\..*\bEF\b.*\b128\b", text))
        assert streamed == stores, (expression, found)


@pytest.mark.parametrize("name", KERNELS)
def test_compiler_knows_which_memory_is_meant(name):
    """A generic load or store looks up at each address whether it is in shared memory."""
    for expression, _, _, found in counted(name):
        assert not [text for text in found if text.split(".")[0] in ("LD", "ST")], expression


def test_every_kernel_promises_vectors_or_none():
    names = {kernel.name for kernel in EVERY.values()}
    listed = PROMISED.keys() | WITHOUT_VECTORS
    assert not names - {"map"} - listed, "add it to PROMISED or to WITHOUT_VECTORS in this file"
    assert listed <= names, "there is no longer such a kernel"


def test_what_is_looked_for_is_seen():
    text = """
    template <class T> __global__ void copy(const T* x, T* y, T* z) {
      __shared__ T row[512];
      row[threadIdx.x] = x[threadIdx.x];
      __syncthreads();
      const T* from = x[0] > 0 ? row : x;  // generic
      reinterpret_cast<uint4*>(y)[0] = reinterpret_cast<const uint4*>(from)[threadIdx.x];
      __stcs(reinterpret_cast<uint4*>(z), reinterpret_cast<const uint4*>(x)[1]);
    }"""
    found = instructions(text, ("copy<float>",), ARCHITECTURE)["copy<float>"]
    kinds = ("LD.E.128", "LDG.E.128", "STG.E.128", "STG.E.EF.128")
    assert [sum(text.startswith(kind) for text in found) for kind in kinds] == [1] * 4
