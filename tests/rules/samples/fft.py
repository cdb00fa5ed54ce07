"""Samples of discrete Fourier transforms."""

FFT = []
