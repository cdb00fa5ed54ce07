"""Assignment into recorded arrays, and what it means for others that share their memory.

A recording writes into no array. `x[i] = v` computes a new array, whose place in the recording `x`
takes over: `x` is *renewed*. NumPy would show the assignment in the views of `x`, and in the array
that `x` is a view of; recorded arrays do not see each other's memory, so these may not be used as
they are any more. Of each recorded array one of these is true:

- It is **alone**: nothing was taken from it that may be a view. It has no `Alias`.
- It is a **root**, or a **view** of one: all of a family know their root, which knows its views.
- It is **stale**: another one of its family was renewed. Its level is a `Stale`, which answers
  whatever it is called with: by an error, or by bringing it up to date.

A stale root can be brought up to date if the one that was renewed was taken from it by `x[index]`
alone: it *owes* itself x[index] = news, which is done when it is used next. That view is then stale
in its turn. Who was renewed leaves its family, for it has memory of its own, as it were; it may be
the root of views itself, and so owe something when it is asked for its news.
"""

from __future__ import annotations

import dis
import math
import sys
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gpugrad import functions as F
from gpugrad.dispatch.kinds import Array, Index
from gpugrad.dispatch.levels import Level, LevelValue, plain, youngest
from gpugrad.dispatch.libraries import library_of
from gpugrad.errors import AliasError, ArgumentError, ConversionError
from gpugrad.rulebook import opaque


class Alias:
    """With which other recorded arrays one may share its memory.

    Attributes:
        root: the array that this is a view of; None of a root itself.
        views: of a root, the arrays that are views of it.
        taken: of x[index]: the slot of x, the index, and whether x is itself no view.
        news: of such a view once it is renewed: what its root can look up.
    """

    __slots__ = ("news", "root", "taken", "views")

    def __init__(self, root: Assignable | None = None) -> None:
        self.root = root
        self.views: list[weakref.ref[Assignable]] = []
        self.taken: tuple[Any, Any, bool] | None = None
        self.news: News | None = None


class News:
    """What a view is by now that was assigned to, for the array that it was taken from.

    Attributes:
        value: the recorded value that the view became.
        owed: what the view owes itself since, if it was a root, too.
        lost: whether it was left out of date in a way that is not known.
    """

    __slots__ = ("lost", "owed", "value", "view")

    def __init__(self, view: Assignable, value: Any) -> None:
        self.view = weakref.ref(view)
        self.renew(value)

    def renew(self, value: Any) -> None:
        """Take the view's next value."""
        self.value = value
        self.owed: tuple[Any, News] | None = None
        self.lost = False

    def settled(self, name: str) -> Any:
        """Return the value with all that is owed; what it is the value of is retired."""
        if self.lost:
            raise _out_of_date(name)
        value = self.value
        if self.owed is not None:
            index, news = self.owed
            value = F.index_set(value, index, news.settled(name))
        view = self.view()
        if view is not None:
            _retire(view)
        return value


