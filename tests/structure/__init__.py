"""Tests of structures: what they may be, and the form of their gradients."""
