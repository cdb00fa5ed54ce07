"""The smoke test's processes, with others in place of those that need a GPU."""

import os
import sys
import time
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from gpugrad.kernels import launch
from tests.gpu import smoke


def serve(connection):
    """Answer as a process whose calls go as they are named."""
    spoilt = False
    while True:
        name = connection.recv()
        if name == "ends":
            os._exit(3)
        if name == "hangs":
            time.sleep(60)
        spoilt = spoilt or name == "spoils"
        problem = "CUDA_ERROR_ILLEGAL_ADDRESS" if spoilt else "wrong" * (name == "raises")
        connection.send((problem, spoilt, [name]))


def test_a_process_that_is_spoilt_is_replaced():
    callers = [smoke.Caller(serve, seconds=5) for _ in range(2)]
    names = ["a", "raises", "spoils", "b", "ends", "c", "hangs", "d"]
    try:
        found = {name: rest for name, *rest in smoke.called(names, callers)}
    finally:
        for caller in callers:
            caller.stop()
    assert found == {
        **{name: ["", [name]] for name in "abcd"},
        "raises": ["wrong", ["raises"]],
        "spoils": ["CUDA_ERROR_ILLEGAL_ADDRESS", ["spoils"]],
        "ends": ["the process ended by itself", []],
        "hangs": ["no answer after 5 s", []],
    }


class Pipe:
    """A pipe in which the names of calls are."""

    def __init__(self, *names):
        self.names = list(names)
        self.answers = []

    def recv(self):
        if not self.names:
            raise EOFError
        return self.names.pop(0)

    def send(self, answer):
        self.answers.append(answer)


def test_a_kernel_at_fault_is_named(monkeypatch):
    def launch_it(function, *_):
        if function == len("softmax<double>"):
            raise RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS")

    driver = SimpleNamespace(load=lambda text, expression: len(expression), launch=launch_it)
    runtime = SimpleNamespace(deviceSynchronize=lambda: None, CUDARuntimeError=RuntimeError)
    cupy = SimpleNamespace(cuda=SimpleNamespace(runtime=runtime))

    def call(kind, cupy):
        driver.launch(driver.load("", f"softmax<{kind}>"), 1, 256, 0, None)

    calls = {"good": partial(call, "float"), "bad": partial(call, "double")}
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(smoke, "CALLS", calls)
    monkeypatch.setattr(launch, "driver", driver)

    pipe = Pipe("good", "bad", "good")
    with pytest.raises(EOFError):
        smoke.serve(pipe)
    right, (problem, spoilt, kernels), again = pipe.answers
    assert right == again == ("", False, ["softmax"])
    assert "RuntimeError: CUDA_ERROR_ILLEGAL_ADDRESS\nThe kernel is softmax<double>" in problem
    assert (spoilt, kernels) == (False, ["softmax"])


def test_what_is_not_there_has_no_version(monkeypatch):
    assert smoke.version_of("numpy") == np.__version__
    assert smoke.version_of("cupy-cuda999x") == "unknown (PackageNotFoundError)"
    monkeypatch.setattr(smoke, "program", lambda name: None)
    monkeypatch.setattr(smoke, "PROGRAMS", ["no-such-program"])
    assert smoke.version_of("no-such-program") == "unknown (FileNotFoundError)"
