"""Where the device code of gpugrad is, and its text as the compiler gets it."""

from __future__ import annotations

import functools
import re
from pathlib import Path

_INCLUDE = re.compile(r'^#include "(\w+\.cuh)"\n', re.MULTILINE)


def source_folder() -> Path:
    """Return the folder of the CUDA sources, in a source tree and in an installed wheel alike."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "cuda_kernels"
    return installed if installed.is_dir() else package.parent / "cuda_kernels"


@functools.cache
def source(file: str) -> str:
    """Return the text of a file of `cuda_kernels/` with its own headers in place of #include.

    CuPy keeps what it compiled by the text it compiled: a header that it finds by itself could
    change without that being noticed.
    """
    return expanded((source_folder() / file).read_text(encoding="utf-8"))


@functools.cache
def expanded(text: str) -> str:
    """Return device code with the headers of `cuda_kernels/` in place of their first #include."""
    included: set[str] = set()

    def expand(text: str) -> str:
        return _INCLUDE.sub(header, text.replace("#pragma once\n", ""))

    def header(match: re.Match[str]) -> str:
        if match[1] in included:
            return ""
        included.add(match[1])
        return expand((source_folder() / match[1]).read_text(encoding="utf-8"))

    return expand(text)
