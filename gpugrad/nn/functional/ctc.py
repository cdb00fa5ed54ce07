"""Connectionist temporal classification: the loss of a sequence of which no one says when."""

from __future__ import annotations

import math
from typing import Any

from gpugrad import functions as F
from gpugrad.dispatch.declare import named
from gpugrad.dispatch.kinds import Array, kind_of, shape_of
from gpugrad.dispatch.libraries import create
from gpugrad.dispatch.primitive import Composite
from gpugrad.errors import ArgumentError
from gpugrad.nn.functional.arguments import as_dtype, widened
from gpugrad.nn.functional.losses import aggregated
from gpugrad.nn.functional.softmax import logsoftmax

NEVER = -1e30
"""The logarithm of the probability of what cannot be; unlike −∞ it has differences."""


@named(kind=Composite, home="gpugrad")
def ctc_loss(
    logits: Array,
    labels: Array,
    /,
    *,
    input_lengths: Any = None,
    label_lengths: Any = None,
    blank: int = 0,
    agg: str = "mean",
) -> Array:
    """Return −log of the probability of the labels, however they lie in time, by Graves et al.

    A path names a class at each time; its labels are what remains when repetitions are merged, and
    then blanks left out. All paths to the labels are summed by the forward recursion.

    Args:
        logits: unnormalised scores of shape (batch, time, classes); logarithms of probabilities
            may be given, too.
        labels: integers of shape (batch, length); what is beyond `label_lengths` is not read.
        input_lengths: integers of shape (batch,), how much of the time counts; None is all of it.
        label_lengths: integers of shape (batch,); None is all labels.
        blank: the class that is no label.
        agg: "mean" (over the batch), "sum", or "none" for an array of shape (batch,).

    Returns:
        A number; ∞, with gradient 0, where the time does not suffice for the labels, and NaN where
        a label is out of range. Of float16 it computes in float32.

    Raises:
        ArgumentError: the shapes do not belong together, or the labels are no integers.
    """
    shape = shape_of(logits)
    lengths_fit = all(
        lengths is None or shape_of(lengths) == shape[:1]
        for lengths in (input_lengths, label_lengths)
    )
    if len(shape) != 3 or len(shape_of(labels)) != 2 or labels.shape[0] != shape[0] or not shape[1]:
        raise ArgumentError(
            f"ctc_loss: logits of shape (batch, time, classes), with one time or more, take labels "
            f"of shape (batch, length), got {shape} and {shape_of(labels)}"
        )
    if kind_of(labels) != "i" or not lengths_fit or not 0 <= blank < shape[2]:
        raise ArgumentError(
            f"ctc_loss: for logits of shape {shape} labels are integers, lengths are arrays of "
            f"shape {shape[:1]} or None, and blank is one of {shape[2]} classes. Write "
            f"xp.asarray(lengths)"
        )
    losses = _ctc(logits, labels, input_lengths, label_lengths, blank)
    return aggregated("ctc_loss", losses, agg)


def _ctc(logits: Array, labels: Array, input_lengths: Any, label_lengths: Any, blank: int) -> Any:
    """Return the losses of observations by the forward recursion of Graves et al., section 4.1."""
    batch, time, classes = logits.shape
    logits, labels = widened(logits), as_dtype(labels, int)  # uint8 does not count far
    if label_lengths is None:
        label_lengths = create("full", (batch,), labels.shape[1], like=labels)
    label_lengths = as_dtype(label_lengths, int)
    # The states are the labels with blanks between; a label may follow another, different one.
    known = F.clip(labels, 0, classes - 1)
    beside = F.stack([F.zeros_like(known) + blank, known], axis=2)
    blanks = create("full", (batch, 1), blank, like=labels, dtype=labels.dtype)
    states = F.concat([F.reshape(beside, (batch, -1 if batch else 0)), blanks], axis=1)
    position = create("arange", states.shape[1], like=labels)[None, :]
    is_other = F.logical_and(states != F.roll(states, 2, axis=1), position > 2)
    may_skip = F.logical_and(is_other, states != blank)

    places = F.broadcast_to(F.expand_dims(states, axis=1), (batch, time, states.shape[1]))
    emitted = F.take_along_axis(logsoftmax(logits, axis=-1), places, axis=2)
    emitted = F.maximum(emitted, NEVER)
    never = create("full", (batch, 2), NEVER, like=logits, dtype=logits.dtype)
    alpha = F.where(position <= 1, emitted[:, 0, :], NEVER)
    for t in range(1, time):
        before = F.concat([never, alpha], axis=1)
        skipped = F.where(may_skip, before[:, :-2], NEVER)
        moved = F.logaddexp(F.logaddexp(alpha, before[:, 1:-1]), skipped) + emitted[:, t, :]
        if input_lengths is not None:
            moved = F.where(F.expand_dims(input_lengths, axis=1) > t, moved, alpha)
        alpha = moved

    last = F.expand_dims(2 * label_lengths, axis=1)
    ends = F.concat([last, F.clip(last - 1, 0, None)], axis=1)
    found = F.take_along_axis(alpha, ends, axis=1)
    log_p = F.logaddexp(found[:, 0], F.where(label_lengths == 0, NEVER, found[:, 1]))
    if input_lengths is not None:  # in no time there is one path, without labels
        nothing = F.where(label_lengths == 0, F.zeros_like(log_p), NEVER)
        log_p = F.where(input_lengths > 0, log_p, nothing)
    losses = F.where(log_p < NEVER / 2, math.inf, -log_p)
    counted = 2 * create("arange", labels.shape[1], like=labels)[None, :] < last
    unknown = F.any(F.logical_and(known != labels, counted), axis=1)
    return F.where(unknown, math.nan, losses)
