// SciPy's special functions of real numbers, where CUDA has none; those of CUDA under SciPy's name.
//
// CuPy ships SciPy's own library, xsf. To include it, a compilation takes 3 s where it takes 0.2 s
// without, and it computes in double, whatever it is given: here float stays float. So these are
// written out, by the same sources. A relative error is a few units in the last place, but near the
// zeros of a function other than the first positive one of digamma; there it is an absolute one.
//
// An order is a number of the same type, and whole. Called as CUDA has them: erf, erfc, erfcinv,
// erfcx, erfinv, j0, j1, y0, y1.
#pragma once

#include "common.cuh"
#include "numbers.cuh"

namespace gpugrad {

inline constexpr double PI = 3.14159265358979323846;
inline constexpr double EULER = 0.57721566490153286061;

// The polynomial of these coefficients, that of the highest power first.
template <class T, class... Lower>
__device__ inline T polynomial(T x, double highest, Lower... lower) {
  T y = T(highest);
  ((y = y * x + T(lower)), ...);
  return y;
}

// c₀/2 + Σ cₖ Tₖ(t/2), c₀ being the last of the coefficients; float needs so many of the last ones.
// Cephes, chbevl.c.
template <int of_float, class T, int size>
__device__ inline T chebyshev(T t, const double (&c)[size]) {
  constexpr int first = sizeof(T) == sizeof(float) ? size - of_float : 0;
  T sum = T(c[first]);
  T before = 0;
  T last = 0;
#pragma unroll
  for (int k = first + 1; k < size; ++k) {
    last = before;
    before = sum;
    sum = t * before - last + T(c[k]);
  }
  return T(0.5) * (sum - last);
}

template <class T>
__device__ inline bool is_pole_of_gamma(T x) {
  return x <= 0 && x == floor(x);
}

// --- Box and Cox's transformation ------------------------------------------------------------

// (eᶻ to the λ − 1) / λ
template <class T>
__device__ inline T boxcox_of_log(T z, T lambda) {
  return lambda == 0 ? z : expm1(lambda * z) / lambda;
}

template <class T>
__device__ inline T log_of_boxcox(T y, T lambda) {
  return lambda == 0 ? y : log1p(lambda * y) / lambda;
}

template <class T>
__device__ inline T boxcox(T x, T lambda) {
  return boxcox_of_log(log(x), lambda);
}

template <class T>
__device__ inline T boxcox1p(T x, T lambda) {
  return boxcox_of_log(log1p(x), lambda);
}

template <class T>
__device__ inline T inv_boxcox(T y, T lambda) {
  return exp(log_of_boxcox(y, lambda));
}

template <class T>
__device__ inline T inv_boxcox1p(T y, T lambda) {
  return expm1(log_of_boxcox(y, lambda));
}

// --- The normal distribution -----------------------------------------------------------------

template <class T>
__device__ inline T ndtr(T x) {
  return normcdf(x);
}

template <class T>
__device__ inline T ndtri(T p) {
  return normcdfinv(p);
}

// On the left Φ(x) underflows, but not e^(x²/2) Φ(x).
template <class T>
__device__ inline T log_ndtr(T x) {
  if (x < -1) return T(-0.5) * x * x + log(T(0.5) * erfcx(x * T(-0.70710678118654752)));
  return log1p(-normcdf(-x));
}

// Dawson's integral: the power series near 0, then G. B. Rybicki's sum of sampled Gaussians,
// e^−(x − nh)² / n over odd n, by √π; Computers in Physics 3 (1989) 85. With h = 1/4 the error of
// the sum itself is e^−(2π)².
template <class T>
__device__ inline T dawsn(T x) {
  const T a = fabs(x);
  if (a < T(0.5)) {
    T y = 1;
#pragma unroll
    for (int k = 12; k > 0; --k) y = 1 - T(2) / T(2 * k + 1) * (a * a) * y;
    return x * y;
  }
  if (a > T(1e8)) return T(0.5) / x;
  const T n = 2 * rint(2 * a);  // n h is the sample nearest to a of those with even n
  const T d = a - T(0.25) * n;
  const T ratio = exp(T(0.5) * d);
  const T first = T(0.93941306281347578612);   // e^−h²
  const T second = T(0.60653065971263342360);  // e^−8h²
  T left = first * ratio;
  T right = first / ratio;
  T left_step = second * ratio * ratio;
  T right_step = second / (ratio * ratio);
  T sum = 0;
  for (int k = 1; k < (sizeof(T) == sizeof(float) ? 18 : 26); k += 2) {
    sum += left / (n + k) + right / (n - k);
    left *= left_step;
    right *= right_step;
    left_step *= second;
    right_step *= second;
  }
  return copysign(T(0.56418958354775628695) * exp(-d * d) * sum, x);  // 1/√π
}

// --- The gamma function and its kin ----------------------------------------------------------

template <class T>
__device__ inline T gamma(T x) {
  return tgamma(x);
}

template <class T>
__device__ inline T gammaln(T x) {
  return lgamma(x);
}

template <class T>
__device__ inline T loggamma(T x) {
  return x < 0 ? T(not_a_number()) : lgamma(x);
}

template <class T>
__device__ inline T rgamma(T x) {
  return x < 0 && is_pole_of_gamma(x) ? T(0) : 1 / tgamma(x);
}

// Γ'/Γ. The steps are those of Cephes, psi.c; between 1 and 2, a Chebyshev series by the distance
// from the zero.
template <class T>
__device__ inline T digamma(T x) {
  if (x == 0) return copysign(T(infinity()), -x);
  if (is_pole_of_gamma(x)) return T(not_a_number());
  T y = 0;
  if (x < 0) {
    y = T(-PI) * cospi(x) / sinpi(x);
    x = 1 - x;
  }
  if (x < 1) {
    y -= 1 / x;
    x += 1;
  }
  while (x > 2 && x < 10) {
    x -= 1;
    y += 1 / x;
  }
  if (x <= 2) {
    constexpr double zero = 1.4616321449683623413;
    constexpr double rest_of_double = 9.5499954299656977152e-17;
    constexpr double rest = zero - double(T(zero)) + rest_of_double;
    const double slope[] = {
        1.39170776947415407e-17,  -8.11148420346509003e-17, 4.72773617860191139e-16,
        -2.75554313774388131e-15, 1.60606463629507501e-14,  -9.36099313103643816e-14,
        5.45614757032279418e-13,  -3.18023536582553001e-12, 1.85373519205363789e-11,
        -1.08059302888326601e-10, 6.29971723610893091e-10,  -3.67329591856517904e-9,
        2.14250093223594737e-8,   -1.25028868135595955e-7,  7.30276927246592305e-7,
        -4.27210340299933221e-6,  0.0000250605434683591444, -0.000147734926506060433,
        0.000878865693782050533,  -0.00532007727159654744,  0.033368899023930109,
        -0.227064086334644397,    1.96714052088313398};
    return y + (x - T(zero) - T(rest)) * chebyshev<11>(4 * x - 6, slope);
  }
  const T z = 1 / (x * x);
  const T tail =
      z * polynomial(z, 1. / 12, -691. / 32760, 1. / 132, -1. / 240, 1. / 252, -1. / 120, 1. / 12);
  return y + log(x) - T(0.5) / x - tail;
}

// The derivative of digamma: https://dlmf.nist.gov/5.5, 5.15.
template <class T>
__device__ inline T trigamma(T x) {
  if (is_pole_of_gamma(x)) return T(infinity());
  T reflected = 0;
  T y = 0;
  const bool left = x < 0;
  if (left) {
    reflected = square(T(PI) / sinpi(x));
    x = 1 - x;
  }
  while (x < 10) {
    y += 1 / (x * x);
    x += 1;
  }
  const T u = 1 / x;
  const T z = u * u;
  const T tail = polynomial(z, -3617. / 510, 7. / 6, -691. / 2730, 5. / 66, -1. / 30, 1. / 42,
                            -1. / 30, 1. / 6);
  y += u + z * (T(0.5) + u * tail);
  return left ? reflected - y : y;
}

// Σ (q + k)⁻ˣ for q > 0, by Euler and Maclaurin's formula. Cephes, zeta.c.
template <class T>
__device__ __noinline__ T zeta_of_positive(T x, T q) {
  constexpr T epsilon = sizeof(T) == sizeof(float) ? 6e-8 : 1.1e-16;
  if (q > T(1e8)) return (1 / (x - 1) + 1 / (2 * q)) * pow(q, 1 - x);
  T sum = pow(q, -x);
  T term = 0;
  for (int k = 0; k < 9 || q <= 9; ++k) {
    q += 1;
    term = pow(q, -x);
    sum += term;
    if (term * q <= epsilon * sum * (x - 1)) return sum;
  }
  sum += term * q / (x - 1) - T(0.5) * term;
  const double bernoulli[] = {1. / 12,  // B₂ⱼ / (2j)!
                              -1. / 720,
                              1. / 30240,
                              -1. / 1209600,
                              1. / 47900160,
                              -691. / 1307674368e3,
                              1. / 7.47242496e10,
                              -3617. / 1.067062284288e16,
                              43867. / 5.109094217170944e18,
                              -174611. / 8.028576626982912e20};
  T factor = x;
#pragma unroll
  for (int j = 0; j < 10; ++j) {
    term /= q;
    const T correction = factor * term * T(bernoulli[j]);
    sum += correction;
    if (fabs(correction) <= epsilon * sum) return sum;
    factor *= (x + T(2 * j + 1)) * (x + T(2 * j + 2));
    term /= q;
  }
  return sum;
}

// The Hurwitz zeta function. For negative q, x must be whole; with q = m + d, |d| ≤ 1/2, the terms
// of all whole numbers in place of m + k are summed, less those that are too many.
template <class T>
__device__ inline T zeta(T x, T q) {
  if (x == 1) return T(infinity());
  if (!(x > 1)) return T(not_a_number());
  if (q > 0 || q != q) return zeta_of_positive(x, q);
  const T d = q - rint(q);
  if (d == 0 || q == -T(infinity())) return T(infinity());
  if (x != floor(x)) return T(not_a_number());
  const T left = zeta_of_positive(x, 1 - d) - zeta_of_positive(x, 1 - q);
  const bool is_even = T(0.5) * x == floor(T(0.5) * x);
  return pow(d, -x) + zeta_of_positive(x, 1 + d) + (is_even ? left : -left);
}

// The derivative of order n of digamma, ∓ n! ζ(n + 1, x).
template <class T>
__device__ inline T polygamma(T n, T x) {
  if (n == 0) return digamma(x);
  if (n == 1) return trigamma(x);
  if (!(n > 0) || n != floor(n)) return T(not_a_number());
  const T y = tgamma(n + 1) * zeta(n + 1, x);
  return T(0.5) * n == floor(T(0.5) * n) ? -y : y;
}

// log Γ(x) − (x − 1/2) log x + x − log(2π)/2 for x ≥ 10: https://dlmf.nist.gov/5.11.
template <class T>
__device__ inline T rest_of_stirling(T x) {
  const T u = 1 / x;
  return u * polynomial(u * u, -3617. / 122400, 1. / 156, -691. / 360360, 1. / 1188, -1. / 1680,
                        1. / 1260, -1. / 360, 1. / 12);
}

// log |B(a, b)|; where one of them is large, by what Stirling's formulas leave.
template <class T>
__device__ inline T betaln(T a, T b) {
  const T small = a < b ? a : b;
  const T large = a < b ? b : a;
  if (!(small > 0)) return lgamma(small) + (lgamma(large) - lgamma(small + large));
  if (large < 10) return log(tgamma(small) * (tgamma(large) / tgamma(small + large)));
  const T sum = small + large;
  const T rest = rest_of_stirling(large) - rest_of_stirling(sum);
  const T of_large = (T(0.5) - large) * log1p(small / large);
  if (small < 10) return lgamma(small) + (of_large - small * (log(sum) - 1) + rest);
  return of_large - small * log1p(large / small) - T(0.5) * log(small) +
         (T(0.91893853320467274178) + (rest + rest_of_stirling(small)));  // log(2π)/2
}

// B(a, b); of negative arguments as long as their gamma functions are within range.
template <class T>
__device__ inline T beta(T a, T b) {
  constexpr T limit = sizeof(T) == sizeof(float) ? 34 : 170;
  const T small = a < b ? a : b;
  const T large = a < b ? b : a;
  if (small > 0 && small + large > limit) return exp(betaln(a, b));
  return tgamma(small) * (tgamma(large) * rgamma(small + large));
}

// --- Bessel functions ------------------------------------------------------------------------

// e^−|x| I₀(x) and e^−|x| I₁(x). Cephes, i0.c and i1.c.
template <class T>
__device__ inline T i0e(T x) {
  const T a = fabs(x);
  if (a <= 8) {
    const double near[] = {
        -4.41534164647933937950E-18, 3.33079451882223809783E-17,  -2.43127984654795469359E-16,
        1.71539128555513303061E-15,  -1.16853328779934516808E-14, 7.67618549860493561688E-14,
        -4.85644678311192946090E-13, 2.95505266312963983461E-12,  -1.72682629144155570723E-11,
        9.67580903537323691224E-11,  -5.18979560163526290666E-10, 2.65982372468238665035E-9,
        -1.30002500998624804212E-8,  6.04699502254191894932E-8,   -2.67079385394061173391E-7,
        1.11738753912010371815E-6,   -4.41673835845875056359E-6,  1.64484480707288970893E-5,
        -5.75419501008210370398E-5,  1.88502885095841655729E-4,   -5.76375574538582365885E-4,
        1.63947561694133579842E-3,   -4.32430999505057594430E-3,  1.05464603945949983183E-2,
        -2.37374148058994688156E-2,  4.93052842396707084878E-2,   -9.49010970480476444210E-2,
        1.71620901522208775349E-1,   -3.04682672343198398683E-1,  6.76795274409476084995E-1};
    return chebyshev<19>(T(0.5) * a - 2, near);
  }
  const double far[] = {
      -7.23318048787475395456E-18, -4.83050448594418207126E-18, 4.46562142029675999901E-17,
      3.46122286769746109310E-17,  -2.82762398051658348494E-16, -3.42548561967721913462E-16,
      1.77256013305652638360E-15,  3.81168066935262242075E-15,  -9.55484669882830764870E-15,
      -4.15056934728722208663E-14, 1.54008621752140982691E-14,  3.85277838274214270114E-13,
      7.18012445138366623367E-13,  -1.79417853150680611778E-12, -1.32158118404477131188E-11,
      -3.14991652796324136454E-11, 1.18891471078464383424E-11,  4.94060238822496958910E-10,
      3.39623202570838634515E-9,   2.26666899049817806459E-8,   2.04891858946906374183E-7,
      2.89137052083475648297E-6,   6.88975834691682398426E-5,   3.36911647825569408990E-3,
      8.04490411014108831608E-1};
  return chebyshev<7>(32 / a - 2, far) / sqrt(a);
}

template <class T>
__device__ inline T i1e(T x) {
  const T a = fabs(x);
  if (a <= 8) {
    const double near[] = {
        2.77791411276104639959E-18,  -2.11142121435816608115E-17, 1.55363195773620046921E-16,
        -1.10559694773538630805E-15, 7.60068429473540693410E-15,  -5.04218550472791168711E-14,
        3.22379336594557470981E-13,  -1.98397439776494371520E-12, 1.17361862988909016308E-11,
        -6.66348972350202774223E-11, 3.62559028155211703701E-10,  -1.88724975172282928790E-9,
        9.38153738649577178388E-9,   -4.44505912879632808065E-8,  2.00329475355213526229E-7,
        -8.56872026469545474066E-7,  3.47025130813767847674E-6,   -1.32731636560394358279E-5,
        4.78156510755005422638E-5,   -1.61760815825896745588E-4,  5.12285956168575772895E-4,
        -1.51357245063125314899E-3,  4.15642294431288815669E-3,   -1.05640848946261981558E-2,
        2.47264490306265168283E-2,   -5.29459812080949914269E-2,  1.02643658689847095384E-1,
        -1.76416518357834055153E-1,  2.52587186443633654823E-1};
    return x * chebyshev<17>(T(0.5) * a - 2, near);
  }
  const double far[] = {
      7.51729631084210481353E-18,  4.41434832307170791151E-18,  -4.65030536848935832153E-17,
      -3.20952592199342395980E-17, 2.96262899764595013876E-16,  3.30820231092092828324E-16,
      -1.88035477551078244854E-15, -3.81440307243700780478E-15, 1.04202769841288027642E-14,
      4.27244001671195135429E-14,  -2.10154184277266431302E-14, -4.08355111109219731823E-13,
      -7.19855177624590851209E-13, 2.03562854414708950722E-12,  1.41258074366137813316E-11,
      3.25260358301548823856E-11,  -1.89749581235054123450E-11, -5.58974346219658380687E-10,
      -3.83538038596423702205E-9,  -2.63146884688951950684E-8,  -2.51223623787020892529E-7,
      -3.88256480887769039346E-6,  -1.10588938762623716291E-4,  -9.76109749136146840777E-3,
      7.78576235018280120474E-1};
  return copysign(chebyshev<7>(32 / a - 2, far) / sqrt(a), x);
}

// In halves, since e^|x| overflows before I₀(x) does.
template <class T>
__device__ inline T i0(T x) {
  const T e = exp(T(0.5) * fabs(x));
  return e * i0e(x) * e;
}

template <class T>
__device__ inline T i1(T x) {
  const T e = exp(T(0.5) * fabs(x));
  return e * i1e(x) * e;
}

// eˣ K₀(x) and eˣ K₁(x) for x > 2. Cephes, k0.c and k1.c.
template <class T>
__device__ inline T k0e_far(T x) {
  const double far[] = {
      5.30043377268626276149E-18,  -1.64758043015242134646E-17, 5.21039150503902756861E-17,
      -1.67823109680541210385E-16, 5.51205597852431940784E-16,  -1.84859337734377901440E-15,
      6.34007647740507060557E-15,  -2.22751332699166985548E-14, 8.03289077536357521100E-14,
      -2.98009692317273043925E-13, 1.14034058820847496303E-12,  -4.51459788337394416547E-12,
      1.85594911495471785253E-11,  -7.95748924447710747776E-11, 3.57739728140030116597E-10,
      -1.69753450938905987466E-9,  8.57403401741422608519E-9,   -4.66048989768794782956E-8,
      2.76681363944501510342E-7,   -1.83175552271911948767E-6,  1.39498137188764993662E-5,
      -1.28495495816278026384E-4,  1.56988388573005337491E-3,   -3.14481013119645005427E-2,
      2.44030308206595545468E0};
  return chebyshev<10>(8 / x - 2, far) / sqrt(x);
}

template <class T>
__device__ inline T k1e_far(T x) {
  const double far[] = {
      -5.75674448366501715755E-18, 1.79405087314755922667E-17,  -5.68946255844285935196E-17,
      1.83809354436663880070E-16,  -6.05704724837331885336E-16, 2.03870316562433424052E-15,
      -7.01983709041831346144E-15, 2.47715442448130437068E-14,  -8.97670518232499435011E-14,
      3.34841966607842919884E-13,  -1.28917396095102890680E-12, 5.13963967348173025100E-12,
      -2.12996783842756842877E-11, 9.21831518760500529508E-11,  -4.19035475934189648750E-10,
      2.01504975519703286596E-9,   -1.03457624656780970260E-8,  5.74108412545004946722E-8,
      -3.50196060308781257119E-7,  2.40648494783721712015E-6,   -1.93619797416608296024E-5,
      1.95215518471351631108E-4,   -2.85781685962277938680E-3,  1.03923736576817238437E-1,
      2.72062619048444266945E0};
  return chebyshev<10>(8 / x - 2, far) / sqrt(x);
}

// K₀(x) and K₁(x) for x ≤ 2: infinite at 0, and NaN of the logarithm left of it.
template <class T>
__device__ inline T k0_near(T x) {
  const double near[] = {1.37446543561352307156E-16, 4.25981614279661018399E-14,
                         1.03496952576338420167E-11, 1.90451637722020886025E-9,
                         2.53479107902614945675E-7,  2.28621210311945178607E-5,
                         1.26461541144692592338E-3,  3.59799365153615016266E-2,
                         3.44289899924628486886E-1,  -5.35327393233902768720E-1};
  return chebyshev<7>(x * x - 2, near) - log(T(0.5) * x) * i0(x);
}

template <class T>
__device__ inline T k1_near(T x) {
  const double near[] = {
      -7.02386347938628759343E-18, -2.42744985051936593393E-15, -6.66690169419932900609E-13,
      -1.41148839263352776110E-10, -2.21338763073472585583E-8,  -2.43340614156596823496E-6,
      -1.73028895751305206302E-4,  -6.97572385963986435018E-3,  -1.22611180822657148235E-1,
      -3.53155960776544875667E-1,  1.52530022733894777053E0};
  if (x == 0) return T(infinity());
  return log(T(0.5) * x) * i1(x) + chebyshev<7>(x * x - 2, near) / x;
}

template <class T>
__device__ inline T k0(T x) {
  return x <= 2 ? k0_near(x) : exp(-x) * k0e_far(x);
}

template <class T>
__device__ inline T k0e(T x) {
  return x <= 2 ? exp(x) * k0_near(x) : k0e_far(x);
}

template <class T>
__device__ inline T k1(T x) {
  return x <= 2 ? k1_near(x) : exp(-x) * k1e_far(x);
}

template <class T>
__device__ inline T k1e(T x) {
  return x <= 2 ? exp(x) * k1_near(x) : k1e_far(x);
}

// Y of whole order n, by the recurrence from Y₀ and Y₁, which is stable; Y₋ₙ = (−1)ⁿ Yₙ.
template <class T>
__device__ inline T yn(T n, T x) {
  const T order = fabs(n);
  if (order != floor(order)) return T(not_a_number());
  const bool is_odd = T(0.5) * order != floor(T(0.5) * order);
  T before = y0(x);
  T y = order == 0 ? before : T(y1(x));
  for (T k = 1; k < order && fabs(y) < T(infinity()); k += 1) {
    const T next = 2 * k / x * y - before;
    before = y;
    y = next;
  }
  return n < 0 && is_odd ? -y : y;
}

// --- Integrals -------------------------------------------------------------------------------

// Σ xᵏ / (k k!)
template <class T>
__device__ inline T exponential_series(T x) {
  constexpr T epsilon = sizeof(T) == sizeof(float) ? 3e-8 : 5e-17;
  T power = 1;
  T sum = 0;
  for (int k = 1; k < 64; ++k) {
    power *= x / T(k);
    const T term = power / T(k);
    sum += term;
    if (fabs(term) <= epsilon * fabs(sum)) break;
  }
  return sum;
}

// E₁(x) = ∫ e⁻ᵗ/t from x on; beyond 1, a Chebyshev series of x eˣ E₁(x) in (x − 4) / (x + 2).
template <class T>
__device__ inline T exp1(T x) {
  if (x <= 1) return -T(EULER) - log(x) - exponential_series(-x);
  const double far[] = {
      1.24079030977266665e-17,  3.40250009120220502e-17,   8.26315384669117269e-17,
      2.48566482205344323e-16,  5.57546076435788566e-16,   1.99214881501343499e-15,
      3.64706061387521303e-15,  1.80613052023310171e-14,   1.99768037349729116e-14,
      1.90349837842074334e-13,  1.92163189696090504e-14,   2.3503376379304491e-12,
      -2.33060554885482407e-12, 3.34489111661080513e-11,   -6.52588195038335528e-11,
      5.34036095105355257e-10,  -1.43099011021830687e-9,   9.36719272473665184e-9,
      -2.99753175815637522e-8,  1.7940130173068852e-7,     -6.42436733099017454e-7,
      3.80056827802469237e-6,   -0.0000147950528921023349, 0.0000929551445605918249,
      -0.000390763676226659369, 0.00294989163755370051,    -0.0135896341278675922,
      0.198779482149470155,     1.62433909585834022};
  return exp(-x) / x * chebyshev<12>(2 - 12 / (x + 2), far);
}

// Ei(x) = −E₁(−x), through 0 by the principal value; beyond 12, a Chebyshev series of x e⁻ˣ Ei(x)
// in (x − 36) / (x + 12).
template <class T>
__device__ inline T expi(T x) {
  if (x < 0) return -exp1(-x);
  if (x <= 12) return T(EULER) + log(x) + exponential_series(x);
  const double far[] = {
      1.02495741081095872e-17,   8.71717212786111604e-18,  -6.11102757729148154e-17,
      -4.16210069677569342e-17,  3.83678222281922072e-16,  1.17199406841686481e-16,
      -2.48307708594825909e-15,  7.10227944126893393e-16,  1.58438340794576648e-14,
      -1.82022253987230368e-14,  -9.0914544613696862e-14,  2.3231025184372748e-13,
      3.49754094866291039e-13,   -2.24066444864278787e-12, 1.15374033128504466e-12,
      1.52399286090415848e-11,   -4.21142095156597142e-11, -2.35891484221167865e-11,
      4.2102626196707436e-10,    -1.0709067008552338e-9,   -1.4384113156991178e-10,
      1.02933304512162729e-8,    -4.10528862162555105e-8,  8.90583710437803663e-8,
      -5.54068281819637855e-8,   -5.01148131021254592e-7,  3.09490564698652772e-6,
      -0.0000126855596350350237, 0.0000463823013527587832, -0.00016844529117229533,
      0.000639387130465406159,   -0.00257623496487448631,  0.01096417129726614,
      -0.0487295037599865095,    2.0796686660837309};
  if (x > 1000) return T(infinity());
  const T e = exp(T(0.5) * x);  // in halves, since eˣ overflows before Ei(x) does
  return e * (chebyshev<15>(2 - 96 / (x + 12), far) / x) * e;
}

// The dilogarithm of 1 − x. Cephes, spence.c.
template <class T>
__device__ inline T spence(T x) {
  if (x < 0) return T(not_a_number());
  if (x == 0) return T(PI * PI / 6);
  const bool inverted = x > T(1.5);
  const bool reflected = x < T(0.5) || x > 2;
  const T z = x > 2 ? 1 / x : x;
  const T w = reflected ? -z : inverted ? 1 / z - 1 : z - 1;
  T y = -w *
        polynomial(w, 4.65128586073990045278E-5, 7.31589045238094711071E-3,
                   1.33847639578309018650E-1, 8.79691311754530315341E-1, 2.71149851196553469920E0,
                   4.25697156008121755724E0, 3.29771340985225106936E0, 1.0) /
        polynomial(w, 6.90990488912553276999E-4, 2.54043763932544379113E-2,
                   2.82974860602568089943E-1, 1.41172597751831069617E0, 3.63800533345137075418E0,
                   5.03278880143316990390E0, 3.54771340985225096217E0, 1.0);
  if (reflected) y = T(PI * PI / 6) - log(z) * log1p(-z) - y;
  const T logarithm = log(x);
  return inverted ? T(-0.5) * logarithm * logarithm - y : y;
}

}  // namespace gpugrad
