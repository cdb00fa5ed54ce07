"""Automatic differentiation for CuPy arrays, with NumPy where there is no GPU.

import gpugrad as gg

y, back = gg.pullback(f, x)
df, dx = back(dy)
"""

from gpugrad import nn as nn
from gpugrad import optim as optim
from gpugrad import rules as rules  # attaches the rules to their functions
from gpugrad import xp as xp
from gpugrad.errors import GpugradError as GpugradError
from gpugrad.functions.polynomial import evalpoly as evalpoly
from gpugrad.kernels import fused as _fused
from gpugrad.modes.pullback import pullback as pullback
from gpugrad.modes.pushforward import D as D
from gpugrad.modes.pushforward import pushforward as pushforward
from gpugrad.modes.rules import frule as frule
from gpugrad.modes.rules import rrule as rrule
from gpugrad.nn.functional.activations import celu as celu
from gpugrad.nn.functional.activations import elu as elu
from gpugrad.nn.functional.activations import hardshrink as hardshrink
from gpugrad.nn.functional.activations import hardsigmoid as hardsigmoid
from gpugrad.nn.functional.activations import hardtanh as hardtanh
from gpugrad.nn.functional.activations import leakyrelu as leakyrelu
from gpugrad.nn.functional.activations import logcosh as logcosh
from gpugrad.nn.functional.activations import logsigmoid as logsigmoid
from gpugrad.nn.functional.activations import relu as relu
from gpugrad.nn.functional.activations import relu6 as relu6
from gpugrad.nn.functional.activations import rrelu as rrelu
from gpugrad.nn.functional.activations import selu as selu
from gpugrad.nn.functional.activations import sigmoid as sigmoid
from gpugrad.nn.functional.activations import softplus as softplus
from gpugrad.nn.functional.activations import softshrink as softshrink
from gpugrad.nn.functional.activations import softsign as softsign
from gpugrad.nn.functional.activations import tanh_act as tanh_act
from gpugrad.nn.functional.activations import tanhshrink as tanhshrink
from gpugrad.nn.functional.activations import trelu as trelu
from gpugrad.nn.functional.binary import binary_cross_entropy as binary_cross_entropy
from gpugrad.nn.functional.binary import binary_focal_loss as binary_focal_loss
from gpugrad.nn.functional.binary import dice_coeff_loss as dice_coeff_loss
from gpugrad.nn.functional.binary import logit_binary_cross_entropy as logit_binary_cross_entropy
from gpugrad.nn.functional.binary import tversky_loss as tversky_loss
from gpugrad.nn.functional.classification import cross_entropy as cross_entropy
from gpugrad.nn.functional.classification import focal_loss as focal_loss
from gpugrad.nn.functional.classification import kl_divergence as kl_divergence
from gpugrad.nn.functional.classification import label_smoothing as label_smoothing
from gpugrad.nn.functional.classification import logit_cross_entropy as logit_cross_entropy
from gpugrad.nn.functional.ctc import ctc_loss as ctc_loss
from gpugrad.nn.functional.gates import gelu as gelu
from gpugrad.nn.functional.gates import gelu_erf as gelu_erf
from gpugrad.nn.functional.gates import gelu_sigmoid as gelu_sigmoid
from gpugrad.nn.functional.gates import gelu_tanh as gelu_tanh
from gpugrad.nn.functional.gates import glu as glu
from gpugrad.nn.functional.gates import hardswish as hardswish
from gpugrad.nn.functional.gates import lisht as lisht
from gpugrad.nn.functional.gates import mish as mish
from gpugrad.nn.functional.gates import silu as silu
from gpugrad.nn.functional.gates import swish as swish
from gpugrad.nn.functional.margins import cosine_embedding_loss as cosine_embedding_loss
from gpugrad.nn.functional.margins import cosine_similarity as cosine_similarity
from gpugrad.nn.functional.margins import hinge_loss as hinge_loss
from gpugrad.nn.functional.margins import siamese_contrastive_loss as siamese_contrastive_loss
from gpugrad.nn.functional.margins import squared_hinge_loss as squared_hinge_loss
from gpugrad.nn.functional.margins import triplet_loss as triplet_loss
from gpugrad.nn.functional.regression import gaussian_kl_divergence as gaussian_kl_divergence
from gpugrad.nn.functional.regression import gaussian_nll as gaussian_nll
from gpugrad.nn.functional.regression import huber_loss as huber_loss
from gpugrad.nn.functional.regression import mae as mae
from gpugrad.nn.functional.regression import mse as mse
from gpugrad.nn.functional.regression import msle as msle
from gpugrad.nn.functional.regression import poisson_loss as poisson_loss
from gpugrad.nn.functional.regression import rmse as rmse
from gpugrad.nn.functional.regression import smooth_l1_loss as smooth_l1_loss
from gpugrad.nn.functional.softmax import logsoftmax as logsoftmax
from gpugrad.nn.functional.softmax import softmax as softmax
from gpugrad.nn.functional.softmax import softmin as softmin
from gpugrad.rulebook.opaque import primitive as primitive
from gpugrad.structure.tangent import Tangent as Tangent
from gpugrad.tracing.cupy_patch import patch_cupy as patch_cupy
from gpugrad.tracing.value import Tracked as Tracked
from gpugrad.transforms.grad import grad as grad
from gpugrad.transforms.grad import value_and_grad as value_and_grad
from gpugrad.transforms.stop_gradient import stop_gradient as stop_gradient

_fused.register()  # now that every elementwise function has its rule

__version__ = "0.1.0"
