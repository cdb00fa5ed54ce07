"""Tests of activations, losses and their like; rules are tested by the rows of `samples/`."""
