"""The Wengert list in print."""

from __future__ import annotations
def listing(t): return ""
