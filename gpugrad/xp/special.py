"""xp.special: what the arrays' own library offers by these names."""

from gpugrad.functions.special import erf as erf
