"""Tests of gpugrad.xp as a namespace."""
