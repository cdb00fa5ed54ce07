"""Layers for small networks: frozen dataclasses that are called, with no base class and no state.

A model is a value. Its gradient is a `Tangent` of the same fields, and an optimiser of
`gpugrad.optim` returns a new model.
"""

from gpugrad.nn.device import DeviceError as DeviceError
from gpugrad.nn.device import find_device as find_device
from gpugrad.nn.device import to_device as to_device
from gpugrad.nn.initialisers import glorot_normal as glorot_normal
from gpugrad.nn.initialisers import glorot_uniform as glorot_uniform
from gpugrad.nn.initialisers import kaiming_normal as kaiming_normal
from gpugrad.nn.initialisers import kaiming_uniform as kaiming_uniform
from gpugrad.nn.initialisers import zeros as zeros
from gpugrad.nn.layers import Chain as Chain
from gpugrad.nn.layers import Dense as Dense
from gpugrad.nn.layers import identity as identity
