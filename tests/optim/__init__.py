"""Tests of optimisers."""
