"""A rule book: which rule answers, in which order they are asked, and what is remembered."""

import operator

import numpy as np
import pytest

import gpugrad as gg
from gpugrad.dispatch.primitive import Primitive
from gpugrad.errors import ArgumentError, NoRuleError
from gpugrad.rulebook.book import RuleBook, WrittenRule
from gpugrad.rulebook.forward import FORWARD
from gpugrad.rulebook.reverse import REVERSE


class Number(float):
    pass


class Small(Number):
    pass


class Plain(WrittenRule):
    """A rule of a made-up mode, which is called with what it was bound for."""

    def bind(self, f, args, chosen):
        return lambda *args: self.rule(f, *args, chosen)


@pytest.fixture
def book():
    return RuleBook(
        "mode", Plain, operator.attrgetter("rrules"), operator.attrgetter("bound_rules")
    )


@pytest.fixture
def f():
    return Primitive("f", default=lambda *args: None)


def asked(book, f, *args):
    rule = book.bind(f, 1, args)
    return None if rule is None else rule(*args)


def register(book, f, *types):
    book.register(f, *types)(lambda f, *args: [kind.__name__ for kind in types])


ORDERS = [
    [(), (Number,), (Small,)],
    [(Small,), (Number,), ()],
    [(Number,), (), (Small,)],
]


@pytest.mark.parametrize("order", ORDERS, ids=["wide first", "narrow first", "mixed"])
def test_the_narrowest_types_win_whatever_the_order_of_registration(book, f, order):
    for types in order:
        register(book, f, *types)
    assert asked(book, f, Small(1)) == ["Small"]
    assert asked(book, f, Number(1)) == ["Number"]
    assert asked(book, f, 1.0) == []


def test_more_types_are_narrower_than_fewer(book, f):
    register(book, f, Number)
    register(book, f, Number, Number)
    assert asked(book, f, Number(1), Number(1)) == ["Number", "Number"]
    assert asked(book, f, Number(1), 1.0) == ["Number"]


def test_a_rule_for_the_same_types_takes_the_place_of_the_one_before(book, f):
    register(book, f, Number)
    book.register(f, Number)(lambda f, *args: "new")
    assert asked(book, f, Number(1)) == "new"
    assert len(f.rrules) == 1


def test_the_next_one_is_asked_where_one_declines(book, f):
    register(book, f)
    book.register(f, Number)(lambda f, x, chosen: NotImplemented)
    assert asked(book, f, Number(1)) == []


def test_no_rule_for_these_types(book, f):
    register(book, f, Number)
    assert book.bind(f, 1, (1.0,)) is None
    assert f.bound_rules == {}


def test_what_is_bound_is_remembered_until_a_rule_is_registered(book, f):
    register(book, f)
    rule = book.bind(f, 1, (1.0,))
    assert f.bound_rules == {(1, float): rule}
    register(book, f, Number)
    assert f.bound_rules == {}


def test_rules_are_told_which_arguments_are_chosen(book, f):
    book.register(f)(lambda f, a, b, c, chosen: chosen)
    assert book.bind(f, 0b101, (1.0, 2.0, 3.0))(1.0, 2.0, 3.0) == (True, False, True)


def test_the_books_do_not_know_of_each_other(f):
    gg.rrule.register(f)(lambda f, x: (x, None))
    assert len(f.rrules) == 1
    assert f.frules == []
    gg.frule.register(f)(lambda f, args, tangents: (args[0], None))
    assert REVERSE.rules(f) is f.rrules
    assert FORWARD.rules(f) is f.frules
    assert len(f.rrules) == len(f.frules) == 1


def test_functions_that_no_rule_can_be_seen_for_are_errors_that_name_the_book(book):
    with pytest.raises(ArgumentError, match=r"mode\.register: calls of helper run straight"):
        book.register(helper)
    with pytest.raises(ArgumentError, match=r"mode\.register: no gradient flows through argmax"):
        book.register(np.argmax)
    with pytest.raises(ArgumentError, match=r"mode\.register: calls of Number objects"):
        book.register(Number)


def helper(x):
    return x


@pytest.mark.parametrize("again", [1, 2])
def test_a_function_without_a_rule_for_these_types_says_so_each_time(f, again):
    gg.rrule.register(f, str)(lambda f, x: (x, None))
    for _ in range(again):
        with pytest.raises(NoRuleError, match=r"f: no rule for \(float\)"):
            gg.pullback(f, 1.0)
