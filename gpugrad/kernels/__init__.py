"""Where the device code of gpugrad is."""

from __future__ import annotations

from pathlib import Path


def source_folder() -> Path:
    """Return the folder of the CUDA sources, in a source tree and in an installed wheel alike."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "cuda_kernels"
    return installed if installed.is_dir() else package.parent / "cuda_kernels"
