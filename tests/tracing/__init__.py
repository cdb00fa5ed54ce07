"""Tests of the recorded value, and of what other libraries do with it."""
