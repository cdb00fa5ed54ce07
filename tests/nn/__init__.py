"""Tests of layers, initialisers and devices."""
