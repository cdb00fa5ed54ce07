"""Layers for small networks: frozen dataclasses that are called, with no base class and no state.

A model is a value. Its gradient is a `Tangent` of the same fields, and an optimiser of
`gpugrad.optim` returns a new model.

It imports `rules` and what is below. In the order of reading:

- `functional`: the functions that layers call, with their derivatives.
- `layers`, `normalisation`, `spatial`: the layers; `initialisers`: how their weights start;
  `device`: where these live.
"""

from gpugrad.nn.device import DeviceError as DeviceError
from gpugrad.nn.device import find_device as find_device
from gpugrad.nn.device import to_device as to_device
from gpugrad.nn.functional.attention import dot_product_attention as dot_product_attention
from gpugrad.nn.functional.attention import (
    dot_product_attention_scores as dot_product_attention_scores,
)
from gpugrad.nn.functional.attention import join_heads as join_heads
from gpugrad.nn.functional.attention import rotary_embedding as rotary_embedding
from gpugrad.nn.functional.attention import split_heads as split_heads
from gpugrad.nn.functional.convolution import conv as conv
from gpugrad.nn.functional.convolution import conv_transpose as conv_transpose
from gpugrad.nn.functional.convolution import depthwise_conv as depthwise_conv
from gpugrad.nn.functional.dropout import dropout as dropout
from gpugrad.nn.functional.embedding import embedding as embedding
from gpugrad.nn.functional.embedding import gather as gather
from gpugrad.nn.functional.embedding import one_hot as one_hot
from gpugrad.nn.functional.embedding import scatter as scatter
from gpugrad.nn.functional.embedding import segment_max as segment_max
from gpugrad.nn.functional.embedding import segment_mean as segment_mean
from gpugrad.nn.functional.embedding import segment_min as segment_min
from gpugrad.nn.functional.embedding import segment_prod as segment_prod
from gpugrad.nn.functional.embedding import segment_sum as segment_sum
from gpugrad.nn.functional.normalisation import batch_norm as batch_norm
from gpugrad.nn.functional.normalisation import group_norm as group_norm
from gpugrad.nn.functional.normalisation import instance_norm as instance_norm
from gpugrad.nn.functional.normalisation import layer_norm as layer_norm
from gpugrad.nn.functional.normalisation import rms_norm as rms_norm
from gpugrad.nn.functional.padding import pad_circular as pad_circular
from gpugrad.nn.functional.padding import pad_constant as pad_constant
from gpugrad.nn.functional.padding import pad_reflect as pad_reflect
from gpugrad.nn.functional.padding import pad_repeat as pad_repeat
from gpugrad.nn.functional.padding import pad_symmetric as pad_symmetric
from gpugrad.nn.functional.padding import pad_zeros as pad_zeros
from gpugrad.nn.functional.pooling import adaptive_max_pool as adaptive_max_pool
from gpugrad.nn.functional.pooling import adaptive_mean_pool as adaptive_mean_pool
from gpugrad.nn.functional.pooling import global_max_pool as global_max_pool
from gpugrad.nn.functional.pooling import global_mean_pool as global_mean_pool
from gpugrad.nn.functional.pooling import lp_pool as lp_pool
from gpugrad.nn.functional.pooling import max_pool as max_pool
from gpugrad.nn.functional.pooling import mean_pool as mean_pool
from gpugrad.nn.functional.sampling import grid_sample as grid_sample
from gpugrad.nn.functional.sampling import pixel_shuffle as pixel_shuffle
from gpugrad.nn.functional.sampling import upsample_linear as upsample_linear
from gpugrad.nn.functional.sampling import upsample_nearest as upsample_nearest
from gpugrad.nn.functional.standardise import l2_normalise as l2_normalise
from gpugrad.nn.functional.standardise import standardise as standardise
from gpugrad.nn.functional.windows import fold as fold
from gpugrad.nn.functional.windows import unfold as unfold
from gpugrad.nn.initialisers import glorot_normal as glorot_normal
from gpugrad.nn.initialisers import glorot_uniform as glorot_uniform
from gpugrad.nn.initialisers import kaiming_normal as kaiming_normal
from gpugrad.nn.initialisers import kaiming_uniform as kaiming_uniform
from gpugrad.nn.initialisers import zeros as zeros
from gpugrad.nn.layers import Chain as Chain
from gpugrad.nn.layers import Dense as Dense
from gpugrad.nn.layers import identity as identity
from gpugrad.nn.normalisation import GroupNorm as GroupNorm
from gpugrad.nn.normalisation import LayerNorm as LayerNorm
from gpugrad.nn.normalisation import RMSNorm as RMSNorm
from gpugrad.nn.spatial import Conv as Conv
from gpugrad.nn.spatial import ConvTranspose as ConvTranspose
from gpugrad.nn.spatial import Embedding as Embedding
from gpugrad.nn.spatial import MaxPool as MaxPool
from gpugrad.nn.spatial import MeanPool as MeanPool
from gpugrad.nn.spatial import MultiHeadAttention as MultiHeadAttention
from gpugrad.nn.spatial import flatten as flatten
