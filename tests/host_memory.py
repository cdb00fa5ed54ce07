"""Memory of the host with an end: what a kernel touches before or behind an array is noticed.

An array's memory lies between pages that nobody may touch. It ends where they begin, except for
what fills up 16 bytes, and what fills up its first page has a pattern: `check` looks whether it is
still there.
"""

import ctypes
import mmap
import sys
import weakref

import numpy as np

ALIGNMENT = 16  # kernels load this many bytes at once, so arrays begin at a multiple of it
PATTERN = 0xFF  # NaN in each type of float
FENCE = 1 << 20  # bytes that nobody may touch, before and behind: none is ever backed by memory
PROT_NONE, PROT_READ_WRITE = 0, 3
PRIVATE_ANONYMOUS = 0x22

_blocks = weakref.WeakSet()

if sys.platform == "linux":
    _libc = ctypes.CDLL(None, use_errno=True)
    _libc.mmap.restype = ctypes.c_void_p
    _libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    _libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    _libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


def rounded_up(size, multiple):
    return -(-size // multiple) * multiple


class Block:
    """So many bytes, at `address`."""

    def __init__(self, size):
        self.size = size
        self.address = self._mapped(rounded_up(size, ALIGNMENT))
        _blocks.add(self)

    def _mapped(self, size):
        inner = rounded_up(max(size, 1), mmap.PAGESIZE)
        whole = inner + 2 * FENCE
        fence = _libc.mmap(None, whole, PROT_NONE, PRIVATE_ANONYMOUS, -1, 0)
        if fence == ctypes.c_void_p(-1).value:
            raise MemoryError(f"no {size} bytes")
        weakref.finalize(self, _libc.munmap, fence, whole).atexit = False
        self.begin, self.end = fence + FENCE, fence + FENCE + inner
        _libc.mprotect(self.begin, inner, PROT_READ_WRITE)
        ctypes.memset(self.begin, PATTERN, inner)
        return self.end - size

    def touched(self):
        """Return where something was written outside of the block: "before", "behind" or ""."""
        behind = self.address + self.size
        if any(byte != PATTERN for byte in ctypes.string_at(behind, self.end - behind)):
            return "behind"
        before = ctypes.string_at(self.begin, self.address - self.begin)
        return "" if before == bytes([PATTERN]) * len(before) else "before"


class NumpyBlock:
    """The same where memory cannot be fenced so."""

    def __init__(self, size):
        self.size = size
        self.array = np.full(size + 1, PATTERN, np.uint8)
        self.address = self.array.ctypes.data

    def touched(self):
        return ""


def allocate(size):
    return Block(size) if sys.platform == "linux" else NumpyBlock(size)


def check():
    """Raise RuntimeError where something was written right before or behind an array."""
    for block in list(_blocks):
        where = block.touched()
        if where:
            raise RuntimeError(f"a kernel wrote {where} an array of {block.size} bytes")
