"""Tests of reverse and forward mode."""
