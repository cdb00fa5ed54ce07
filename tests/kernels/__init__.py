"""Tests of device code on the host: it compiles, and computes on simulated devices."""
