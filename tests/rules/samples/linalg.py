"""Samples of linear algebra."""

import math

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.kinds import kind_of
from gpugrad.dispatch.libraries import create
from gpugrad.dispatch.primitive import Composite
from gpugrad.functions import linalg, matrices
from gpugrad.functions.einstein import einsum
from tests.rows import (
    BOTH,
    COMPLEX,
    Domain,
    anything,
    between,
    nonzero,
    positive,
    row,
)

LINALG = [
    *(
        row(F.matmul, anything(*a), anything(*b), takes=BOTH)
        for a, b in [
            ((3,), (3,)),
            ((2, 3), (3,)),
            ((3,), (3, 4)),
            ((2, 3), (3, 4)),
            ((2, 1), (1, 4)),
            ((1, 3), (3, 1)),
            ((5, 2, 3), (5, 3, 4)),
            ((5, 2, 3), (3, 4)),
            ((2, 3), (5, 3, 4)),
            ((1, 2, 3), (5, 3, 4)),
            ((4, 1, 2, 3), (5, 3, 2)),
            ((4, 1, 2, 3), (1, 5, 3, 2)),
            ((5, 2, 3), (3,)),
            ((3,), (5, 3, 4)),
            ((0, 3), (3, 2)),
            ((2, 0), (0, 3)),
            ((0,), (0,)),
            ((0, 2, 3), (3, 2)),
        ]
    ),
    *(
        row(F.linear, anything(*x), anything(3, 2), anything(*bias), takes=BOTH)
        for x in [(4, 3), (3,), (5, 4, 3), (1, 3), (0, 3)]
        for bias in [(2,), ()]
    ),
    row(F.linear, anything(4, 3), anything(3, 2), anything(4, 2)),
    row(F.linear, anything(4, 3), anything(3), anything(1)),
    row(F.linear, anything(2, 3), anything(2, 3, 2), anything(2)),
    row(F.matrix_transpose, anything(2, 3), takes=BOTH),
    row(F.matrix_transpose, anything(4, 2, 3), takes=BOTH),
    row(F.matrix_transpose, anything(0, 3)),
    row(F.tensordot, anything(2, 3, 4), anything(3, 4, 5), takes=BOTH),
    row(F.tensordot, anything(2, 3), anything(3, 4), axes=1, takes=BOTH),
    row(
        F.tensordot,
        anything(2, 3),
        anything(4),
        axes=0,
        takes=BOTH,
    ),
    row(F.tensordot, anything(3), anything(3), axes=1, takes=BOTH),
    row(F.tensordot, anything(2, 3), anything(2, 3), takes=BOTH),
    row(F.tensordot, anything(2, 3, 4), anything(4, 3), axes=((1, 2), (1, 0)), takes=BOTH),
    row(F.tensordot, anything(2, 3, 4), anything(5, 2), axes=((0,), (1,)), takes=BOTH),
    row(F.tensordot, anything(2, 3, 4), anything(5, 2, 3), axes=((1, 0), (2, 1))),
    row(F.tensordot, anything(2, 3, 4), anything(4, 5), axes=((-1,), (-2,)), takes=BOTH),
    row(F.tensordot, anything(0, 3), anything(3, 2), axes=1),
    row(F.vecdot, anything(3), anything(3), takes=BOTH, analytic=False),
    row(F.vecdot, anything(2, 3), anything(2, 3), takes=BOTH, analytic=False),
    row(F.vecdot, anything(2, 3), anything(3), takes=BOTH, analytic=False),
    row(F.vecdot, anything(4, 1, 3), anything(2, 3), takes=BOTH, analytic=False),
    row(F.vecdot, anything(3, 2), anything(3, 2), axis=-2, takes=BOTH, analytic=False),
    row(F.vecdot, anything(2, 0), anything(2, 0)),
]

NO_HALF = {"float16": "NumPy's linear algebra has none"}
NUMPY_ONLY = {"strict": "an option of NumPy's, not in the standard"}


def lapack(function, *args, in_standard=True, **options):
    """Write a row of what LAPACK computes."""
    return row(function, *args, not_in=NO_HALF if in_standard else NO_HALF | NUMPY_ONLY, **options)


def _regular(rng, shape):
    """Draw matrices far from singular, with values well apart: near diag(1, 2, …)."""
    return 0.2 * rng.uniform(-1, 1, shape) + np.eye(*shape[-2:]) * (1 + np.arange(shape[-1]))


