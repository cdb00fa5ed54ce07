"""Tests of rules: what holds for each by the rows of `samples/`, and what is particular to one."""
