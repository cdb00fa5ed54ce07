"""Transformations: functions that take a function and return another one.

It imports `modes` and what is below: `grad`, with `value_and_grad`; `stop_gradient`.
"""
