"""Mutation testing of the rules: which changes of a rule does no test notice?

    make mutants                                       # every file with rules, a while
    .venv/bin/python -m tests.mutate reductions        # one of them

The mutations are mutmut's. Its own runner passes over decorated functions, which all rules are, and
over expressions at the top of a module, which the derivatives are; so here each mutated module is
run anew in a forked process, where its rules take the place of the right ones, and is held against
the rows of the table of samples of its functions, then against the tests of its subject.
"""

import argparse
import difflib
import io
import os
import signal
import sys
import types
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import libcst as cst
import pytest
from mutmut.mutation.mutators import mutation_operators

import gpugrad.nn.functional
import gpugrad.rules
from gpugrad.dispatch.primitive import BY_NAME, Primitive
from gpugrad.kernels.fused import FusedRule
from gpugrad.testing import check_frule, check_rrule
from tests.conftest import let_strict_give_way
from tests.libraries import strict_library
from tests.rules.samples.linalg import LINALG
from tests.rules.test_samples import (
    KINDS,
    check_each_input_alone,
    check_elsewhere,
    check_spaces,
)
from tests.samples import SAMPLES

ROOT = Path(__file__).parent.parent
FOLDERS = ("tests/rules", "tests/functions", "tests/nn/functional")
ROOMS = [gpugrad.rules, gpugrad.nn.functional]
RULES = ("@rrule.register(", "scalar_rule(", "loss_rule(", "linear(")
MODULES = {  # those with rules, by the names of their files
    path.stem: f"{room.__name__}.{path.stem}"
    for room in ROOMS
    for path in Path(room.__file__).parent.glob("*.py")
    if any(rule in path.read_text(encoding="utf-8") for rule in RULES)
}
STRICT = strict_library()
SECONDS = 60
IMPORTED = "ignore::pytest.PytestAssertRewriteWarning"  # modules of this process
TESTS = ["tests/rules/test_conventions.py", "tests/rules/test_kinks.py"]

# Nothing in these is a number: what is said of types and in messages, and where things come from.
_SKIPPED = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom, cst.Raise)


# A zip's check, and what saves a branch for complex numbers: neither computes anything.
_FLAGS = ("strict=True", "real=True")


def mutants(source):
    """Yield the sources that differ from `source` by one mutation."""
    module = cst.parse_module(source)
    beside = "import named" in source
    definitions = [id(node) for node in module.body if beside and _is_definition(node)]

    def visit(node):
        if isinstance(node, _SKIPPED) or _is_without_numbers(node) or id(node) in definitions:
            return
        if not isinstance(node, cst.SimpleString):
            for kind, operator in mutation_operators:
                if isinstance(node, kind):
                    for mutated in operator(node):
                        code = module.deep_replace(node, mutated).code
                        if all(code.count(flag) == source.count(flag) for flag in _FLAGS):
                            yield code
        for child in node.children:
            yield from visit(child)

    yield from visit(module)


def _is_definition(node):
    """Say whether it is a function that has a derivative beside it: public, and no rule itself."""
    if not isinstance(node, cst.FunctionDef) or node.name.value.startswith("_"):
        return False
    decorators = [getattr(found.decorator, "func", None) for found in node.decorators]
    return not any(isinstance(found, cst.Attribute) for found in decorators)  # rrule.register(f)


def _is_without_numbers(node):
    """Say whether it is a docstring, or `linear(...)`: without that, rules are transposed."""
    if not isinstance(node, cst.Expr):
        return False
    called = getattr(getattr(node.value, "func", None), "value", None)
    return isinstance(node.value, cst.SimpleString) or called in ("linear", "bilinear")


def change(source, mutated):
    """Return the lines that a mutation changed."""
    lines = difflib.unified_diff(source.splitlines(), mutated.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in lines if line[:3] not in ("---", "+++"))


def rows_of(name):
    """Return the rows of the functions that have a rule in a module."""
    path = sys.modules[MODULES[name]].__file__

    def is_here(rule):
        return str(rule.source).startswith(path)

    def concerns(function):
        own = any(map(is_here, (*function.rrules, *function.frules)))
        return own or (name in ("linalg", "decompositions") and function in _COMPOSED)

    return [sample for sample in SAMPLES if concerns(sample.function)]


# Written in the samples, of functions of which only a part does not depend on a choice.
_COMPOSED = [s.function for s in LINALG if s.function.path not in BY_NAME]


