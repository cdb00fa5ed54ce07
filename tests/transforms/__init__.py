"""Tests of what is made of the two modes."""
