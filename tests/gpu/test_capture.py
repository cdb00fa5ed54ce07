"""The capture of a step, by a stand-in for CuPy that keeps a diary."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from tests.gpu import capture
from tests.gpu.capture import ALIGNMENT, SIZE, captured


class CUDARuntimeError(RuntimeError):
    pass


class Pointer:
    """A place in a device's memory."""

    def __init__(self, place):
        self.place = place

    def __add__(self, offset):
        return Pointer(self.place + offset)

    def memset(self, value, size):
        assert (value, size) == (0xFF, SIZE)


class Cupy:
    """As much of CuPy as a capture takes."""

    def __init__(self):
        self.diary = []
        self.allocate = self.pinned = None
        self.broken = False
        runtime = SimpleNamespace(streamCaptureModeGlobal=0, CUDARuntimeError=CUDARuntimeError)
        self.cuda = SimpleNamespace(
            runtime=runtime,
            alloc=lambda size: Pointer(1 << 20),
            Stream=lambda: self,
            using_allocator=self.using_allocator,
            set_pinned_memory_allocator=lambda allocate: setattr(self, "pinned", allocate),
        )

    def get_default_pinned_memory_pool(self):
        return SimpleNamespace(malloc="the pool")

    @contextmanager
    def using_allocator(self, allocate):
        self.allocate = allocate
        yield
        self.allocate = None

    def __enter__(self):
        self.diary.append("enter")

    def __exit__(self, *_):
        self.diary.append("exit")

    def begin_capture(self, mode):
        assert mode == self.cuda.runtime.streamCaptureModeGlobal
        self.diary.append("begin")

    def end_capture(self):
        self.diary.append("end")
        if self.broken:
            raise CUDARuntimeError("cudaErrorStreamCaptureInvalidated")
        return SimpleNamespace(launch=lambda: self.diary.append("launch"))

    def synchronize(self):
        self.diary.append("wait")


def test_what_is_returned_was_computed_by_the_graph():
    cupy = Cupy()

    def step():
        cupy.diary.append("step")
        return [cupy.allocate(size).place for size in (1, 2 * ALIGNMENT, 0, 5)]

    begin = (1 << 20) + 4 * ALIGNMENT  # behind what the first call took
    places = [begin, begin + ALIGNMENT, *[begin + 3 * ALIGNMENT] * 2]
    assert captured(cupy, step) == places
    assert cupy.diary == ["enter", "step", "begin", "step", "end", "launch", "wait", "exit"]
    assert cupy.pinned == "the pool"


@pytest.mark.parametrize("broken", [True, False], ids=["CUDA refuses", "Python refuses"])
def test_a_step_that_is_refused_leaves_the_stream_usable(broken):
    cupy = Cupy()

    def step():
        if "begin" in cupy.diary:
            cupy.broken = broken
            raise CUDARuntimeError("cudaErrorStreamCaptureUnsupported")

    with pytest.raises(CUDARuntimeError, match="Unsupported"):
        captured(cupy, step)
    assert cupy.diary == ["enter", "begin", "end", "exit"]
    assert cupy.pinned == "the pool"


def test_a_refusal_that_the_step_hides_is_found():
    cupy = Cupy()
    cupy.broken = True
    with pytest.raises(CUDARuntimeError, match="Invalidated"):
        captured(cupy, lambda: None)


def test_an_upload_is_refused_in_the_capture_alone():
    cupy = Cupy()

    def step():
        if "begin" in cupy.diary:
            cupy.pinned(12)

    with pytest.raises(AssertionError, match="12 bytes are uploaded"):
        captured(cupy, step)


def test_memory_has_an_end(monkeypatch):
    cupy = Cupy()
    monkeypatch.setattr(capture, "SIZE", 2 * ALIGNMENT)
    monkeypatch.setattr(Pointer, "memset", lambda *_: None)
    memory = capture.Memory(cupy)
    memory(ALIGNMENT + 1)
    with pytest.raises(MemoryError, match="more than 1024 bytes"):
        memory(1)
