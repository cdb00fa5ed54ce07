"""Who answers a call.

A call is answered by the library its arrays come from: NumPy, CuPy (through array_api_compat), any
other library that follows the array-API standard, or Python's own `math` where there are only
Python's numbers. Values that stand for others (recorded values, symbols) belong to a *level*, and
the youngest level among the arguments answers instead.

It imports `errors` alone. In the order of reading:

- `levels`: layers of interpretation, and the values that belong to them.
- `kinds`: what is told of a number or an array without asking its library.
- `library`, `numpy_library`, `cupy_library`: the libraries, and where they differ from the standard
  (`numpy_reductions`, `cupy_functions`); `libraries`: which one an array is of.
- `primitive`: a function that takes rules, and how it finds what computes it; `recognition`: which
  one a function of another library is; `declare`: how one is written down.
"""
