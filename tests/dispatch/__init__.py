"""Tests of who answers a call: primitives, libraries, and how a function is recognised."""
