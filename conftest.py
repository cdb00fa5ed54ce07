"""Examples are tests: Python blocks in README.md and docs/, and docstrings of the package."""

import os
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE

# SciPy reads this once, when it is imported: whether its functions follow the arrays given to them.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

try:
    from sybil import Sybil
    from sybil.document import PythonDocStringDocument
    from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
    from sybil.parsers.rest import DocTestParser
except ModuleNotFoundError:
    # A GPU machine runs tests/ with its own Python, which need not have the development tools.
    pass
else:
    pages = Sybil(parsers=[PythonCodeBlockParser(), SkipParser()], pattern="*.md")
    docstrings = Sybil(
        parsers=[DocTestParser(optionflags=ELLIPSIS | NORMALIZE_WHITESPACE)],
        path="gpugrad",
        pattern="*.py",
        document_types={".py": PythonDocStringDocument},
    )
    pytest_collect_file = (pages + docstrings).pytest()
