"""The device code's side in Python: what is compiled, how it is launched, and with what."""

from gpugrad.kernels.source import source_folder as source_folder
