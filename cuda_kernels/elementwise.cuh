// The elementwise functions and their partial derivatives, as each `scalar_rule` in gpugrad/ has
// them. Written by `make kernels`: change the rule there, not this file.
// clang-format off
#pragma once

#include "common.cuh"
#include "numbers.cuh"
#include "special.cuh"

namespace gpugrad {

template <class T>
__device__ inline T add_value(T a, T b) {
  return a + b;
}

template <class T>
__device__ inline T subtract_value(T a, T b) {
  return a - b;
}

template <class T>
__device__ inline T multiply_value(T a, T b) {
  return a * b;
}

template <class T>
__device__ inline T divide_value(T a, T b) {
  return a / b;
}

template <class T>
__device__ inline T negative_value(T x) {
  return -x;
}

template <class T>
__device__ inline T reciprocal_value(T x) {
  return reciprocal(x);
}

template <class T>
__device__ inline T square_value(T x) {
  return square(x);
}

template <class T>
__device__ inline T sqrt_value(T x) {
  return sqrt(x);
}

template <class T>
__device__ inline T pow_value(T x, T n) {
  return pow(x, n);
}

template <class T>
__device__ inline T cbrt_value(T x) {
  return cbrt(x);
}

template <class T>
__device__ inline T fmod_value(T a, T b) {
  return fmod(a, b);
}

template <class T>
__device__ inline T remainder_value(T a, T b) {
  return remainder(a, b);
}

template <class T>
__device__ inline T hypot_value(T a, T b) {
  return hypot(a, b);
}

template <class T>
__device__ inline T copysign_value(T a, T b) {
  return copysign(a, b);
}

template <class T>
__device__ inline T maximum_value(T a, T b) {
  return maximum(a, b);
}

template <class T>
__device__ inline T minimum_value(T a, T b) {
  return minimum(a, b);
}

template <class T>
__device__ inline T exp_value(T x) {
  return exp(x);
}

template <class T>
__device__ inline T exp2_value(T x) {
  return exp2(x);
}

template <class T>
__device__ inline T expm1_value(T x) {
  return expm1(x);
}

template <class T>
__device__ inline T log_value(T x) {
  return log(x);
}

template <class T>
__device__ inline T log1p_value(T x) {
  return log1p(x);
}

template <class T>
__device__ inline T log2_value(T x) {
  return log2(x);
}

template <class T>
__device__ inline T log10_value(T x) {
  return log10(x);
}

template <class T>
__device__ inline T logaddexp_value(T a, T b) {
  return logaddexp(a, b);
}

template <class T>
__device__ inline T sin_value(T x) {
  return sin(x);
}

template <class T>
__device__ inline T cos_value(T x) {
  return cos(x);
}

template <class T>
__device__ inline T tan_value(T x) {
  return tan(x);
}

template <class T>
__device__ inline T asin_value(T x) {
  return asin(x);
}

template <class T>
__device__ inline T acos_value(T x) {
  return acos(x);
}

template <class T>
__device__ inline T atan_value(T x) {
  return atan(x);
}

template <class T>
__device__ inline T atan2_value(T a, T b) {
  return atan2(a, b);
}

template <class T>
__device__ inline T sinh_value(T x) {
  return sinh(x);
}

template <class T>
__device__ inline T cosh_value(T x) {
  return cosh(x);
}

template <class T>
__device__ inline T tanh_value(T x) {
  return tanh(x);
}

template <class T>
__device__ inline T asinh_value(T x) {
  return asinh(x);
}

template <class T>
__device__ inline T acosh_value(T x) {
  return acosh(x);
}

template <class T>
__device__ inline T atanh_value(T x) {
  return atanh(x);
}

template <class T>
__device__ __noinline__ T special_cosm1_value(T x) {
  return T(-2) * square(sin(x / T(2)));
}

template <class T>
__device__ __noinline__ T special_exp10_value(T x) {
  return pow(T(10.0), x);
}

template <class T>
__device__ __noinline__ T special_expit_value(T x) {
  const T t0 = exp(-fabs(x));
  return (x >= T(0) ? T(1) : t0) / (T(1) + t0);
}

template <class T>
__device__ __noinline__ T special_log_expit_value(T x) {
  return (x < T(0) ? x : T(0.0)) - log1p(exp(-fabs(x)));
}

template <class T>
__device__ __noinline__ T special_logit_value(T x) {
  return log(x / (T(1) - x));
}

template <class T>
__device__ __noinline__ T special_exprel_value(T x) {
  return x == T(0) ? T(1.0) : expm1(x) / (x == T(0) || x == T(infinity()) ? T(1.0) : x);
}

template <class T>
__device__ __noinline__ T special_xlogy_value(T a, T b) {
  return a == T(0) && !isnan(b) ? T(0.0) : a * log(b);
}

template <class T>
__device__ __noinline__ T special_xlog1py_value(T a, T b) {
  return a == T(0) && !isnan(b) ? T(0.0) : a * log1p(b);
}

template <class T>
__device__ __noinline__ T special_entr_value(T x) {
  return x < T(0) ? T(-infinity()) : -x * log(x > T(0) ? x : T(1.0));
}

template <class T>
__device__ __noinline__ T special_rel_entr_value(T a, T b) {
  const T t0 = a * log(a > T(0) && b > T(0) ? a / b : T(1.0));
  return isnan(a + b) ? T(not_a_number()) : (a > T(0) && b > T(0) ? t0 : (a == T(0) && b >= T(0) ? t0 : T(infinity())));
}

template <class T>
__device__ __noinline__ T special_kl_div_value(T a, T b) {
  return special_rel_entr_value(a, b) - a + b;
}

template <class T>
__device__ __noinline__ T special_huber_value(T delta, T r) {
  const T t0 = fabs(r);
  return minimum(delta, t0) < T(0) ? T(infinity()) : (t0 <= delta ? T(0.5) * r * r : delta * (t0 - T(0.5) * delta));
}

template <class T>
__device__ __noinline__ T special_pseudo_huber_value(T delta, T r) {
  const T t0 = hypot(delta, r);
  return minimum(delta, fabs(r)) < T(0) ? T(infinity()) : delta * r * (r / (t0 == T(0) ? T(1.0) : delta + t0));
}

template <class T>
__device__ __noinline__ T special_boxcox_value(T x, T lmbda) {
  return boxcox(x, lmbda);
}

template <class T>
__device__ __noinline__ T special_boxcox1p_value(T x, T lmbda) {
  return boxcox1p(x, lmbda);
}

template <class T>
__device__ __noinline__ T special_inv_boxcox_value(T x, T lmbda) {
  return inv_boxcox(x, lmbda);
}

template <class T>
__device__ __noinline__ T special_inv_boxcox1p_value(T x, T lmbda) {
  return inv_boxcox1p(x, lmbda);
}

template <class T>
__device__ __noinline__ T special_dawsn_value(T x) {
  return dawsn(x);
}

template <class T>
__device__ __noinline__ T special_erf_value(T x) {
  return erf(x);
}

template <class T>
__device__ __noinline__ T special_erfc_value(T x) {
  return erfc(x);
}

template <class T>
__device__ __noinline__ T special_erfcinv_value(T x) {
  return erfcinv(x);
}

template <class T>
__device__ __noinline__ T special_erfcx_value(T x) {
  return erfcx(x);
}

template <class T>
__device__ __noinline__ T special_erfinv_value(T x) {
  return erfinv(x);
}

template <class T>
__device__ __noinline__ T special_ndtr_value(T x) {
  return ndtr(x);
}

template <class T>
__device__ __noinline__ T special_ndtri_value(T x) {
  return ndtri(x);
}

template <class T>
__device__ __noinline__ T special_log_ndtr_value(T x) {
  return log_ndtr(x);
}

template <class T>
__device__ __noinline__ T special_digamma_value(T x) {
  return digamma(x);
}

template <class T>
__device__ __noinline__ T special_gamma_value(T x) {
  return gamma(x);
}

template <class T>
__device__ __noinline__ T special_gammaln_value(T x) {
  return gammaln(x);
}

template <class T>
__device__ __noinline__ T special_loggamma_value(T x) {
  return loggamma(x);
}

template <class T>
__device__ __noinline__ T special_polygamma_value(T n, T x) {
  return polygamma(n, x);
}

template <class T>
__device__ __noinline__ T special_zeta_value(T x, T q) {
  return zeta(x, q);
}

template <class T>
__device__ __noinline__ T special_rgamma_value(T x) {
  return rgamma(x);
}

template <class T>
__device__ __noinline__ T special_beta_value(T a, T b) {
  return beta(a, b);
}

template <class T>
__device__ __noinline__ T special_betaln_value(T a, T b) {
  return betaln(a, b);
}

template <class T>
__device__ __noinline__ T special_i0_value(T x) {
  return i0(x);
}

template <class T>
__device__ __noinline__ T special_i0e_value(T x) {
  return i0e(x);
}

template <class T>
__device__ __noinline__ T special_i1_value(T x) {
  return i1(x);
}

template <class T>
__device__ __noinline__ T special_i1e_value(T x) {
  return i1e(x);
}

template <class T>
__device__ __noinline__ T special_j0_value(T x) {
  return j0(x);
}

template <class T>
__device__ __noinline__ T special_j1_value(T x) {
  return j1(x);
}

template <class T>
__device__ __noinline__ T special_k0_value(T x) {
  return k0(x);
}

template <class T>
__device__ __noinline__ T special_k0e_value(T x) {
  return k0e(x);
}

template <class T>
__device__ __noinline__ T special_k1_value(T x) {
  return k1(x);
}

template <class T>
__device__ __noinline__ T special_k1e_value(T x) {
  return k1e(x);
}

template <class T>
__device__ __noinline__ T special_y0_value(T x) {
  return y0(x);
}

template <class T>
__device__ __noinline__ T special_y1_value(T x) {
  return y1(x);
}

template <class T>
__device__ __noinline__ T special_yn_value(T n, T x) {
  return yn(n, x);
}

template <class T>
__device__ __noinline__ T special_exp1_value(T x) {
  return exp1(x);
}

template <class T>
__device__ __noinline__ T special_expi_value(T x) {
  return expi(x);
}

template <class T>
__device__ __noinline__ T special_spence_value(T x) {
  return spence(x);
}

template <class T>
__device__ inline T sigmoid_value(T x) {
  const T t0 = exp(-fabs(x));
  return (x >= T(0) ? T(1) : t0) / (T(1) + t0);
}

template <class T>
__device__ inline T relu_value(T x) {
  return maximum(x, T(0));
}

template <class T>
__device__ inline T relu6_value(T x) {
  return clip(x, T(0.0), T(6.0));
}

template <class T>
__device__ inline T leakyrelu_value(T x, T a) {
  return x > T(0) ? x : a * x;
}

template <class T>
__device__ inline T trelu_value(T x, T theta) {
  return x <= theta ? T(0.0) : x;
}

template <class T>
__device__ inline T elu_value(T x, T alpha) {
  return x >= T(0) ? x : alpha * expm1(minimum(x, T(0)));
}

template <class T>
__device__ inline T celu_value(T x, T alpha) {
  return x >= T(0) ? x : alpha * expm1(minimum(x, T(0)) / alpha);
}

template <class T>
__device__ inline T selu_value(T x) {
  return T(1.0507009873554805) * (x > T(0) ? x : T(1.6732632423543772) * expm1(minimum(x, T(0))));
}

template <class T>
__device__ inline T hardsigmoid_value(T x) {
  return clip(x / T(6) + T(0.5), T(0.0), T(1.0));
}

template <class T>
__device__ inline T hardtanh_value(T x) {
  return clip(x, T(-1.0), T(1.0));
}

template <class T>
__device__ inline T softsign_value(T x) {
  return x / (T(1) + fabs(x));
}

template <class T>
__device__ inline T softshrink_value(T x, T threshold) {
  return x - clip(x, -threshold, threshold);
}

template <class T>
__device__ inline T hardshrink_value(T x, T threshold) {
  return fabs(x) <= threshold ? T(0.0) : x;
}

template <class T>
__device__ inline T tanhshrink_value(T x) {
  return x - tanh(x);
}

template <class T>
__device__ inline T softplus_value(T x) {
  return maximum(x, T(0.0)) + log1p(exp(-fabs(x)));
}

template <class T>
__device__ inline T logsigmoid_value(T x) {
  return minimum(x, T(0.0)) - log1p(exp(-fabs(x)));
}

template <class T>
__device__ inline T logcosh_value(T x) {
  const T t0 = fabs(x);
  const T t1 = expm1(-t0);
  return t0 + log1p(T(0.5) * t1 * (t1 + T(2)));
}

template <class T>
__device__ inline T logistic_loss_value(T logits, T target) {
  return maximum(logits, T(0.0)) - target * logits + log1p(exp(-fabs(logits)));
}

template <class T>
__device__ inline T swish_value(T x) {
  return maximum(x, T(-1000.0)) * sigmoid_value(x);
}

template <class T>
__device__ inline T mish_value(T x) {
  return maximum(x, T(-1000.0)) * tanh(softplus_value(x));
}

template <class T>
__device__ inline T gelu_tanh_value(T x) {
  const T t0 = clip(x, T(-25.0), T(25.0));
  return maximum(x, T(-1000.0)) * sigmoid_value(T(1.5957691216057308) * t0 * (T(1) + T(0.044715) * t0 * t0));
}

template <class T>
__device__ inline T gelu_sigmoid_value(T x) {
  return maximum(x, T(-1000.0)) * sigmoid_value(T(1.702) * clip(x, T(-500.0), T(500.0)));
}

template <class T>
__device__ inline T normal_cdf_value(T x) {
  return T(0.5) * erfc(T(-0.7071067811865476) * clip(x, T(-40.0), T(40.0)));
}

template <class T>
__device__ inline T gelu_erf_value(T x) {
  return maximum(x, T(-1000.0)) * normal_cdf_value(x);
}

template <class T>
__device__ inline T hardswish_value(T x) {
  return maximum(x, T(-1000.0)) * hardsigmoid_value(x);
}

template <class T>
__device__ inline T lisht_value(T x) {
  return x * tanh(x);
}

template <class T>
__device__ inline T huber_value(T error, T delta) {
  const T t0 = fabs(error);
  const T t1 = minimum(t0, delta);
  return t1 * (t0 - T(0.5) * t1);
}

template <class T>
__device__ inline T multiply_da(T y, T a, T b) {
  return b;
}

template <class T>
__device__ inline T multiply_db(T y, T a, T b) {
  return a;
}

template <class T>
__device__ inline T divide_da(T y, T a, T b) {
  return T(1) / b;
}

template <class T>
__device__ inline T divide_db(T y, T a, T b) {
  return -y / b;
}

template <class T>
__device__ inline T reciprocal_dx(T y, T x) {
  return -y * y;
}

template <class T>
__device__ inline T square_dx(T y, T x) {
  return T(2) * x;
}

template <class T>
__device__ inline T sqrt_dx(T y, T x) {
  return T(0.5) / y;
}

template <class T>
__device__ inline T pow_dx(T y, T x, T n) {
  return n * pow(x, n == T(0) ? T(1) : n - T(1));
}

template <class T>
__device__ inline T pow_dn(T y, T x, T n) {
  return y * log(x == T(0) ? T(1) : x);
}

template <class T>
__device__ inline T cbrt_dx(T y, T x) {
  return T(1) / (T(3) * y * y);
}

template <class T>
__device__ inline T fmod_db(T y, T a, T b) {
  return -trunc(a / b);
}

template <class T>
__device__ inline T remainder_db(T y, T a, T b) {
  return -floor_divide(a, b);
}

template <class T>
__device__ inline T hypot_da(T y, T a, T b) {
  return a / (y == T(0) ? T(1) : y);
}

template <class T>
__device__ inline T hypot_db(T y, T a, T b) {
  return b / (y == T(0) ? T(1) : y);
}

template <class T>
__device__ inline T copysign_da(T y, T a, T b) {
  return sign(a) * sign(y);
}

template <class T>
__device__ inline T maximum_da(T y, T a, T b) {
  return T(0.5) * (T(a > b) + T(a >= b));
}

template <class T>
__device__ inline T maximum_db(T y, T a, T b) {
  return T(0.5) * (T(b > a) + T(b >= a));
}

template <class T>
__device__ inline T minimum_da(T y, T a, T b) {
  return T(0.5) * (T(a < b) + T(a <= b));
}

template <class T>
__device__ inline T minimum_db(T y, T a, T b) {
  return T(0.5) * (T(b < a) + T(b <= a));
}

template <class T>
__device__ inline T exp_dx(T y, T x) {
  return y;
}

template <class T>
__device__ inline T exp2_dx(T y, T x) {
  return T(0.6931471805599453) * y;
}

template <class T>
__device__ inline T expm1_dx(T y, T x) {
  return y + T(1);
}

template <class T>
__device__ inline T log_dx(T y, T x) {
  return T(1) / x;
}

template <class T>
__device__ inline T log1p_dx(T y, T x) {
  return T(1) / (T(1) + x);
}

template <class T>
__device__ inline T log2_dx(T y, T x) {
  return T(1) / (x * T(0.6931471805599453));
}

template <class T>
__device__ inline T log10_dx(T y, T x) {
  return T(1) / (x * T(2.302585092994046));
}

template <class T>
__device__ inline T logaddexp_da(T y, T a, T b) {
  return exp(a - y);
}

template <class T>
__device__ inline T logaddexp_db(T y, T a, T b) {
  return exp(b - y);
}

template <class T>
__device__ inline T sin_dx(T y, T x) {
  return cos(x);
}

template <class T>
__device__ inline T cos_dx(T y, T x) {
  return -sin(x);
}

template <class T>
__device__ inline T tan_dx(T y, T x) {
  return T(1) + y * y;
}

template <class T>
__device__ inline T asin_dx(T y, T x) {
  return T(1) / sqrt(T(1) - x * x);
}

template <class T>
__device__ inline T acos_dx(T y, T x) {
  return T(-1) / sqrt(T(1) - x * x);
}

template <class T>
__device__ inline T atan_dx(T y, T x) {
  return T(1) / (T(1) + x * x);
}

template <class T>
__device__ inline T atan2_da(T y, T a, T b) {
  return b / (a * a + b * b);
}

template <class T>
__device__ inline T atan2_db(T y, T a, T b) {
  return -a / (a * a + b * b);
}

template <class T>
__device__ inline T sinh_dx(T y, T x) {
  return cosh(x);
}

template <class T>
__device__ inline T cosh_dx(T y, T x) {
  return sinh(x);
}

template <class T>
__device__ inline T tanh_dx(T y, T x) {
  return T(1) - y * y;
}

template <class T>
__device__ inline T asinh_dx(T y, T x) {
  return T(1) / sqrt(T(1) + x * x);
}

template <class T>
__device__ inline T acosh_dx(T y, T x) {
  return T(1) / (sqrt(x - T(1)) * sqrt(x + T(1)));
}

template <class T>
__device__ inline T atanh_dx(T y, T x) {
  return T(1) / (T(1) - x * x);
}

template <class T>
__device__ __noinline__ T special_cosm1_dx(T y, T x) {
  return -sin(x);
}

template <class T>
__device__ __noinline__ T special_exp10_dx(T y, T x) {
  return y * T(2.302585092994046);
}

template <class T>
__device__ __noinline__ T special_expit_dx(T y, T x) {
  return y * (T(1) - y);
}

template <class T>
__device__ __noinline__ T special_log_expit_dx(T y, T x) {
  return special_expit_value(-x);
}

template <class T>
__device__ __noinline__ T special_logit_dx(T y, T x) {
  return T(1) / (x * (T(1) - x));
}

template <class T>
__device__ __noinline__ T special_exprel_dx(T y, T x) {
  const T t0 = fabs(x) < T(0.5) ? x : T(0.0);
  const T t1 = fabs(x) < T(0.5) ? T(1.0) : x;
  const T t2 = T(1) / t1;
  return fabs(x) < T(0.5) ? ((((((((((((T(1.0706029224547743e-11) * t0 + T(1.4911969277048643e-10)) * t0 + T(1.9270852604185937e-09)) * t0 + T(2.296443268665491e-08)) * t0 + T(2.505210838544172e-07)) * t0 + T(2.48015873015873e-06)) * t0 + T(2.2045855379188714e-05)) * t0 + T(0.00017361111111111112)) * t0 + T(0.0011904761904761906)) * t0 + T(0.006944444444444444)) * t0 + T(0.03333333333333333)) * t0 + T(0.125)) * t0 + T(0.3333333333333333)) * t0 + T(0.5) : special_exprel_value(t1) * (T(1) - t2) + t2;
}

template <class T>
__device__ __noinline__ T special_xlogy_da(T y, T a, T b) {
  return log(b + T(a == T(0) && b == T(0)));
}

template <class T>
__device__ __noinline__ T special_xlogy_db(T y, T a, T b) {
  return a / (b + T(a == T(0) && b == T(0)));
}

template <class T>
__device__ __noinline__ T special_xlog1py_da(T y, T a, T b) {
  return log1p(b + T(a == T(0) && T(1) + b == T(0)));
}

template <class T>
__device__ __noinline__ T special_xlog1py_db(T y, T a, T b) {
  const T t0 = T(1) + b;
  return a / (t0 + T(a == T(0) && t0 == T(0)));
}

template <class T>
__device__ __noinline__ T special_entr_dx(T y, T x) {
  return -log(x) - T(1);
}

template <class T>
__device__ __noinline__ T special_rel_entr_da(T y, T a, T b) {
  const T t0 = T(a == T(0) && b == T(0));
  return log((a + t0) / (b + t0)) + T(1) - t0;
}

template <class T>
__device__ __noinline__ T special_rel_entr_db(T y, T a, T b) {
  return -a / (b + T(a == T(0) && b == T(0)));
}

template <class T>
__device__ __noinline__ T special_kl_div_da(T y, T a, T b) {
  const T t0 = T(a == T(0) && b == T(0));
  return log((a + t0) / (b + t0));
}

template <class T>
__device__ __noinline__ T special_kl_div_db(T y, T a, T b) {
  return T(1) - a / (b + T(a == T(0) && b == T(0)));
}

template <class T>
__device__ __noinline__ T special_huber_ddelta(T y, T delta, T r) {
  const T t0 = fabs(r);
  return t0 <= delta ? T(0.0) : t0 - delta;
}

template <class T>
__device__ __noinline__ T special_huber_dr(T y, T delta, T r) {
  return fabs(r) <= delta ? r : delta * sign(r);
}

template <class T>
__device__ __noinline__ T special_pseudo_huber_ddelta(T y, T delta, T r) {
  const T t0 = hypot(delta, r);
  const T t1 = t0 == T(0) ? T(1) : t0;
  return r * (r / t1) * square(r / (delta + t1));
}

template <class T>
__device__ __noinline__ T special_pseudo_huber_dr(T y, T delta, T r) {
  const T t0 = hypot(delta, r);
  return delta * (r / (t0 == T(0) ? T(1) : t0));
}

template <class T>
__device__ __noinline__ T special_boxcox_dx(T y, T x, T lmbda) {
  return pow(x, lmbda - T(1));
}

template <class T>
__device__ __noinline__ T special_boxcox_dlmbda(T y, T x, T lmbda) {
  const T t0 = T(x == T(0));
  const T t1 = log(x + t0);
  const T t2 = lmbda * t1;
  const T t3 = fabs(t2) < T(0.5) ? t2 : T(0.0);
  const T t4 = fabs(t2) < T(0.5) ? T(1.0) : t2;
  const T t5 = T(1) / t4;
  return square(t1) * (fabs(t2) < T(0.5) ? ((((((((((((T(1.0706029224547743e-11) * t3 + T(1.4911969277048643e-10)) * t3 + T(1.9270852604185937e-09)) * t3 + T(2.296443268665491e-08)) * t3 + T(2.505210838544172e-07)) * t3 + T(2.48015873015873e-06)) * t3 + T(2.2045855379188714e-05)) * t3 + T(0.00017361111111111112)) * t3 + T(0.0011904761904761906)) * t3 + T(0.006944444444444444)) * t3 + T(0.03333333333333333)) * t3 + T(0.125)) * t3 + T(0.3333333333333333)) * t3 + T(0.5) : special_exprel_value(t4) * (T(1) - t5) + t5) + t0 * square(y);
}

template <class T>
__device__ __noinline__ T special_boxcox1p_dx(T y, T x, T lmbda) {
  return pow(T(1) + x, lmbda - T(1));
}

template <class T>
__device__ __noinline__ T special_boxcox1p_dlmbda(T y, T x, T lmbda) {
  const T t0 = T(x == T(-1));
  const T t1 = log1p(x + t0);
  const T t2 = lmbda * t1;
  const T t3 = fabs(t2) < T(0.5) ? t2 : T(0.0);
  const T t4 = fabs(t2) < T(0.5) ? T(1.0) : t2;
  const T t5 = T(1) / t4;
  return square(t1) * (fabs(t2) < T(0.5) ? ((((((((((((T(1.0706029224547743e-11) * t3 + T(1.4911969277048643e-10)) * t3 + T(1.9270852604185937e-09)) * t3 + T(2.296443268665491e-08)) * t3 + T(2.505210838544172e-07)) * t3 + T(2.48015873015873e-06)) * t3 + T(2.2045855379188714e-05)) * t3 + T(0.00017361111111111112)) * t3 + T(0.0011904761904761906)) * t3 + T(0.006944444444444444)) * t3 + T(0.03333333333333333)) * t3 + T(0.125)) * t3 + T(0.3333333333333333)) * t3 + T(0.5) : special_exprel_value(t4) * (T(1) - t5) + t5) + t0 * square(y);
}

template <class T>
__device__ __noinline__ T special_inv_boxcox_dx(T y, T x, T lmbda) {
  return pow(y, T(1) - lmbda);
}

template <class T>
__device__ __noinline__ T special_inv_boxcox_dlmbda(T y, T x, T lmbda) {
  const T t0 = T(y == T(0));
  const T t1 = log(y + t0);
  const T t2 = lmbda * t1;
  const T t3 = fabs(t2) < T(0.5) ? t2 : T(0.0);
  const T t4 = fabs(t2) < T(0.5) ? T(1.0) : t2;
  const T t5 = T(1) / t4;
  return -pow(y, T(1) - lmbda) * (square(t1) * (fabs(t2) < T(0.5) ? ((((((((((((T(1.0706029224547743e-11) * t3 + T(1.4911969277048643e-10)) * t3 + T(1.9270852604185937e-09)) * t3 + T(2.296443268665491e-08)) * t3 + T(2.505210838544172e-07)) * t3 + T(2.48015873015873e-06)) * t3 + T(2.2045855379188714e-05)) * t3 + T(0.00017361111111111112)) * t3 + T(0.0011904761904761906)) * t3 + T(0.006944444444444444)) * t3 + T(0.03333333333333333)) * t3 + T(0.125)) * t3 + T(0.3333333333333333)) * t3 + T(0.5) : special_exprel_value(t4) * (T(1) - t5) + t5) + t0 * square(x));
}

template <class T>
__device__ __noinline__ T special_inv_boxcox1p_dx(T y, T x, T lmbda) {
  return pow(T(1) + y, T(1) - lmbda);
}

template <class T>
__device__ __noinline__ T special_inv_boxcox1p_dlmbda(T y, T x, T lmbda) {
  const T t0 = T(y == T(-1));
  const T t1 = log1p(y + t0);
  const T t2 = lmbda * t1;
  const T t3 = fabs(t2) < T(0.5) ? t2 : T(0.0);
  const T t4 = fabs(t2) < T(0.5) ? T(1.0) : t2;
  const T t5 = T(1) / t4;
  return -pow(T(1) + y, T(1) - lmbda) * (square(t1) * (fabs(t2) < T(0.5) ? ((((((((((((T(1.0706029224547743e-11) * t3 + T(1.4911969277048643e-10)) * t3 + T(1.9270852604185937e-09)) * t3 + T(2.296443268665491e-08)) * t3 + T(2.505210838544172e-07)) * t3 + T(2.48015873015873e-06)) * t3 + T(2.2045855379188714e-05)) * t3 + T(0.00017361111111111112)) * t3 + T(0.0011904761904761906)) * t3 + T(0.006944444444444444)) * t3 + T(0.03333333333333333)) * t3 + T(0.125)) * t3 + T(0.3333333333333333)) * t3 + T(0.5) : special_exprel_value(t4) * (T(1) - t5) + t5) + t0 * square(x));
}

template <class T>
__device__ __noinline__ T special_dawsn_dx(T y, T x) {
  const T t0 = fabs(real(x)) - fabs(imag(x)) > T(15) ? x : T(20.0);
  const T t1 = T(0.5) / t0 / t0;
  return fabs(real(x)) - fabs(imag(x)) > T(15) ? -(t1 * (T(1) + T(3) * t1 * (T(1) + T(5) * t1 * (T(1) + T(7) * t1 * (T(1) + T(9) * t1 * (T(1) + T(11) * t1 * (T(1) + T(13) * t1 * (T(1) + T(15) * t1 * (T(1) + T(17) * t1 * (T(1) + T(19) * t1 * T(1.0))))))))))) : T(1) - T(2) * x * y;
}

template <class T>
__device__ __noinline__ T special_erf_dx(T y, T x) {
  return T(1.1283791670955126) * exp(-x * x);
}

template <class T>
__device__ __noinline__ T special_erfc_dx(T y, T x) {
  return T(-1.1283791670955126) * exp(-x * x);
}

template <class T>
__device__ __noinline__ T special_erfcinv_dx(T y, T x) {
  return T(-0.8862269254527579) * exp(y * y);
}

template <class T>
__device__ __noinline__ T special_erfcx_dx(T y, T x) {
  const T t0 = real(x) > T(15) ? x : T(20.0);
  const T t1 = T(-0.5) / t0 / t0;
  return real(x) > T(15) ? T(1.1283791670955126) * (t1 * (T(1) + T(3) * t1 * (T(1) + T(5) * t1 * (T(1) + T(7) * t1 * (T(1) + T(9) * t1 * (T(1) + T(11) * t1 * (T(1) + T(13) * t1 * (T(1) + T(15) * t1 * (T(1) + T(17) * t1 * (T(1) + T(19) * t1 * T(1.0))))))))))) : T(2) * x * y - T(1.1283791670955126);
}

template <class T>
__device__ __noinline__ T special_erfinv_dx(T y, T x) {
  return T(0.8862269254527579) * exp(y * y);
}

template <class T>
__device__ __noinline__ T special_ndtr_dx(T y, T x) {
  return exp(T(-0.5) * x * x) / T(2.5066282746310002);
}

template <class T>
__device__ __noinline__ T special_ndtri_dx(T y, T x) {
  return T(2.5066282746310002) * exp(T(0.5) * y * y);
}

template <class T>
__device__ __noinline__ T special_log_ndtr_dx(T y, T x) {
  const T t0 = x < T(0) ? T(0.0) : x;
  return x < T(0) ? T(0.7978845608028654) / erfcx((x < T(0) ? x : T(0.0)) * T(-0.7071067811865476)) : exp(T(-0.5) * t0 * t0) / (T(2.5066282746310002) * ndtr(t0));
}

template <class T>
__device__ __noinline__ T special_digamma_dx(T y, T x) {
  return polygamma(T(1), x);
}

template <class T>
__device__ __noinline__ T special_gamma_dx(T y, T x) {
  return y * digamma(x);
}

template <class T>
__device__ __noinline__ T special_gammaln_dx(T y, T x) {
  return digamma(x);
}

template <class T>
__device__ __noinline__ T special_loggamma_dx(T y, T x) {
  return digamma(x);
}

template <class T>
__device__ __noinline__ T special_polygamma_dx(T y, T n, T x) {
  return polygamma(n + T(1), x);
}

template <class T>
__device__ __noinline__ T special_zeta_dq(T y, T x, T q) {
  return -x * zeta(x + T(1), q);
}

template <class T>
__device__ __noinline__ T special_rgamma_dx(T y, T x) {
  const T t0 = x < T(0.5) ? x : T(0.0);
  const T t1 = T(1) - t0;
  const T t2 = T(3.141592653589793) * t0;
  return x < T(0.5) ? gamma(t1) * (cos(t2) - sin(t2) * digamma(t1) / T(3.141592653589793)) : -y * digamma(x < T(0.5) ? T(1.0) : x);
}

template <class T>
__device__ __noinline__ T special_beta_da(T y, T a, T b) {
  return y * (digamma(a) - digamma(a + b));
}

template <class T>
__device__ __noinline__ T special_beta_db(T y, T a, T b) {
  return y * (digamma(b) - digamma(a + b));
}

template <class T>
__device__ __noinline__ T special_betaln_da(T y, T a, T b) {
  return digamma(a) - digamma(a + b);
}

template <class T>
__device__ __noinline__ T special_betaln_db(T y, T a, T b) {
  return digamma(b) - digamma(a + b);
}

template <class T>
__device__ __noinline__ T special_binom_dn(T y, T n, T k) {
  const T t0 = n - k + T(1);
  const T t1 = t0 <= T(0) && t0 == floor(t0) ? t0 : T(1.0);
  const T t2 = t1 < T(0.5) ? t1 : T(0.0);
  const T t3 = T(1) - t2;
  const T t4 = T(3.141592653589793) * t2;
  return y * digamma(n + T(1)) - (t0 <= T(0) && t0 == floor(t0) ? -(gamma((t0 <= T(0) && t0 == floor(t0) ? n : T(1.0)) + T(1)) * rgamma((t0 <= T(0) && t0 == floor(t0) ? k : T(1.0)) + T(1))) * (t1 < T(0.5) ? gamma(t3) * (cos(t4) - sin(t4) * digamma(t3) / T(3.141592653589793)) : -rgamma(t1) * digamma(t1 < T(0.5) ? T(1.0) : t1)) : y * digamma(t0 <= T(0) && t0 == floor(t0) ? T(1.0) : t0));
}

template <class T>
__device__ __noinline__ T special_binom_dk(T y, T n, T k) {
  const T t0 = n - k;
  const T t1 = t0 + T(1);
  const T t2 = t1 <= T(0) && t1 == floor(t1) ? t1 : T(1.0);
  const T t3 = t2 < T(0.5) ? t2 : T(0.0);
  const T t4 = T(1) - t3;
  const T t5 = T(3.141592653589793) * t3;
  const T t6 = k + T(1);
  const T t7 = t6 <= T(0) && t6 == floor(t6) ? t6 : T(1.0);
  const T t8 = t7 < T(0.5) ? t7 : T(0.0);
  const T t9 = T(1) - t8;
  const T t10 = T(3.141592653589793) * t8;
  return (t1 <= T(0) && t1 == floor(t1) ? -(gamma((t1 <= T(0) && t1 == floor(t1) ? n : T(1.0)) + T(1)) * rgamma((t1 <= T(0) && t1 == floor(t1) ? k : T(1.0)) + T(1))) * (t2 < T(0.5) ? gamma(t4) * (cos(t5) - sin(t5) * digamma(t4) / T(3.141592653589793)) : -rgamma(t2) * digamma(t2 < T(0.5) ? T(1.0) : t2)) : y * digamma(t1 <= T(0) && t1 == floor(t1) ? T(1.0) : t1)) - (t6 <= T(0) && t6 == floor(t6) ? -(gamma((t6 <= T(0) && t6 == floor(t6) ? n : T(1.0)) + T(1)) * rgamma((t6 <= T(0) && t6 == floor(t6) ? t0 : T(1.0)) + T(1))) * (t7 < T(0.5) ? gamma(t9) * (cos(t10) - sin(t10) * digamma(t9) / T(3.141592653589793)) : -rgamma(t7) * digamma(t7 < T(0.5) ? T(1.0) : t7)) : y * digamma(t6 <= T(0) && t6 == floor(t6) ? T(1.0) : t6));
}

template <class T>
__device__ __noinline__ T special_poch_dz(T y, T z, T m) {
  return y * (digamma(z + m) - digamma(z));
}

template <class T>
__device__ __noinline__ T special_poch_dm(T y, T z, T m) {
  return y * digamma(z + m);
}

template <class T>
__device__ __noinline__ T special_betainc_dx(T y, T a, T b, T x) {
  const T t0 = a - T(1);
  const T t1 = b - T(1);
  const T t2 = betaln(a, b);
  const T t3 = x == T(0) || x == T(1) ? T(0.5) : x;
  return x == T(0) || x == T(1) ? pow(x == T(0) || x == T(1) ? x : T(1.0), t0) * pow(x == T(0) || x == T(1) ? T(1) - x : T(1.0), t1) * exp(x == T(0) || x == T(1) ? -t2 : T(0.0)) : exp(t0 * log(t3) + t1 * log1p(-t3) - t2);
}

template <class T>
__device__ __noinline__ T special_gammainc_dx(T y, T a, T x) {
  const T t0 = x < T(1) ? x : T(1.0);
  const T t1 = a - T(1);
  const T t2 = x < T(1) ? T(1.0) : x;
  return x < T(1) ? pow(t0, t1) * exp(-t0) * rgamma(a) : exp(t1 * log(t2) - t2 - gammaln(a));
}

template <class T>
__device__ __noinline__ T special_gammaincc_dx(T y, T a, T x) {
  const T t0 = x < T(1) ? x : T(1.0);
  const T t1 = a - T(1);
  const T t2 = x < T(1) ? T(1.0) : x;
  return -(x < T(1) ? pow(t0, t1) * exp(-t0) * rgamma(a) : exp(t1 * log(t2) - t2 - gammaln(a)));
}

template <class T>
__device__ __noinline__ T special_i0_dx(T y, T x) {
  return i1(x);
}

template <class T>
__device__ __noinline__ T special_i0e_dx(T y, T x) {
  return i1e(x) - sign(x) * y;
}

template <class T>
__device__ __noinline__ T special_i1_dx(T y, T x) {
  const T t0 = fabs(x) < T(1.0) ? x : T(0.0);
  const T t1 = t0 * t0 / T(4);
  return i0(x) - (fabs(x) < T(1.0) ? T(1.0) * ((((((((T(3.417326292656981e-11) * t1 + T(2.460474930713026e-09)) * t1 + T(1.3778659611992944e-07)) * t1 + T(5.787037037037037e-06)) * t1 + T(0.00017361111111111112)) * t1 + T(0.003472222222222222)) * t1 + T(0.041666666666666664)) * t1 + T(0.25)) * t1 + T(0.5)) : y / (fabs(x) < T(1.0) ? T(1.0) : x));
}

template <class T>
__device__ __noinline__ T special_i1e_dx(T y, T x) {
  const T t0 = fabs(x) < T(1.0) ? x : T(0.0);
  const T t1 = t0 * t0 / T(4);
  return i0e(x) - sign(x) * y - (fabs(x) < T(1.0) ? exp(-fabs(t0)) * ((((((((T(3.417326292656981e-11) * t1 + T(2.460474930713026e-09)) * t1 + T(1.3778659611992944e-07)) * t1 + T(5.787037037037037e-06)) * t1 + T(0.00017361111111111112)) * t1 + T(0.003472222222222222)) * t1 + T(0.041666666666666664)) * t1 + T(0.25)) * t1 + T(0.5)) : y / (fabs(x) < T(1.0) ? T(1.0) : x));
}

template <class T>
__device__ __noinline__ T special_j0_dx(T y, T x) {
  return -j1(x);
}

template <class T>
__device__ __noinline__ T special_j1_dx(T y, T x) {
  const T t0 = fabs(x) < T(1.0) ? x : T(0.0);
  const T t1 = t0 * t0 / T(4);
  return j0(x) - (fabs(x) < T(1.0) ? T(1.0) * ((((((((T(3.417326292656981e-11) * t1 + T(-2.460474930713026e-09)) * t1 + T(1.3778659611992944e-07)) * t1 + T(-5.787037037037037e-06)) * t1 + T(0.00017361111111111112)) * t1 + T(-0.003472222222222222)) * t1 + T(0.041666666666666664)) * t1 + T(-0.25)) * t1 + T(0.5)) : y / (fabs(x) < T(1.0) ? T(1.0) : x));
}

template <class T>
__device__ __noinline__ T special_k0_dx(T y, T x) {
  return -k1(x);
}

template <class T>
__device__ __noinline__ T special_k0e_dx(T y, T x) {
  return (x == T(0) ? T(0.0) : y) - k1e(x);
}

template <class T>
__device__ __noinline__ T special_k1_dx(T y, T x) {
  return -k0(x) - y / x;
}

template <class T>
__device__ __noinline__ T special_k1e_dx(T y, T x) {
  return (x == T(0) ? T(0.0) : y) - k0e(x) - y / x;
}

template <class T>
__device__ __noinline__ T special_y0_dx(T y, T x) {
  return -y1(x);
}

template <class T>
__device__ __noinline__ T special_y1_dx(T y, T x) {
  return y0(x + T(x == T(0))) - y / x;
}

template <class T>
__device__ __noinline__ T special_yn_dx(T y, T n, T x) {
  return T(0.5) * (yn(n - T(1), x) - yn(n + T(1), x));
}

template <class T>
__device__ __noinline__ T special_exp1_dx(T y, T x) {
  return -exp(-x) / x;
}

template <class T>
__device__ __noinline__ T special_expi_dx(T y, T x) {
  return exp(x) / x;
}

template <class T>
__device__ __noinline__ T special_spence_dx(T y, T x) {
  const T t0 = x - T(1);
  const T t1 = fabs(t0) < T(0.05) ? t0 : T(0.0);
  const T t2 = fabs(t0) < T(0.05) ? T(2.0) : x;
  return fabs(t0) < T(0.05) ? ((((((((((((T(0.07142857142857142) * t1 + T(-0.07692307692307693)) * t1 + T(0.08333333333333333)) * t1 + T(-0.09090909090909091)) * t1 + T(0.1)) * t1 + T(-0.1111111111111111)) * t1 + T(0.125)) * t1 + T(-0.14285714285714285)) * t1 + T(0.16666666666666666)) * t1 + T(-0.2)) * t1 + T(0.25)) * t1 + T(-0.3333333333333333)) * t1 + T(0.5)) * t1 + T(-1.0) : log(t2) / (T(1) - t2);
}

template <class T>
__device__ inline T sigmoid_dx(T y, T x) {
  return y * (T(1) - y);
}

template <class T>
__device__ inline T relu_dx(T y, T x) {
  return sign(y);
}

template <class T>
__device__ inline T relu6_dx(T y, T x) {
  return T(y > T(0)) * T(y < T(6));
}

template <class T>
__device__ inline T leakyrelu_dx(T y, T x, T a) {
  const T t0 = T(x > T(0));
  return t0 + a * (T(1) - t0);
}

template <class T>
__device__ inline T leakyrelu_da(T y, T x, T a) {
  return x > T(0) ? T(0.0) : x;
}

template <class T>
__device__ inline T trelu_dx(T y, T x, T theta) {
  return T(x > theta);
}

template <class T>
__device__ inline T elu_dx(T y, T x, T alpha) {
  return x >= T(0) ? T(1.0) : alpha * exp(minimum(x, T(0)));
}

template <class T>
__device__ inline T elu_dalpha(T y, T x, T alpha) {
  return expm1(minimum(x, T(0)));
}

template <class T>
__device__ inline T celu_dx(T y, T x, T alpha) {
  return exp(minimum(x, T(0)) / alpha);
}

template <class T>
__device__ inline T celu_dalpha(T y, T x, T alpha) {
  const T t0 = minimum(x, T(0)) / alpha;
  return expm1(t0) - t0 * exp(t0);
}

template <class T>
__device__ inline T selu_dx(T y, T x) {
  return T(1.0507009873554805) * (x > T(0) ? T(1.0) : T(1.6732632423543772) * exp(minimum(x, T(0))));
}

template <class T>
__device__ inline T hardsigmoid_dx(T y, T x) {
  return T(fabs(x) < T(3)) / T(6);
}

template <class T>
__device__ inline T hardtanh_dx(T y, T x) {
  return T(fabs(x) < T(1));
}

template <class T>
__device__ inline T softsign_dx(T y, T x) {
  return square(T(1) / (T(1) + fabs(x)));
}

template <class T>
__device__ inline T softshrink_dx(T y, T x, T threshold) {
  return T(fabs(x) > threshold);
}

template <class T>
__device__ inline T softshrink_dthreshold(T y, T x, T threshold) {
  return -sign(y);
}

template <class T>
__device__ inline T hardshrink_dx(T y, T x, T threshold) {
  return T(fabs(x) > threshold);
}

template <class T>
__device__ inline T tanhshrink_dx(T y, T x) {
  return square(tanh(x));
}

template <class T>
__device__ inline T softplus_dx(T y, T x) {
  return sigmoid_value(x);
}

template <class T>
__device__ inline T logsigmoid_dx(T y, T x) {
  return sigmoid_value(-x);
}

template <class T>
__device__ inline T logcosh_dx(T y, T x) {
  return tanh(x);
}

template <class T>
__device__ inline T logistic_loss_dlogits(T y, T logits, T target) {
  return sigmoid_value(logits) - target;
}

template <class T>
__device__ inline T logistic_loss_dtarget(T y, T logits, T target) {
  return -logits;
}

template <class T>
__device__ inline T swish_dx(T y, T x) {
  const T t0 = sigmoid_value(x);
  return t0 + clip(x, T(-1000.0), T(1000.0)) * t0 * sigmoid_value(-x);
}

template <class T>
__device__ inline T mish_dx(T y, T x) {
  const T t0 = tanh(softplus_value(x));
  return t0 + clip(x, T(-1000.0), T(1000.0)) * (T(1) - square(t0)) * sigmoid_value(x);
}

template <class T>
__device__ inline T gelu_tanh_dx(T y, T x) {
  const T t0 = clip(x, T(-25.0), T(25.0));
  const T t1 = T(1.5957691216057308) * t0 * (T(1) + T(0.044715) * t0 * t0);
  const T t2 = sigmoid_value(t1);
  return t2 + t0 * t2 * sigmoid_value(-t1) * (T(1.5957691216057308) * (T(1) + T(0.134145) * t0 * t0));
}

template <class T>
__device__ inline T gelu_sigmoid_dx(T y, T x) {
  const T t0 = T(1.702) * clip(x, T(-500.0), T(500.0));
  const T t1 = sigmoid_value(t0);
  return t1 + clip(t0, T(-1000.0), T(1000.0)) * t1 * sigmoid_value(-t0);
}

template <class T>
__device__ inline T normal_cdf_dx(T y, T x) {
  const T t0 = clip(x, T(-40.0), T(40.0));
  return exp(T(-0.5) * t0 * t0) / T(2.5066282746310002);
}

template <class T>
__device__ inline T gelu_erf_dx(T y, T x) {
  const T t0 = clip(x, T(-40.0), T(40.0));
  return normal_cdf_value(x) + t0 * (exp(T(-0.5) * t0 * t0) / T(2.5066282746310002));
}

template <class T>
__device__ inline T hardswish_dx(T y, T x) {
  return x < T(-3) ? T(0.0) : (x > T(3) ? T(1.0) : x / T(3) + T(0.5));
}

template <class T>
__device__ inline T lisht_dx(T y, T x) {
  const T t0 = tanh(x);
  return t0 + clip(x, T(-1000.0), T(1000.0)) * (T(1) - square(t0));
}

template <class T>
__device__ inline T huber_derror(T y, T error, T delta) {
  return clip(error, -delta, delta);
}

template <class T>
__device__ inline T huber_ddelta(T y, T error, T delta) {
  return relu_value(fabs(error) - delta);
}

}  // namespace gpugrad