class Stale(Level):
    """The level of a recorded array that an assignment through another name left out of date.

    Args:
        before: its level until then.
        writer: who was assigned to, and alone changed what this one is.
        owed: the index at which that view was taken, and its news, if these are all there is to it.
    """

    def __init__(
        self,
        before: Level,
        writer: Assignable | None = None,
        owed: tuple[Any, News] | None = None,
    ) -> None:
        super().__init__(math.inf)  # it answers before all others
        self.before = before
        self.writer = None if writer is None else weakref.ref(writer)
        self.owed = owed

    @property
    def namespace(self) -> Any:
        """The namespace of its level before."""
        return self.before.namespace

    def call(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call `f` once the arrays are brought up to date, if they can be."""
        _check_all(f.name, args)
        return youngest(args).call(f, args, kwargs)

    def call_by_rule(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call `f`, whose arguments may be structures, likewise."""
        return opaque.call_by_rule(f, args, kwargs)

    def binary(self, f: Any, a: Array, b: Array) -> Any:
        """Call `f` likewise."""
        return self.call(f, (a, b), {})

    def forget_debt(self) -> None:
        """Forget what is owed: there was another assignment, and the order is not known."""
        self.writer = self.owed = None


def _check_all(name: str, args: Any) -> None:
    for x in args:
        if isinstance(x, Assignable):
            x.check_current(name)
        elif type(x) in (list, tuple):
            _check_all(name, x)


class Assignable(LevelValue):
    """A base for recorded arrays, which can be assigned into: see above."""

    __slots__ = ("alias", "slot")

    alias: Alias  # not set while the array is alone
    slot: Any  # what the level keeps for it: on a tape, its line; in forward mode, its tangent

    if TYPE_CHECKING:  # what the values have besides
        shape: Any
        dtype: Any

    # --- Assignment ---------------------------------------------------------------------------

    def __setitem__(self, index: Index, values: Any) -> None:
        level = self.level
        written_back = type(level) is Stale and self._is_own_view(level, index, values)
        if written_back:  # x[index] += v, which changed the view and now hands it back
            values.check_current("index_set")
            self.level = values.level
        self._renew(F.index_set(self, index, values))
        if written_back:
            _retire(values)

    def _is_own_view(self, stale: Stale, index: Index, values: Any) -> bool:
        """Say whether `values` was taken from here at `index`, and was alone in changing this."""
        if not isinstance(values, Assignable) or stale.writer is None:
            return False
        if stale.writer() is not values:
            return False
        slot, taken, _ = values.alias.taken or (None, None, False)
        is_same = taken is index or (_is_plain(taken) and _is_plain(index) and taken == index)
        return slot is self.slot and is_same

    def _renew(self, new: Any) -> None:
        """Take over the place of `new`: this was assigned into. Its family is stale."""
        if new.level is not self.level and not self.level.constant:
            raise AliasError(
                "x[...] = v or x += v: x was recorded outside of the function that is being "
                "differentiated here, v inside of it. Pass x to the function as an argument, or "
                "make a new array, with xp.where or xp.concat"
            )
        alias = self.alias if hasattr(self, "alias") else None
        if alias is not None:
            if alias.news is not None:
                alias.news.renew(new)
            for member in _family(self, alias):
                if member is not self and _share(member.value, self.value):
                    self._outdate(member, alias, new)
            alias.root, alias.views = None, []
        self.value, self.level, self.slot = new.value, new.level, new.slot

    def _outdate(self, member: Assignable, alias: Alias, new: Any) -> None:
        """Make another one of the family stale."""
        owed = None
        if type(member.level) is Stale:
            member.level.forget_debt()
        else:
            _, index, is_direct = alias.taken or (None, None, False)
            if member is alias.root and is_direct and F.is_basic(index):
                alias.news = News(self, new)
                owed = index, alias.news
            member.level = Stale(member.level, self, owed)
        news = member.alias.news
        if news is not None:
            news.owed, news.lost = owed, owed is None

    def check_current(self, name: str) -> None:
        """Bring this up to date where an assignment through another name left it out of date.

        Args:
            name: the function that needs it, for the error.

        Raises:
            AliasError: what was assigned is not known here.
        """
        stale = self.level
        if type(stale) is not Stale:
            return
        if stale.owed is None:
            raise _out_of_date(name)
        index, news = stale.owed
        value = news.settled(name)
        self.level = stale.before
        self._renew(F.index_set(self, index, value))

    def add_view(self, view: Assignable) -> None:
        """Remember that `view` may share this array's memory."""
        if not hasattr(self, "alias"):
            self.alias = Alias()
        root = self if self.alias.root is None else self.alias.root
        alias = root.alias
        count = len(alias.views)
        if count & (count - 1) == 0:  # at powers of two alone, or n views would cost n² steps
            alias.views = [ref for ref in alias.views if ref() is not None]
        alias.views.append(weakref.ref(view))
        view.alias = Alias(root)

    # --- Operators in place -------------------------------------------------------------------

    def _in_place(self, result: Any, symbol: str) -> Any:
        if isinstance(plain(self.value), (float, complex, int, np.generic)):
            return result  # numbers are immutable: the name is bound anew
        if result.shape != self.shape:
            raise ArgumentError(
                f"x {symbol}= v: x of shape {self.shape} cannot hold the result's shape "
                f"{result.shape}. Write x = x {symbol} v"
            )
        if result.level.constant:  # the function is one that no gradient flows through
            result = F.index_set(self, ..., result)
        self._renew(result if result.dtype == self.dtype else F.astype(result, self.dtype))
        return self

    def __iadd__(self, other: Any) -> Any:
        return self._in_place(F.add(self, other), "+")

    def __isub__(self, other: Any) -> Any:
        return self._in_place(F.subtract(self, other), "-")

    def __imul__(self, other: Any) -> Any:
        return self._in_place(F.multiply(self, other), "*")

    def __itruediv__(self, other: Any) -> Any:
        return self._in_place(F.divide(self, other), "/")

    def __ipow__(self, other: Any) -> Any:
        return self._in_place(F.pow(self, other), "**")

    def __imatmul__(self, other: Any) -> Any:
        return self._in_place(F.matmul(self, other), "@")

    def __imod__(self, other: Any) -> Any:
        return self._in_place(F.remainder(self, other), "%")

    def __ifloordiv__(self, other: Any) -> Any:
        return self._in_place(F.floor_divide(self, other), "//")

    def __iand__(self, other: Any) -> Any:
        return self._in_place(F.bitwise_and(self, other), "&")

    def __ior__(self, other: Any) -> Any:
        return self._in_place(F.bitwise_or(self, other), "|")

    def __ixor__(self, other: Any) -> Any:
        return self._in_place(F.bitwise_xor(self, other), "^")


def _is_plain(index: Index) -> bool:
    """Say whether an index is made of Python's integers alone, so that two can be compared."""
    if type(index) is tuple:
        return all(map(_is_plain, index))
    if type(index) is slice:
        return all(
            part is None or type(part) is int for part in (index.start, index.stop, index.step)
        )
    return index is None or index is ... or type(index) is int


def _retire(view: Assignable) -> None:
    """Make a view, and what was taken from it, stale for good: its news are with its root now.

    None of these would see what is assigned there from now on.
    """
    for member in _family(view, view.alias):
        level = member.level
        member.level = Stale(level.before if type(level) is Stale else level)


def _out_of_date(name: str) -> AliasError:
    """Return the error for the use of such an array by a function."""
    return AliasError(
        f"{name}: a recorded array shares its memory with another one that was assigned to "
        f"since (x[...] = v or x += v). NumPy would show the assignment here, a recording "
        f"cannot. Assign to the array itself, x[i, j] = v instead of x[i][j] = v, or take "
        f"the view after the assignment, or take a copy: x[i].copy()"
    )


def _family(x: Assignable, alias: Alias) -> list[Assignable]:
    """Return all that may share memory with `x`, itself among them."""
    root = x if alias.root is None else alias.root
    views = [view() for view in root.alias.views]
    return [root, *[view for view in views if view is not None]]


def _share(a: Array, b: Array) -> bool:
    """Say whether two arrays may share memory; where their library cannot tell, say yes."""
    a, b = plain(a), plain(b)
    library = library_of(a)
    function = library.function("may_share_memory") if library is not None else None
    return True if function is None else bool(function(a, b))


_STORE_SUBSCR = dis.opmap["STORE_SUBSCR"]


def check_not_assigned() -> None:
    """Raise ConversionError where it is `array[i] = x` that asks the recorded `x` for its number.

    NumPy asks by calling `x.__float__`, as users do who want to leave the tape by `float(x)`, and
    tells nobody why. The one difference is in the caller's bytecode: the frame above the conversion
    method, which calls this, is the user's, and stands at the instruction that stores an item.
    (Where NumPy is asked by other ways, as by `np.put`, a protocol tells.)
    """
    frame = sys._getframe(2)  # pyright: ignore[reportPrivateUsage]
    if frame.f_code.co_code[frame.f_lasti] == _STORE_SUBSCR:
        raise ConversionError(
            "array[i] = x: x is recorded and the array is not, which would drop the gradient of "
            "x. Make the array by xp.zeros_like(x), or collect the numbers and xp.stack([...]) "
            "them; where no gradient is wanted write array[i] = float(x)"
        )