def install(name, source):
    """Run the mutated module; its rules, and what others import from it, replace the right ones."""
    module = sys.modules[MODULES[name]]
    before = dict(vars(module))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(source, module.__file__, "exec"), vars(module))
    for key, old in before.items():
        if isinstance(old, Primitive) and vars(module)[key] is not old:
            take_rules(old, vars(module)[key])
            setattr(module, key, old)
    renewed = {id(old): vars(module)[key] for key, old in before.items() if key in vars(module)}
    for other in [sys.modules[key] for key in MODULES.values()]:
        for key, value in list(vars(other).items()):
            if isinstance(value, types.FunctionType | type) and id(value) in renewed:
                setattr(other, key, renewed[id(value)])


def take_rules(old, new):
    """Give a function the rules of its other self that a mutated module has made."""
    old.rrules[:] = [rule for rule in old.rrules if isinstance(rule, FusedRule)] + new.rrules
    old.frules[:] = new.frules
    old.registered[:] = new.registered
    for remembered in (old.bound_rules, old.bound_frules, old.implementations, old.by_library):
        remembered.clear()


def notices(name, source, rows):
    """Say what notices a mutation, None if nothing does."""
    try:
        install(name, source)
    except Exception as error:
        return f"import: {error}"
    warnings.simplefilter("error")
    for sample in rows:
        try:
            for kind in sample.takes:
                args = sample.arguments(sample.draw(KINDS[kind]))
                check_rrule(sample.function, *args, **sample.keywords())
                check_frule(sample.function, *args, order=1, **sample.keywords())
                check_each_input_alone(sample, KINDS[kind])
                small = "complex64" if kind == "complex" else "float32"
                if small not in sample.not_in:
                    check_spaces(sample, small)
                if "strict" not in sample.not_in:
                    check_elsewhere(STRICT, sample, KINDS[kind])
        except (Exception, pytest.fail.Exception) as error:
            return f"{sample.name}: {error}"
        except pytest.skip.Exception:
            pass
    warnings.simplefilter("default")
    subjects = (name, *_ALSO.get(name, ()))
    own = [f"{folder}/test_{subject}.py" for folder in FOLDERS for subject in subjects]
    device = [f"tests/kernels/test_{n}.py" for n in _ON_DEVICE.get(name, ())]
    tests = [path for path in (*own, *TESTS, *device) if (ROOT / path).exists()]
    options = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-W", IMPORTED]
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        failed = pytest.main([*options, *tests])
    return f"tests: {failed}" if failed else None


# Tests that are about a module's rules, beside those of its name.
_ALSO = {
    "decompositions": ("linalg",),
    "calculus": ("beyond",),
    "ordering": ("beyond",),
    "elementwise": ("beyond",),
    **dict.fromkeys(("gates", "softmax"), ("activations",)),
    **dict.fromkeys(("binary", "classification", "margins", "regression"), ("losses",)),
    "standardise": ("normalisation",),
    "windows": ("convolution",),
}


# Files of tests/kernels/ that are about rules in a module.
_ON_DEVICE = {
    **dict.fromkeys(("binary", "losses", "margins", "regression"), ("losses",)),
    "classification": ("cross_entropy",),
    "dropout": ("dropout",),
    "softmax": ("softmax",),
    "standardise": ("normalisation",),
}


def survives(name, source, rows):
    """Say whether nothing notices a mutation, in a process of its own."""
    child = os.fork()
    if child == 0:
        let_strict_give_way(setattr)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of its own work, however busy the machine
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os._exit(0 if notices(name, source, rows) is None else 1)
    return os.waitpid(child, 0)[1] == 0


def run(name, jobs):
    """Print the mutants of one file that survive, and return their number."""
    source = Path(sys.modules[MODULES[name]].__file__).read_text(encoding="utf-8")
    rows = rows_of(name)
    if not survives(name, source, rows):
        raise SystemExit(f"{name}: the unchanged rules fail, so nothing can be told of mutants")
    found = list(dict.fromkeys(mutants(source)))
    survivors = 0
    with ThreadPoolExecutor(jobs) as pool:
        for mutated, survived in zip(
            found, pool.map(lambda mutated: survives(name, mutated, rows), found), strict=True
        ):
            if survived:
                survivors += 1
                print(change(source, mutated), flush=True)
    print(f"{name}: {len(found)} mutants, {len(rows)} rows, {survivors} survive", flush=True)
    return survivors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="files with rules; all by default")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    for name in options.names or sorted(MODULES):
        run(name, options.jobs)


if __name__ == "__main__":
    main()
