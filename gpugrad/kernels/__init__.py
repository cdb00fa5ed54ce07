"""The device code's side in Python: what is compiled, how it is launched, and with what.

It imports `rulebook` and what is below. In the order of reading:

- `source`, `launch`: where the code is, and how a kernel is compiled and launched.
- `device_functions`, `elementwise`, `fused`: elementwise functions, by the rule book.
- `rows`, `columns`, `middle`: how rows, and columns, are shared out among blocks.
- the others: kernels for what their files are named after.
"""

from gpugrad.kernels.source import source_folder as source_folder
