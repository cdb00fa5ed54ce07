"""Automatic differentiation for CuPy arrays, with NumPy where there is no GPU.

import gpugrad as gg

y, back = gg.pullback(f, x)
df, dx = back(dy)
"""

from gpugrad import rules as rules  # attaches the rules to their functions
from gpugrad import xp as xp
from gpugrad.cupy_patch import patch_cupy as patch_cupy
from gpugrad.errors import GpugradError as GpugradError
from gpugrad.frule import frule as frule
from gpugrad.network.activations import celu as celu
from gpugrad.network.activations import elu as elu
from gpugrad.network.activations import gelu as gelu
from gpugrad.network.activations import gelu_erf as gelu_erf
from gpugrad.network.activations import gelu_sigmoid as gelu_sigmoid
from gpugrad.network.activations import gelu_tanh as gelu_tanh
from gpugrad.network.activations import glu as glu
from gpugrad.network.activations import hardshrink as hardshrink
from gpugrad.network.activations import hardsigmoid as hardsigmoid
from gpugrad.network.activations import hardswish as hardswish
from gpugrad.network.activations import hardtanh as hardtanh
from gpugrad.network.activations import leakyrelu as leakyrelu
from gpugrad.network.activations import lisht as lisht
from gpugrad.network.activations import logcosh as logcosh
from gpugrad.network.activations import logsigmoid as logsigmoid
from gpugrad.network.activations import logsoftmax as logsoftmax
from gpugrad.network.activations import mish as mish
from gpugrad.network.activations import relu as relu
from gpugrad.network.activations import relu6 as relu6
from gpugrad.network.activations import rrelu as rrelu
from gpugrad.network.activations import selu as selu
from gpugrad.network.activations import sigmoid as sigmoid
from gpugrad.network.activations import silu as silu
from gpugrad.network.activations import softmax as softmax
from gpugrad.network.activations import softmin as softmin
from gpugrad.network.activations import softplus as softplus
from gpugrad.network.activations import softshrink as softshrink
from gpugrad.network.activations import softsign as softsign
from gpugrad.network.activations import swish as swish
from gpugrad.network.activations import tanh_act as tanh_act
from gpugrad.network.activations import tanhshrink as tanhshrink
from gpugrad.network.activations import trelu as trelu
from gpugrad.network.ctc import ctc_loss as ctc_loss
from gpugrad.network.losses import binary_cross_entropy as binary_cross_entropy
from gpugrad.network.losses import binary_focal_loss as binary_focal_loss
from gpugrad.network.losses import cosine_embedding_loss as cosine_embedding_loss
from gpugrad.network.losses import cosine_similarity as cosine_similarity
from gpugrad.network.losses import cross_entropy as cross_entropy
from gpugrad.network.losses import dice_coeff_loss as dice_coeff_loss
from gpugrad.network.losses import focal_loss as focal_loss
from gpugrad.network.losses import gaussian_kl_divergence as gaussian_kl_divergence
from gpugrad.network.losses import gaussian_nll as gaussian_nll
from gpugrad.network.losses import hinge_loss as hinge_loss
from gpugrad.network.losses import huber_loss as huber_loss
from gpugrad.network.losses import kl_divergence as kl_divergence
from gpugrad.network.losses import label_smoothing as label_smoothing
from gpugrad.network.losses import logit_binary_cross_entropy as logit_binary_cross_entropy
from gpugrad.network.losses import logit_cross_entropy as logit_cross_entropy
from gpugrad.network.losses import mae as mae
from gpugrad.network.losses import mse as mse
from gpugrad.network.losses import msle as msle
from gpugrad.network.losses import poisson_loss as poisson_loss
from gpugrad.network.losses import rmse as rmse
from gpugrad.network.losses import siamese_contrastive_loss as siamese_contrastive_loss
from gpugrad.network.losses import smooth_l1_loss as smooth_l1_loss
from gpugrad.network.losses import squared_hinge_loss as squared_hinge_loss
from gpugrad.network.losses import triplet_loss as triplet_loss
from gpugrad.network.losses import tversky_loss as tversky_loss
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
