"""The errors: each names the function and what it met, and says what to write instead."""


class GpugradError(Exception):
    """The base of every error that gpugrad raises on purpose."""


class NoRuleError(GpugradError, TypeError):
    """A function on the tape has no rule for the arguments it was called with."""


class ArgumentError(GpugradError, TypeError):
    """An argument is of a kind that the function cannot take."""


class MixedArraysError(ArgumentError):
    """Arrays of two libraries met in one call."""


class SensitivityError(GpugradError, ValueError):
    """A sensitivity does not fit the value it is a sensitivity of."""


class OutputError(GpugradError, TypeError):
    """A function returned something that cannot be differentiated."""


class ConversionError(GpugradError, TypeError):
    """A recorded value was about to be converted in a way that would drop its gradient."""


class AliasError(GpugradError, RuntimeError):
    """An assignment into a recorded array would be seen, or missed, through a view of it."""


class DeviceError(GpugradError, RuntimeError):
    """A device was asked for that is not there, or an array is on another one."""