regular = Domain(_regular)
regular_map = Domain(lambda rng, shape: _regular(rng, (4, 4)).reshape(shape))
"""An array as a linear map of the arrays of four elements."""


def composed(f):
    """Make a function whose derivatives are those of what it is made of."""
    return Composite(f.__name__, definition=f)


def adjoint(x):
    return linalg.matrix_transpose(F.conj(x) if kind_of(x) == "c" else x)


# What reads one triangle of its matrix has a Hermitian gradient. To be held against differences,
# which move all elements, it is given a matrix that is Hermitian whatever it is made of.


@composed
def cholesky_of_product(a, *, upper=False):
    identity = create("eye", a.shape[-1], like=a, dtype=a.dtype)
    return linalg.cholesky(a @ adjoint(a) + identity, upper=upper)


@composed
def eigh_of_sum(a):
    return tuple(linalg.eigh(a + adjoint(a)))


@composed
def eigvalsh_of_sum(a):
    return linalg.eigvalsh(a + adjoint(a))


@composed
def phaseless_eigh_of_sum(a):
    """Return of an eigendecomposition what does not depend on the phases of eigenvectors."""
    values, vectors = linalg.eigh(a + adjoint(a))
    return F.abs(vectors) ** 2, (vectors * F.sin(values)[..., None, :]) @ adjoint(vectors)


@composed
def phaseless_svd(a):
    """Return of a singular value decomposition what does not depend on phases."""
    u, s, vh = linalg.svd(a, full_matrices=False)
    return F.abs(u) ** 2, F.abs(vh) ** 2, u @ vh, (u * F.sin(s)[..., None, :]) @ vh


def projection(vectors):
    return vectors @ adjoint(vectors)


@composed
def full_svd(a):
    """Return of a full singular value decomposition what does not depend on its choices."""
    u, s, vh = linalg.svd(a)
    k = s.shape[-1]
    u1, vh1 = u[..., :k], vh[..., :k, :]
    return s, u1 @ vh1, projection(u[..., k:]), projection(adjoint(vh[..., k:, :]))


@composed
def complete_qr(a):
    """Return of a complete QR decomposition what does not depend on its choices."""
    q, r = linalg.qr(a, mode="complete")
    k = a.shape[-1]
    return q[..., :k], r, projection(q[..., k:])


@composed
def phaseless_eig(a):
    """Return of an eigendecomposition what does not depend on the phases of eigenvectors."""
    values, vectors = linalg.eig(a)
    return F.abs(vectors) ** 2, (vectors * values[..., None, :] ** 3) @ linalg.inv(vectors)


@composed
def eigvals_of_turning(a):
    return linalg.eigvals(F.stack([-a[..., 1], a[..., 0]], axis=-1))


