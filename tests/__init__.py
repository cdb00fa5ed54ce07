"""Tests. The tree is that of gpugrad/: CONTRIBUTING.md says how to find one."""
