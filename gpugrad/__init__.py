"""Automatic differentiation for CuPy arrays, with NumPy where there is no GPU.

import gpugrad as gg

y, back = gg.pullback(f, x)
df, dx = back(dy)
"""

from gpugrad import rules as rules  # attaches the rules to their functions
from gpugrad import xp as xp
from gpugrad.errors import GpugradError as GpugradError
from gpugrad.frule import frule as frule
from gpugrad.network.activations import logsoftmax as logsoftmax
from gpugrad.network.activations import relu as relu
from gpugrad.network.activations import sigmoid as sigmoid
from gpugrad.network.activations import softmax as softmax
from gpugrad.network.activations import tanh_act as tanh_act
from gpugrad.network.losses import cross_entropy as cross_entropy
from gpugrad.network.losses import hinge_loss as hinge_loss
from gpugrad.network.losses import logit_cross_entropy as logit_cross_entropy
from gpugrad.network.losses import mse as mse
from gpugrad.opaque import primitive as primitive
from gpugrad.polynomial import evalpoly as evalpoly
from gpugrad.pullback import pullback as pullback
from gpugrad.pushforward import D as D
from gpugrad.pushforward import pushforward as pushforward
from gpugrad.registry import rrule as rrule
from gpugrad.tangent import Tangent as Tangent
from gpugrad.tracked import Tracked as Tracked
from gpugrad.transforms import grad as grad
from gpugrad.transforms import stop_gradient as stop_gradient
from gpugrad.transforms import value_and_grad as value_and_grad

from gpugrad import nn as nn  # isort: skip  (uses the names above)
from gpugrad import optim as optim  # isort: skip

__version__ = "0.1.0"
