"""The recorded value: what a function sees while it is differentiated.

It imports `rulebook`, `xp` and what is below. In the order of reading:

- `value`: the recorded value, with its `methods` and, for other libraries' functions, `protocols`.
- `assignment`: what x[i] = v means, for x and for what shares its memory.
- `constants`: what stands beside recorded values, and what no gradient flows through.
- `calls`: a function that is called on recorded arguments; `recording`: what levels have in common.
- `cupy_patch`: CuPy's own functions on recorded arrays.
"""
