"""Proof that a step does not wait for the device: it is captured as a CUDA graph, and launched.

In a capture nothing runs yet. So what waits, or copies to the host, is refused by CUDA, and what
uploads is refused here: CUDA would take the upload into the graph.
"""

import contextlib

SIZE = 1 << 28  # bytes
ALIGNMENT = 512  # of what CUDA allocates


def captured(cupy, step):
    """Return what a step returns, computed by its graph.

    Args:
        cupy: the module.
        step: a function without arguments. It is called twice, the first time to compile kernels.
    """
    memory = Memory(cupy)
    stream = cupy.cuda.Stream()
    with stream, cupy.cuda.using_allocator(memory):
        step()
        with uploads_refused(cupy):
            # In this mode CUDA refuses all that might wait, an allocation among it.
            stream.begin_capture(cupy.cuda.runtime.streamCaptureModeGlobal)
            try:
                results = step()
            except BaseException:
                with contextlib.suppress(cupy.cuda.runtime.CUDARuntimeError):
                    stream.end_capture()  # or the stream would be of no more use
                raise
            graph = stream.end_capture()
        graph.launch()
        stream.synchronize()
    return results


class Memory:
    """An allocator that has all its memory from the start, and gives no piece of it twice.

    What no kernel writes is NaN.
    """

    def __init__(self, cupy):
        self.rest = cupy.cuda.alloc(SIZE)
        self.rest.memset(0xFF, SIZE)
        self.left = SIZE

    def __call__(self, size):
        piece = self.rest
        size = -(-size // ALIGNMENT) * ALIGNMENT
        self.left -= size
        if self.left < 0:
            raise MemoryError(f"a captured step takes more than {SIZE} bytes")
        self.rest = piece + size
        return piece


@contextlib.contextmanager
def uploads_refused(cupy):
    """Refuse the memory by way of which CuPy uploads."""

    def refused(size):
        raise AssertionError(f"{size} bytes are uploaded")

    cupy.cuda.set_pinned_memory_allocator(refused)
    try:
        yield
    finally:
        cupy.cuda.set_pinned_memory_allocator(cupy.get_default_pinned_memory_pool().malloc)
