"""The rules, a file for each subject. This is their table of contents."""

from gpugrad.rules import elementwise as elementwise
