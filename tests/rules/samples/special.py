"""Samples of special functions."""

from gpugrad.functions import special as S
from tests.rows import (
    BOTH,
    COMPLEX,
    REAL,
    Domain,
    above_one,
    anything,
    distinct,
    nonzero,
    number,
    positive,
    probability,
    row,
    unit,
)

NO_SPECIAL = {"strict": "it has no special functions"}
REAL_IN_CUPY = {"cupy complex": "CuPy's takes real numbers alone"}
OF_ORDERS = {"cupy": "CuPy has Bessel functions of fixed orders, and y of integer ones"}
NOT_IN_CUPY = {
    **dict.fromkeys((S.dawsn, S.erf, S.erfc, S.erfcx, S.exp1, S.expi), REAL_IN_CUPY),
    **dict.fromkeys((S.ndtr, S.spence), REAL_IN_CUPY),
    **dict.fromkeys((S.iv, S.ive, S.jv, S.kv, S.kve, S.yv), OF_ORDERS),
    S.fresnel: {"cupy": "CuPy has no Fresnel integrals"},
}


def special(f, *args, **options):
    """Write a row of a function that SciPy has, and CuPy perhaps."""
    return row(f, *args, not_in=NO_SPECIAL | NOT_IN_CUPY.get(f, {}), **options)


negative = Domain(lambda rng, shape: rng.uniform(-1.8, -1.2, shape))
tail = Domain(lambda rng, shape: rng.uniform(-12, -8, shape))

# Written in elementary functions too, and so on every library.
UNARY_EVERYWHERE = [
    (S.cosm1, anything),
    (S.entr, positive),
    (S.exp10, unit),
    (S.expit, anything),
    (S.exprel, anything),
    (S.log_expit, anything),
    (S.logit, probability),
]
BINARY_EVERYWHERE = [
    (S.boxcox, positive, nonzero),
    (S.boxcox1p, positive, nonzero),
    (S.huber, positive, distinct),
    (S.inv_boxcox, positive, positive),
    (S.inv_boxcox1p, positive, positive),
    (S.kl_div, positive, positive),
    (S.pseudo_huber, positive, anything),
    (S.rel_entr, positive, positive),
    (S.xlog1py, anything, positive),
    (S.xlogy, anything, positive),
]
UNARY = [
    (S.dawsn, anything, BOTH),
    (S.erf, anything, BOTH),
    (S.erfc, anything, BOTH),
    (S.erfcinv, probability, REAL),
    (S.erfcx, anything, BOTH),
    (S.erfinv, unit, REAL),
    (S.exp1, positive, BOTH),
    (S.expi, positive, REAL),
    (S.digamma, positive, REAL),
    (S.fresnel, anything, BOTH),
    (S.gamma, positive, REAL),
    (S.gammaln, positive, REAL),
    (S.i0e, nonzero, REAL),
    (S.i1, anything, REAL),
    (S.i1e, nonzero, REAL),
    (S.j0, anything, REAL),
    (S.j1, anything, REAL),
    (S.k0, positive, REAL),
    (S.k0e, positive, REAL),
    (S.k1, positive, REAL),
    (S.k1e, positive, REAL),
    (S.log_ndtr, anything, REAL),
    (S.loggamma, positive, REAL),
    (S.ndtr, anything, BOTH),
    (S.ndtri, probability, REAL),
    (S.rgamma, anything, REAL),
    (S.shichi, nonzero, REAL),
    (S.sici, positive, REAL),
    (S.spence, positive, BOTH),
    (S.y0, positive, REAL),
    (S.y1, positive, REAL),
]
BINARY = [
    (S.beta, positive, positive),
    (S.betaln, positive, positive),
    (S.binom, above_one, unit),
    (S.poch, positive, positive),
]
WITH_PARAMETERS = [
    (S.betainc, (2, 3), probability, REAL),
    (S.gammainc, (2,), positive, REAL),
    (S.gammaincc, (3,), positive, REAL),
    (S.iv, (2,), anything, REAL),
    (S.ive, (1,), nonzero, REAL),
    (S.jv, (2,), anything, REAL),
    (S.kv, (1,), positive, BOTH),
    (S.kve, (1,), positive, BOTH),
    (S.polygamma, (0,), positive, REAL),
    (S.polygamma, (2,), positive, REAL),
    (S.yn, (2,), positive, REAL),
    (S.yv, (1,), positive, REAL),
    (S.zeta, (3,), positive, REAL),
]

SPECIAL = [
    *(
        write(f, x, takes=takes)
        for write, f, domain, takes in [
            *((row, *line, REAL) for line in UNARY_EVERYWHERE),
            *((special, *line) for line in UNARY),
        ]
        for x in (domain(2, 3), number(domain))
    ),
    *(
        write(f, *args, takes=BOTH if f in (S.xlogy, S.xlog1py) else REAL)
        for write, f, a, b in [
            *((row, *line) for line in BINARY_EVERYWHERE),
            *((special, *line) for line in BINARY),
        ]
        for args in [
            (a(2, 3), b(2, 3)),
            (a(3), b(2, 1)),
            (a(3), number(b)),
            (number(a), b(3)),
            (number(a), number(b)),
        ]
    ),
    *(
        special(f, *parameters, x, takes=takes)
        for f, parameters, domain, takes in WITH_PARAMETERS
        for x in (domain(2, 3), number(domain))
    ),
    # SciPy is not exact to rounding where these are nearly real.
    *(
        special(f, *args, takes=COMPLEX)
        for f, *args in [
            (S.expi, positive(3)),
            (S.jv, 2, anything(3)),
            (S.sici, positive(3)),
            (S.yv, 1, positive(3)),
        ]
    ),
    special(S.erf, anything()),
    special(S.erf, anything(0, 3)),
    special(S.i0, anything(2, 3)),
    row(S.huber, probability(3), negative(3), note="beyond delta"),
    special(S.betainc, 1, 1, probability(3)),
    special(S.gammainc, 1, positive(3)),
    special(S.gammaincc, 2, above_one(3)),
    special(S.log_ndtr, tail(3), note="tail"),
    special(S.rgamma, negative(3), note="negative"),
    special(S.multigammaln, above_one(3), d=1),
    special(S.multigammaln, above_one(2, 2), d=3),
    *(
        row(f, x, note="SciPy's", **options)  # beside gpugrad's own
        for f in (S.logsumexp, S.softmax, S.log_softmax)
        for x, options in [
            (anything(3, 4), {}),
            (anything(3, 4), {"axis": 0}),
            (anything(2, 3, 2), {"axis": (0, -1)}),
            (anything(3, 1), {"axis": 1}),
            (anything(0, 3), {"axis": 1}),
        ]
    ),
    row(S.logsumexp, anything(3, 4), axis=1, keepdims=True),
    row(S.logsumexp, anything(3, 4), keepdims=True),
    row(S.logsumexp, anything(3, 4), 1, positive(4)),
    row(S.logsumexp, anything(4), 1, positive(3, 1), keepdims=True),
    row(S.logsumexp, anything(3, 4), 0, nonzero(3, 4), return_sign=True),
    row(S.logsumexp, anything(5), return_sign=True),
    row(S.logsumexp, number(anything)),
]
