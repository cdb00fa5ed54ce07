"""Tests against what others demand of arrays: the standard's suite, SciPy, scikit-learn."""
