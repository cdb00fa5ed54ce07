"""Many short cases in one test: each is tried, and those that fail are named."""

import pytest


def try_each(cases, check):
    """Call `check` with each case; raise an ExceptionGroup of what failed, with the cases' names.

    A case that takes less time than pytest takes for a test is not worth a test of its own. Where
    all skip, so does the test.

    Args:
        cases: the arguments of each call, by name.
        check: what raises where a case fails.
    """
    failures, skipped = [], []
    for name, case in cases.items():
        try:
            check(*case)
        except pytest.skip.Exception as skip:
            skipped.append(skip)
        except Exception as error:
            error.add_note(f"This is {name}.")
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"of {len(cases)} cases", failures)
    if len(skipped) == len(cases):
        raise skipped[0]
