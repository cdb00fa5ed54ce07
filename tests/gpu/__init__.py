"""Tests on a GPU, and the programs that run them there."""
