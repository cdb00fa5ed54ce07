"""The house rules of gpugrad/: nobody changes what is another module's, and rooms are introduced.

Which room may import which is checked by import-linter (`make lint`).
"""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "gpugrad"
MODULES = sorted(PACKAGE.rglob("*.py"))
ROOMS = sorted(path.parent for path in PACKAGE.glob("*/__init__.py"))


def path_of(path):
    return str(path.relative_to(PACKAGE.parent))


class Changes(ast.NodeVisitor):
    """The lines of a module that change what it imported from another module of gpugrad.

    Attributes:
        found: the lines, as they are written.
    """

    def __init__(self, source):
        self.source = source
        self.found = []
        self.scopes = [{}]  # of each: which names there are, and whether they are imported
        self.visit(ast.parse(source))

    # --- Which names are imported

    def visit_Import(self, node):
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self.scopes[-1][name] = alias.name.partition(".")[0] == "gpugrad"

    def visit_ImportFrom(self, node):
        ours = node.level > 0 or node.module.partition(".")[0] == "gpugrad"
        for alias in node.names:
            self.scopes[-1][alias.asname or alias.name] = ours

    def is_imported(self, name):
        return next((scope[name] for scope in reversed(self.scopes) if name in scope), False)

    def visit_FunctionDef(self, node):
        for decorator in node.decorator_list:
            self.visit(decorator)
        arguments = {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
        self.scopes.append(dict.fromkeys(arguments | bound_in(node.body), False))
        for statement in node.body:
            self.visit(statement)
        self.scopes.pop()

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node):
        self.scopes.append({a.arg: False for a in ast.walk(node.args) if isinstance(a, ast.arg)})
        self.visit(node.body)
        self.scopes.pop()

    # --- What is changed

    def visit_Assign(self, node):
        self.change(node, *node.targets)

    def visit_AugAssign(self, node):
        self.change(node, node.target)

    def visit_AnnAssign(self, node):
        self.change(node, node.target)

    def visit_Delete(self, node):
        self.change(node, *node.targets)

    def visit_For(self, node):
        self.change(node, node.target)

    def visit_withitem(self, node):
        self.change(node.context_expr, *filter(None, [node.optional_vars]))

    def visit_Call(self, node):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if name in ("setattr", "delattr", "__setattr__", "__delattr__") and node.args:
            self.note(node, base_of(node.args[0]))
        self.generic_visit(node)

    def change(self, node, *targets):
        for target in targets:
            if isinstance(target, (ast.Tuple, ast.List)):
                self.change(node, *target.elts)
            elif isinstance(target, ast.Starred):
                self.change(node, target.value)
            elif not isinstance(target, ast.Name):
                is_table = isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name)
                self.note(node, "" if is_table else base_of(target))
        self.generic_visit(node)

    def note(self, node, base):
        if self.is_imported(base):
            self.found.append(ast.get_source_segment(self.source, node).splitlines()[0])


def base_of(node):
    """Return the name that an attribute, a subscript, or what `vars` says is of; "" of a call."""
    while not isinstance(node, ast.Name):
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "vars" and node.args:
            node = node.args[0]
        else:
            return ""
    return node.id


def bound_in(nodes):
    """Return the names that a function binds, not those of the functions in it."""
    bound = set()
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            bound |= bound_in(ast.iter_child_nodes(node))
    return bound


@pytest.mark.parametrize("path", MODULES, ids=path_of)
def test_nothing_of_another_module_is_changed(path):
    found = Changes(path.read_text(encoding="utf-8")).found
    assert not found, "what is another module's: let that module have a function for it"


FORBIDDEN = [
    "Imported.attr = 1",
    "Imported.attr.inner = 1",
    "Imported.attr += 1",
    "Imported.attr: int = 1",
    "a, (b, *Imported.attr) = 1, (2, 3)",
    "a = Imported.attr = 1",
    "del Imported.attr",
    "for Imported.attr in [1]: pass",
    "with open('f') as Imported.attr: pass",
    "Imported.table['key'] = 1",
    "Imported.table['key'].attr = 1",
    "del Imported.table['key']",
    "Imported['key'].attr = 1",
    "vars(Imported)['attr'] = 1",
    "setattr(Imported, 'attr', 1)",
    "delattr(Imported, 'attr')",
    "object.__setattr__(Imported, 'attr', 1)",
    "setattr(Imported.inner, 'attr', 1)",
    "module.name = 1",
    "renamed.name = 1",
    "gpugrad.nn.name = 1",
    "sibling.name = 1",
    "Neighbour.attr = 1",
]
IMPORTS = """
import gpugrad.nn
import gpugrad.structure.walk as renamed
from gpugrad.structure import walk as module
from gpugrad.structure.walk import Imported
from . import sibling
from .sibling import Neighbour
import numpy as np
"""


@pytest.mark.parametrize("line", FORBIDDEN)
def test_a_change_is_found(line):
    for form in ("{}", "def f():\n    {}", "class C:\n    {}", "if a:\n    {}"):
        assert len(Changes(f"{IMPORTS}\n{form.format(line)}").found) == 1, form


def test_a_change_of_what_a_function_imports_is_found():
    source = "def f():\n    from gpugrad.structure.walk import Imported\n    Imported.attr = 1"
    assert Changes(source).found == ["Imported.attr = 1"]


@pytest.mark.parametrize(
    "source",
    [
        "Imported = 1",
        "x = Imported.attr",
        "Imported.attr(1)",
        "Imported(1).attr = 2",
        "np.attr = 1",
        "own = {}\nown['key'] = Imported",
        "Imported['key'] = 1",  # a table that is there to be written to
        "def f(Imported):\n    Imported.attr = 1",
        "def f():\n    Imported = object()\n    Imported.attr = 1",
        "class Own(Imported):\n    attr = 1\nOwn.attr = 2",
        "setattr(np, 'attr', Imported)",
        "lambda Imported: setattr(Imported, 'attr', 1)",
    ],
)
def test_what_is_no_change_is_none(source):
    assert Changes(f"{IMPORTS}\n{source}").found == []


@pytest.mark.parametrize("room", ROOMS, ids=path_of)
def test_a_room_is_introduced(room):
    docstring = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8")))
    assert docstring
    assert len(docstring.splitlines()) > 1
