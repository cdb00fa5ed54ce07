"""Samples of elementwise functions."""

import numpy as np

import gpugrad as gg
from gpugrad import functions as F
from tests.rows import (
    BOTH,
    COMPLEX,
    INTEGERS_BESIDE,
    MASK,
    REAL,
    above_one,
    anything,
    between,
    binary_rows,
    distinct,
    dividend,
    divisor,
    high,
    low,
    negative_divisor,
    nonzero,
    number,
    positive,
    row,
    unary_rows,
    unit,
)

UNARY = [
    (F.abs, nonzero, BOTH),
    (F.acos, unit, BOTH),
    (F.acosh, above_one, BOTH),
    (F.asin, unit, BOTH),
    (F.asinh, anything, BOTH),
    (F.atan, anything, BOTH),
    (F.atanh, unit, BOTH),
    (F.conj, anything, BOTH),
    (F.cos, anything, BOTH),
    (F.cosh, anything, BOTH),
    (F.exp, anything, BOTH),
    (F.expm1, anything, BOTH),
    (F.imag, anything, COMPLEX),
    (F.log, positive, BOTH),
    (F.log10, positive, BOTH),
    (F.log1p, unit, BOTH),
    (F.log2, positive, BOTH),
    (F.negative, anything, BOTH),
    (F.positive, anything, BOTH),
    (F.real, anything, BOTH),
    (F.reciprocal, nonzero, BOTH),
    (F.sign, nonzero, BOTH),
    (F.sin, anything, BOTH),
    (F.sinh, anything, BOTH),
    (F.sqrt, positive, BOTH),
    (F.square, anything, BOTH),
    (F.tan, unit, BOTH),
    (F.tanh, anything, BOTH),
    (gg.relu, nonzero, REAL),
    (gg.sigmoid, anything, REAL),
]

BINARY = [
    (F.add, anything, anything, BOTH),
    (F.atan2, nonzero, nonzero, REAL),
    (F.copysign, nonzero, nonzero, REAL),
    (F.divide, anything, nonzero, BOTH),
    (F.hypot, nonzero, nonzero, REAL),
    (F.logaddexp, anything, anything, REAL),
    (F.maximum, distinct, between, REAL),
    (F.minimum, distinct, between, REAL),
    (F.multiply, anything, anything, BOTH),
    (F.pow, positive, anything, BOTH),
    (F.remainder, dividend, divisor, REAL),
    (F.subtract, anything, anything, BOTH),
]

NOT_ANALYTIC = {F.abs, F.conj, F.imag, F.real, F.sign}

ELEMENTWISE = [
    *(
        sample
        for line in UNARY
        for sample in unary_rows(*line, analytic=line[0] not in NOT_ANALYTIC)
    ),
    *(sample for line in BINARY for sample in binary_rows(*line)),
    row(F.remainder, dividend(3, 4), negative_divisor(4), note="negative divisor"),
    row(F.pow, anything(3, 4), 3, takes=BOTH),
    row(F.pow, nonzero(3, 4), -2, takes=BOTH),
    row(F.pow, anything(3, 4), np.array([0, 1, 2, 3]), not_in=INTEGERS_BESIDE),
    row(F.pow, 2, anything(3, 4)),
    row(F.multiply, anything(3, 4), 3, takes=BOTH),
    row(F.clip, distinct(3, 4), number(low), number(high)),
    row(F.clip, distinct(3, 4), -1, 1),
    row(F.clip, distinct(3, 4), low(4), high(3, 1)),
    row(F.clip, distinct(3, 4), None, high(1, 4)),
    row(F.clip, distinct(3, 4), low(), None),
    row(F.clip, distinct(3, 4), number(low)),
    row(F.clip, distinct(3, 4), None, None),
    row(F.clip, distinct(0, 4), number(low), number(high)),
    row(F.clip, number(nonzero), number(low), number(high)),
    row(F.where, MASK, anything(3, 4), anything(3, 4), takes=BOTH),
    row(F.where, MASK, anything(4), anything(3, 1), takes=BOTH),
    row(F.where, MASK[0], anything(3, 1), anything(), takes=BOTH),
    row(F.where, MASK, anything(3, 4), number(anything), takes=BOTH),
    row(F.where, MASK, number(anything), anything(4), takes=BOTH),
    row(F.where, MASK[:0], anything(4), anything(1)),
    row(F.where, np.array(True), anything(3), anything(2, 1)),
]
