"""Structures of numbers: models, containers, closures, and the gradients that have their form.

It imports `functions` and what is below. In the order of reading:

- `nodes`: the places of a structure; `walk`: the pass that finds them, and the numbers in them;
  `closures`: functions, with what they captured.
- `tangent`: gradients as values, and their sums.
- `spaces`: what a gradient of a number or an array must be, and how it is made so.
"""
