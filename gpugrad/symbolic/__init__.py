"""Expressions: what a derivative is, written down once, and printed for those who run it.

It imports `functions` and what is below. In the order of reading: `expression`, the symbols and
calls; `printer`, as Python; `cuda`, as CUDA C++.
"""
