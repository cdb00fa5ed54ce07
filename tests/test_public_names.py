"""The names that users write: none goes, and none comes without being listed.

Those that come to `xp` by the table of functions are listed in docs/functions.md.
"""

import types

import pytest

import gpugrad as gg
from gpugrad import testing

NAMES = {
    gg: """
        D GpugradError Tangent Tracked binary_cross_entropy binary_focal_loss celu
        cosine_embedding_loss cosine_similarity cross_entropy ctc_loss dice_coeff_loss elu
        evalpoly focal_loss frule gaussian_kl_divergence gaussian_nll gelu gelu_erf
        gelu_sigmoid gelu_tanh glu grad hardshrink hardsigmoid hardswish hardtanh hinge_loss
        huber_loss kl_divergence label_smoothing leakyrelu lisht logcosh
        logit_binary_cross_entropy logit_cross_entropy logsigmoid logsoftmax mae mish mse
        msle patch_cupy poisson_loss primitive pullback pushforward relu relu6 rmse rrelu
        rrule selu siamese_contrastive_loss sigmoid silu smooth_l1_loss softmax softmin
        softplus softshrink softsign squared_hinge_loss stop_gradient swish tanh_act
        tanhshrink trelu triplet_loss tversky_loss value_and_grad
    """,
    gg.nn: """
        Chain Conv ConvTranspose Dense DeviceError Embedding GroupNorm LayerNorm MaxPool
        MeanPool MultiHeadAttention RMSNorm adaptive_max_pool adaptive_mean_pool batch_norm
        conv conv_transpose depthwise_conv dot_product_attention
        dot_product_attention_scores dropout embedding find_device flatten fold gather
        global_max_pool global_mean_pool glorot_normal glorot_uniform grid_sample group_norm
        identity instance_norm join_heads kaiming_normal kaiming_uniform l2_normalise
        layer_norm lp_pool max_pool mean_pool one_hot pad_circular pad_constant pad_reflect
        pad_repeat pad_symmetric pad_zeros pixel_shuffle rms_norm rotary_embedding scatter
        segment_max segment_mean segment_min segment_prod segment_sum split_heads
        standardise to_device unfold upsample_linear upsample_nearest zeros
    """,
    gg.optim: """
        Adam Descent Momentum
    """,
    gg.xp: """
        abs acos acosh add all allclose angle any append apply_along_axis apply_over_axes
        arange argmax argmin argpartition argsort argwhere array_equal array_equiv
        array_split asarray asin asinh astype atan atan2 atanh atleast_1d atleast_2d
        atleast_3d average bincount bitwise_and bitwise_count bitwise_invert
        bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor block bool
        broadcast_arrays broadcast_to can_cast cbrt ceil choose clip column_stack complex128
        complex64 compress concat conj convolve copysign copyto corrcoef correlate cos cosh
        count_nonzero cov cross cumulative_prod cumulative_sum deg2rad delete diag
        diag_indices_from diagflat diagonal diff digitize divide divmod dot dsplit dstack e
        ediff1d einsum empty empty_like equal exp exp2 expand_dims expm1 extract eye fabs
        fill_diagonal finfo flatnonzero flip fliplr flipud float32 float64 float_power floor
        floor_divide fmax fmin fmod frexp from_dlpack full full_like gcd geomspace gradient
        greater greater_equal heaviside histogram histogram2d histogram_bin_edges
        histogramdd hsplit hstack hypot i0 iinfo imag inf inner insert int16 int32 int64
        int8 interp isclose iscomplex iscomplexobj isdtype isfinite isin isinf isnan
        isneginf isposinf isreal isrealobj ix_ kron lcm ldexp less less_equal lexsort
        linspace log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not
        logical_or logical_xor logspace matmul matrix_transpose matvec max maximum mean
        median meshgrid min minimum modf moveaxis multiply nan nan_to_num nanargmax
        nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanpercentile nanprod
        nanquantile nanstd nansum nanvar negative newaxis nextafter nonzero not_equal ones
        ones_like outer pad partition percentile permute_dims pi piecewise place poly
        polyadd polyder polyint polymul polysub polyval positive pow prod ptp put
        put_along_axis putmask quantile rad2deg ravel ravel_multi_index real real_if_close
        reciprocal remainder repeat reshape resize result_type rint roll rollaxis rot90
        round searchsorted select sign signbit sin sinc sinh sort spacing split sqrt square
        squeeze stack std subtract sum swapaxes take take_along_axis tan tanh tensordot tile
        trace trapezoid tril tril_indices_from trim_zeros triu triu_indices_from trunc
        uint16 uint32 uint64 uint8 unique unique_all unique_counts unique_inverse
        unique_values unravel_index unstack unwrap vander var vdot vecdot vecmat vsplit
        vstack where zeros zeros_like
    """,
    gg.xp.linalg: """
        EigResult EighResult QRResult SVDResult SlogdetResult cholesky cond cross det
        diagonal eig eigh eigvals eigvalsh expm inv lstsq matmul matrix_norm matrix_power
        matrix_rank matrix_transpose multi_dot norm outer pinv qr slogdet solve
        solve_triangular svd svdvals tensordot tensorinv tensorsolve trace vecdot
        vector_norm
    """,
    gg.xp.fft: """
        fft fft2 fftfreq fftn fftshift hfft ifft ifft2 ifftn ifftshift ihfft irfft irfft2
        irfftn rfft rfft2 rfftfreq rfftn
    """,
    gg.xp.special: """
        beta betainc betaln binom boxcox boxcox1p cbrt cosm1 dawsn digamma entr erf erfc
        erfcinv erfcx erfinv exp1 exp10 exp2 expi expit expm1 exprel fresnel gamma gammainc
        gammaincc gammaln huber i0 i0e i1 i1e inv_boxcox inv_boxcox1p iv ive j0 j1 jn jv k0
        k0e k1 k1e kl_div kv kve log1p log_expit log_ndtr log_softmax loggamma logit
        logsumexp multigammaln ndtr ndtri poch polygamma pseudo_huber psi rel_entr rgamma
        shichi sici softmax spence xlog1py xlogy y0 y1 yn yv zeta
    """,
    testing: """
        CheckError STEP check_frule check_pullback check_rrule derivative inner random_like
    """,
}


def listed(module):
    return set(NAMES[module].split())


every_module = pytest.mark.parametrize("module", NAMES, ids=lambda module: module.__name__)


@every_module
def test_every_name_is_there(module):
    missing = sorted(name for name in listed(module) if not hasattr(module, name))
    assert not missing, f"{module.__name__} has no longer {missing}"


@every_module
def test_every_name_is_listed(module):
    public = {name for name, x in vars(module).items() if is_public(module, name, x)}
    new = sorted(public - listed(module))
    assert not new, f"add to NAMES in this file, or begin with an underscore: {new}"


def is_public(module, name, x):
    """Say whether a name is there to be used, and not what the module itself needs."""
    if name.startswith("_") or isinstance(x, types.ModuleType):
        return False
    if module in (gg, gg.nn, gg.optim):  # which only import what they offer
        return True
    return getattr(x, "__module__", "") == module.__name__
