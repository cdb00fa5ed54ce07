"""A plugin of pytest's for runs on a GPU: a process that has lost its device makes way for another.

After an access out of bounds CUDA answers every later call of the process with the same error. Left
alone, a worker of xdist's would fail whatever it is given, and so fast that it is given most of it.
So the test at fault fails and its worker ends: xdist starts another. Without xdist the run ends.
"""

import os
import sys

import pytest

# Those of which CUDA says that the process must be terminated and launched again.
STICKY = {
    *("cudaErrorAssert", "cudaErrorContained", "cudaErrorECCUncorrectable"),
    *("cudaErrorExternalDevice", "cudaErrorHardwareStackError", "cudaErrorIllegalAddress"),
    *("cudaErrorIllegalInstruction", "cudaErrorInvalidAddressSpace", "cudaErrorInvalidPc"),
    *("cudaErrorLaunchFailure", "cudaErrorLaunchTimeout", "cudaErrorMisalignedAddress"),
    "cudaErrorNvlinkUncorrectable",
}


class DeviceLostError(Exception):
    """A kernel has spoilt the device for this process."""


def fault():
    """Wait for the device, and return what has spoilt it for this process, or nothing."""
    cupy = sys.modules.get("cupy")
    if cupy is None:
        return ""
    runtime = cupy.cuda.runtime
    try:
        runtime.deviceSynchronize()
    except runtime.CUDARuntimeError as error:
        return str(error) if str(error).partition(":")[0] in STICKY else ""
    return ""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call():
    """Fail a test whose kernels were at fault without its noticing."""
    result = yield
    if found := fault():
        raise DeviceLostError(found)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """End the process once the test has been reported."""
    result = yield
    if found := fault():
        if hasattr(item.config, "workerinput"):  # of xdist, which has sent its reports by now
            os._exit(1)
        pytest.exit(f"the device is lost after {item.nodeid}: {found}", returncode=1)
    return result
