"""Tests of the functions gpugrad knows by name: their values, and how they are called."""
