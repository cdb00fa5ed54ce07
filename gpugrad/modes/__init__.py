"""The modes of differentiation.

It imports `tracing` and what is below. In the order of reading:

- `tape`: the Wengert list and its reverse sweep, printed by `listing`.
- `pullback`: a function run on a tape.
- `pushforward`: a function run with dual values.
- `rules`: `rrule` and `frule`, the rules of one function, called and registered.
"""