DECOMPOSITIONS = [
    *(
        lapack(f, regular(*shape), takes=BOTH)
        for f in (linalg.inv, linalg.det)
        for shape in [(3, 3), (2, 2, 2), (1, 1), (0, 0), (0, 2, 2)]
    ),
    lapack(linalg.slogdet, regular(3, 3), takes=BOTH, analytic=False),
    lapack(linalg.slogdet, regular(2, 2, 2), takes=BOTH, analytic=False),
    lapack(linalg.adjugate, regular(3, 3), takes=BOTH, analytic=False),
    lapack(linalg.adjugate, regular(2, 2, 2), takes=BOTH, analytic=False),
    lapack(linalg.adjugate, regular(1, 1)),
    *(
        lapack(linalg.solve, regular(*a), anything(*b), takes=BOTH)
        for a, b in [
            ((3, 3), (3,)),
            ((3, 3), (3, 2)),
            ((2, 3, 3), (2, 3, 2)),
            ((2, 3, 3), (3, 2)),
            ((3, 3), (2, 3, 1)),
            ((2, 1, 2, 2), (3, 2, 1)),
            ((2, 2, 2), (2,)),
            ((0, 0), (0, 2)),
        ]
    ),
    *(
        lapack(
            linalg.solve_triangular,
            *(regular(*a), anything(*b)),
            **options,
            takes=BOTH,
            analytic=options.get("trans") not in (2, "C"),
        )
        for a, b, options in [
            ((3, 3), (3,), {}),
            ((3, 3), (3, 2), {"lower": True}),
            ((3, 3), (3, 2), {"lower": True, "trans": "T"}),
            ((3, 3), (3, 2), {"trans": "C"}),
            ((3, 3), (3,), {"trans": 1, "unit_diagonal": True}),
            ((3, 3), (3, 2), {"lower": True, "unit_diagonal": True}),
            ((2, 3, 3), (3, 2), {"lower": True, "unit_diagonal": True}),
            ((2, 2, 2), (2,), {"trans": 2, "lower": True}),
            ((0, 0), (0, 2), {}),
        ]
    ),
    *(
        lapack(linalg.pinv, regular(*shape), takes=BOTH, analytic=False)
        for shape in [(3, 2), (2, 3), (2, 2), (2, 3, 2)]
    ),
    lapack(linalg.pinv, regular(3, 2), rtol=1e-9),
    lapack(linalg.cholesky, positive(2, 1, 1)),
    *(
        lapack(
            cholesky_of_product,
            anything(*shape),
            upper=upper,
            takes=BOTH,
            analytic=False,
        )
        for shape, upper in [((3, 3), False), ((3, 3), True), ((2, 2, 1), False), ((0, 0), False)]
    ),
    *(
        lapack(linalg.qr, regular(*shape), takes=BOTH, analytic=False)
        for shape in [(3, 3), (4, 2), (2, 4), (2, 2, 3), (2, 1, 3, 2), (1, 1)]
    ),
    lapack(linalg.qr, regular(3, 2), mode="r", takes=BOTH, analytic=False, in_standard=False),
    lapack(linalg.qr, regular(2, 3), mode="complete"),
    *(
        lapack(complete_qr, regular(*shape), takes=BOTH, analytic=False)
        for shape in [(4, 2), (1, 2, 3, 2), (2, 0)]
    ),
    lapack(linalg.eigh, anything(2, 1, 1)),
    lapack(linalg.eigh, anything(1, 1), UPLO="U", in_standard=False),
    *(lapack(eigh_of_sum, regular(*shape)) for shape in [(3, 3), (2, 2, 2), (0, 0)]),
    *(
        lapack(phaseless_eigh_of_sum, regular(*shape), takes=BOTH, analytic=False)
        for shape in [(3, 3), (2, 2, 2)]
    ),
    lapack(linalg.eigvalsh, anything(2, 1, 1)),
    lapack(linalg.eigvalsh, anything(1, 1), UPLO="U", in_standard=False),
    *(
        lapack(eigvalsh_of_sum, regular(*shape), takes=BOTH, analytic=False)
        for shape in [(3, 3), (2, 2, 2), (0, 0)]
    ),
    *(
        lapack(linalg.svd, regular(*shape), full_matrices=False)
        for shape in [(3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 1), (0, 2)]
    ),
    lapack(linalg.svd, regular(3, 3), note="full, and square"),
    *(
        lapack(full_svd, regular(*shape), takes=BOTH, analytic=False)
        for shape in [(4, 2), (2, 4), (1, 2, 3, 2), (0, 2)]
    ),
    lapack(linalg.svd, regular(3, 2), compute_uv=False, in_standard=False),
    *(
        lapack(phaseless_svd, regular(*shape), takes=BOTH, analytic=False)
        for shape in [(3, 3), (4, 2), (2, 4), (2, 3, 2)]
    ),
    *(
        lapack(linalg.svdvals, regular(*shape), takes=BOTH, analytic=False)
        for shape in [(3, 2), (2, 3), (2, 2, 2), (0, 2)]
    ),
    lapack(linalg.eig, regular(3, 3), in_standard=False),
    *(
        lapack(phaseless_eig, regular(*shape), takes=COMPLEX, analytic=False)
        for shape in [(3, 3), (2, 2, 2), (0, 0)]
    ),
    row(
        phaseless_eig,
        regular(3, 3),
        note="of a real matrix",
        not_in=NO_HALF | NUMPY_ONLY | {"cupy": "CuPy's is complex, whatever the values are"},
    ),
    lapack(linalg.eigvals, regular(3, 3), takes=BOTH),
    lapack(linalg.eigvals, regular(2, 2, 2), takes=COMPLEX),
    lapack(eigvals_of_turning, regular(2, 2), note="complex, of a real matrix"),
    *(
        lapack(linalg.expm, anything(*shape), takes=BOTH)
        for shape in [(3, 3), (2, 1, 2, 2), (1, 1), (0, 0)]
    ),
    lapack(linalg.expm, between(2, 2), note="to be scaled"),
]

