"""Samples of discrete Fourier transforms."""

from gpugrad.functions import fft as T
from tests.rows import BOTH, COMPLEX, anything, row

OF_COMPLEX = {"strict": "it transforms complex arrays alone"}

WHOLE = [T.fft, T.ifft]
WHOLE_ND = [T.fftn, T.ifftn]

FFT = [
    *(
        sample
        for f in WHOLE
        for sample in [
            row(f, anything(5), takes=COMPLEX),
            row(f, anything(4), takes=BOTH, not_in=OF_COMPLEX, note="of real numbers too"),
            row(f, anything(3, 4), takes=COMPLEX, n=6, axis=0, norm="ortho"),
            row(f, anything(2, 5), takes=COMPLEX, n=3, norm="forward"),
            row(f, anything(1), takes=COMPLEX, norm="backward"),
            row(f, anything(0, 3), takes=COMPLEX),
        ]
    ),
    row(T.fft, anything(3, 4), 6, 0, takes=COMPLEX, not_in={"strict": "it takes n by keyword"}),
    row(T.ifft, anything(3, 4), 6, 0, takes=COMPLEX, not_in={"strict": "it takes n by keyword"}),
    row(T.rfft, anything(3, 4), 6, 0, not_in={"strict": "it takes n by keyword"}),
    row(T.irfft, anything(3, 4), 6, 0, takes=COMPLEX, not_in={"strict": "it takes n by keyword"}),
    *(
        sample
        for f in WHOLE_ND
        for sample in [
            row(f, anything(3, 4), takes=COMPLEX),
            row(f, anything(2, 3), takes=BOTH, not_in=OF_COMPLEX, note="of real numbers too"),
            row(f, anything(2, 3, 4), takes=COMPLEX, axes=(0, -1), norm="ortho"),
            row(f, anything(3, 4), takes=COMPLEX, s=(5, 2), axes=(0, 1), norm="forward"),
            row(f, anything(0, 3), takes=COMPLEX, axes=(1,)),
        ]
    ),
    *(
        sample
        for f in (T.rfft, T.ihfft)
        for sample in [
            row(f, anything(5)),
            row(f, anything(3, 4), axis=0, norm="ortho"),
            row(f, anything(2, 4), n=6, norm="forward"),
            row(f, anything(2, 5), n=3, norm="backward"),
            row(f, anything(1)),
            row(f, anything(0, 3)),
        ]
    ),
    *(
        sample
        for f in (T.irfft, T.hfft)
        for sample in [
            row(f, anything(4), takes=COMPLEX, analytic=False),
            row(f, anything(4, 2), takes=COMPLEX, analytic=False, n=5, axis=0, norm="ortho"),
            row(f, anything(2, 3), takes=COMPLEX, analytic=False, n=8, norm="forward"),
            row(f, anything(2, 5), takes=COMPLEX, analytic=False, n=3, norm="backward"),
            row(f, anything(2), takes=BOTH, analytic=False, n=1, not_in=OF_COMPLEX),
            row(f, anything(0, 3), takes=COMPLEX, analytic=False),
        ]
    ),
    row(T.rfftn, anything(3, 4)),
    row(T.rfftn, anything(2, 3, 5), axes=(2, 0), norm="ortho"),
    row(T.rfftn, anything(3, 4), s=(2, 7), axes=(0, 1), norm="forward"),
    row(T.irfftn, anything(3, 4), takes=COMPLEX, analytic=False),
    row(T.irfftn, anything(2, 3, 4), takes=COMPLEX, analytic=False, axes=(1, 2), norm="ortho"),
    row(T.irfftn, anything(3, 4), takes=COMPLEX, analytic=False, s=(4, 5), axes=(1, 0)),
    row(T.irfftn, anything(3, 4), takes=COMPLEX, analytic=False, axes=(1,), norm="forward"),
    *(
        sample
        for f in (T.fft2, T.ifft2)
        for sample in [
            row(f, anything(2, 3, 4), takes=COMPLEX),
            row(f, anything(3, 4), takes=COMPLEX, s=(2, 5), axes=(1, 0), norm="ortho"),
        ]
    ),
    row(T.rfft2, anything(2, 3, 4)),
    row(T.rfft2, anything(3, 4), s=(2, 5), axes=(1, 0), norm="ortho"),
    row(T.irfft2, anything(2, 3, 4), takes=COMPLEX, analytic=False),
    row(T.irfft2, anything(3, 4), takes=COMPLEX, analytic=False, s=(2, 5), norm="forward"),
    *(
        sample
        for f in (T.fftshift, T.ifftshift)
        for sample in [
            row(f, anything(5), takes=BOTH),
            row(f, anything(3, 4), takes=BOTH),
            row(f, anything(3, 5), axes=1),
            row(f, anything(2, 3, 5), axes=(0, 2)),
        ]
    ),
]
