"""Tests of expressions and their printers."""