NORMS = [
    *(
        row(linalg.vector_norm, nonzero(*shape), **options, takes=BOTH, analytic=False)
        for shape, options in [
            ((3,), {}),
            ((2, 3), {}),
            ((2, 3), {"axis": 0, "keepdims": True}),
            ((2, 3, 2), {"axis": (0, -1)}),
            ((2, 3), {"axis": -1, "ord": 1, "keepdims": True}),
            ((2, 3), {"axis": 1, "ord": math.inf}),
            ((2, 3), {"axis": (0, 1), "ord": -math.inf, "keepdims": True}),
            ((2, 3), {"axis": 0, "ord": 0}),
            ((2, 3), {"axis": 0, "ord": 3}),
            ((2, 3), {"ord": 0.5}),
            ((2, 3), {"axis": 0, "ord": -1}),
            ((0,), {}),
        ]
    ),
    *(
        lapack(
            linalg.matrix_norm,
            nonzero(*shape),
            **options,
            takes=BOTH,
            analytic=False,
        )
        for shape, options in [
            ((3, 2), {}),
            ((2, 3, 2), {"keepdims": True}),
            ((3, 2), {"ord": "nuc"}),
            ((2, 2, 3), {"ord": 2}),
            ((2, 2), {"ord": -2, "keepdims": True}),
            ((3, 2), {"ord": 1}),
            ((3, 2), {"ord": -1}),
            ((2, 3, 2), {"ord": math.inf}),
            ((2, 3), {"ord": -math.inf}),
        ]
    ),
    *(
        lapack(linalg.norm, nonzero(*shape), **options, takes=BOTH, analytic=False)
        for shape, options in [
            ((2, 3, 2), {}),
            ((2, 3), {"keepdims": True}),
            ((2, 3), {"ord": 1}),
            ((2, 3, 2), {"ord": 3, "axis": 1}),
            ((2, 3, 2), {"ord": 2, "axis": (2, 0), "keepdims": True}),
            ((2, 3, 2), {"ord": 1, "axis": (-1, 0)}),
        ]
    ),
    lapack(linalg.cond, regular(3, 2), takes=BOTH, analytic=False),
    lapack(linalg.cond, regular(2, 2, 2), p=-2),
    lapack(linalg.cond, regular(2, 2), p=1),
    lapack(linalg.cond, regular(2, 2), p="fro"),
]


@composed
def lstsq_of(a, b, *, rcond=None):
    x, squares, _, s = linalg.lstsq(a, b, rcond)
    return x, squares, s


PRODUCTS = [
    row(linalg.cross, anything(3), anything(3), takes=BOTH),
    row(linalg.cross, anything(2, 3), anything(3), takes=BOTH),
    row(linalg.cross, anything(3, 2), anything(3, 1), axis=0),
    row(matrices.cross, anything(3), anything(2, 3), takes=BOTH),
    row(matrices.cross, anything(3, 2), anything(2, 3), axisa=0, axisb=1, axisc=0),
    row(matrices.cross, anything(3, 2), anything(3, 2), axis=0),
    *(
        row(matrices.dot, anything(*a), anything(*b), takes=BOTH)
        for a, b in [
            ((3,), (3,)),
            ((2, 3), (3, 2)),
            ((2, 3), (3,)),
            ((), (2, 3)),
            ((2, 2, 3), (2, 3, 2)),
            ((2, 2, 3), (3,)),
        ]
    ),
    row(matrices.vdot, anything(2, 3), anything(3, 2), takes=BOTH, analytic=False),
    row(matrices.vdot, anything(2), anything(2), takes=BOTH, analytic=False),
    *(
        row(matrices.inner, anything(*a), anything(*b), takes=BOTH)
        for a, b in [((3,), (3,)), ((2, 3), (2, 3)), ((), (2,)), ((2, 1, 3), (3,))]
    ),
    row(linalg.outer, anything(3), anything(2), takes=BOTH),
    row(linalg.outer, anything(0), anything(2)),
    row(matrices.outer, anything(2, 2), anything(3), takes=BOTH),
    row(matrices.outer, anything(), anything(3)),
    *(
        row(matrices.kron, anything(*a), anything(*b), takes=BOTH)
        for a, b in [
            ((2, 3), (3, 2)),
            ((2,), (3,)),
            ((2,), (3, 2)),
            ((2, 1, 2), (2, 2)),
            ((), (2, 2)),
            ((0, 2), (2, 2)),
        ]
    ),
    *(
        lapack(linalg.matrix_power, regular(*shape), n, takes=BOTH)
        for shape, n in [((2, 2), 0), ((2, 2), 1), ((2, 2), 2), ((2, 2, 2), 5), ((2, 2), -3)]
    ),
    row(linalg.multi_dot, [anything(3, 2), anything(2, 4)], takes=BOTH),
    row(linalg.multi_dot, [anything(3), anything(3, 4), anything(4, 2)], takes=BOTH),
    row(
        linalg.multi_dot, [anything(2, 3), anything(3, 4), anything(4, 1), anything(1)], takes=BOTH
    ),
    lapack(
        linalg.tensorinv,
        regular_map(4, 2, 2),
        ind=1,
        takes=BOTH,
    ),
    lapack(
        linalg.tensorinv,
        regular_map(2, 2, 4),
    ),
    lapack(
        linalg.tensorsolve,
        regular_map(4, 2, 2),
        anything(4),
        takes=BOTH,
    ),
    lapack(
        linalg.tensorsolve,
        regular_map(2, 4, 2),
        anything(4),
        axes=(0,),
    ),
    lapack(lstsq_of, regular(3, 2), anything(3), takes=BOTH, analytic=False),
    lapack(lstsq_of, regular(3, 2), anything(3, 2)),
    lapack(lstsq_of, regular(2, 3), anything(2), rcond=1e-9),
]

