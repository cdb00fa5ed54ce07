"""The Wengert list in print: one line for each recorded call.

x1: float
y1: float = log(x1)  gpugrad/rules/elementwise.py:76
y2: float = sin(y1)  gpugrad/rules/elementwise.py:83
y3: float = 5 * y2   gpugrad/rules/elementwise.py:37
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gpugrad.structure.spaces import show
from gpugrad.symbolic.printer import operator_text

_ROOT = str(Path(__file__).resolve().parent.parent.parent)


def listing(tape: Any) -> str:
    """Return the printed list of a tape's lines."""
    names = [f"x{i + 1}" for i in range(tape.inputs)]
    names += [f"y{i + 1}" for i in range(len(tape.functions) - tape.inputs)]
    rows: list[tuple[str, str]] = []
    for slot, function in enumerate(tape.functions):
        head = f"{names[slot]}: {show(tape.spaces[slot])}"
        if function is None:
            rows.append((head, ""))
            continue
        texts = [_text(operand, names) for operand in tape.operands[slot][1:]]
        texts += [f"{key}={value!r}" for key, value in tape.keywords.get(slot, {}).items()]
        call = operator_text(function, texts) or f"{function.name}({', '.join(texts)})"
        rows.append((f"{head} = {call}", _where(function)))
    width = max((len(text) for text, _ in rows), default=0)
    return "\n".join(f"{text:{width}}  {place}".rstrip() for text, place in rows)


def _text(operand: Any, names: list[str]) -> str:
    if type(operand) is int:
        return names[operand]
    if type(operand) is tuple:
        return f"[{', '.join('…' if slot is None else names[slot] for slot in operand)}]"
    return repr(operand)


def _where(function: Any) -> str:
    """Return where the rule of a function is written."""
    source = function.source if hasattr(function, "source") else function.rrules[-1].source
    return str(source).removeprefix(_ROOT + "/")
