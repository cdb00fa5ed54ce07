"""Tests of where rules are registered, and what they may answer."""