DIAGONALS = [
    *(
        row(linalg.diagonal, anything(*shape), offset=k, takes=BOTH)
        for shape, k in [
            ((3, 3), 0),
            ((2, 2, 4), 1),
            ((4, 2), -1),
            ((2, 3), 2),
            ((2, 3), 5),
            ((0, 3), 0),
        ]
    ),
    row(linalg.trace, anything(3, 3), takes=BOTH),
    row(linalg.trace, anything(2, 3, 2), offset=-1, takes=BOTH),
    row(linalg.trace, anything(2, 2), dtype=np.float64),
    row(matrices.diagonal, anything(3, 2), takes=BOTH),
    row(matrices.diagonal, anything(2, 3, 2), offset=-1, axis1=2, axis2=0),
    row(matrices.trace, anything(3, 2), takes=BOTH),
    row(matrices.trace, anything(2, 3, 2), offset=1, axis1=-1, axis2=0),
    row(matrices.diag, anything(3), takes=BOTH),
    row(matrices.diag, anything(3), k=-1, takes=BOTH),
    row(matrices.diag, anything(2), k=2),
    row(matrices.diag, anything(3, 2), k=-1, takes=BOTH),
    row(matrices.diag, anything(0)),
    row(matrices.diagflat, anything(2, 2), takes=BOTH),
    row(matrices.diagflat, anything(2), k=1),
]

EINSUM = [
    *(
        row(einsum, subscripts, *(anything(*shape) for shape in shapes), takes=BOTH)
        for subscripts, *shapes in [
            ("ij->ji", (2, 3)),
            ("ii", (3, 3)),
            ("ii->i", (3, 3)),
            ("ij->", (2, 3)),
            ("ba", (2, 3)),
            ("iji->j", (2, 3, 2)),
            ("...i->i...", (2, 3, 2)),
            ("iii->", (2, 2, 2)),
            ("i,i", (3,), (3,)),
            ("i,j", (3,), (2,)),
            ("ij,jk", (2, 3), (3, 4)),
            ("ij, kj -> ik", (2, 3), (4, 3)),
            ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)),
            ("bij,bij->b", (2, 2, 3), (2, 2, 3)),
            ("bi,b->bi", (2, 3), (2,)),
            ("bi,bj->jbi", (2, 3), (2, 2)),
            ("ij,k->i", (2, 3), (4,)),
            ("ij,jk->ik", (2, 1), (3, 4)),
            ("...ij,...jk->...ik", (2, 1, 2, 3), (2, 3, 2)),
            ("i...,i", (2, 3), (2,)),
            (",ij", (), (2, 3)),
            ("ij,jk->ik", (0, 3), (3, 2)),
            ("ij,jk->ik", (2, 0), (0, 2)),
            ("ij,jk,kl", (2, 3), (3, 2), (2, 4)),
            ("ii,ij,...j->...", (2, 2), (2, 3), (2, 3)),
        ]
    ),
    row(einsum, "ij,jk,k->i", anything(2, 3), anything(3, 2), anything(2), optimize=False),
    row(einsum, "ij,jk,k->i", anything(2, 3), anything(3, 2), anything(2), optimize="greedy"),
]

LINALG += [*DECOMPOSITIONS, *NORMS, *PRODUCTS, *DIAGONALS, *EINSUM]
