"""The rule books: what answers for a function where it is differentiated.

It imports `structure`, `symbolic` and what is below, and knows no tape. In the order of reading:

- `book`: what a rule is, and how the one for given types is found.
- `reverse`, `forward`: the books of the two modes, and how their rules are called.
- `scalar_rule`: the rules of both books from one expression.
- `opaque`: a Python function that takes a rule.
"""
