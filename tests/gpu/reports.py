"""Pytest's reports in JUnit's form: kept together in tests.xml, a suite for each step."""

from xml.etree import ElementTree

COUNTS = ("tests", "failures", "errors", "skipped")


def keep(session, tests, step):
    """Put the report of a step among those kept, in place of an older one; return its numbers."""
    try:
        suites = list(ElementTree.parse(session).getroot())
    except ElementTree.ParseError as error:  # pytest was killed while it wrote
        return {"tests": f"the report is cut off: {error}"}
    others = [suite for suite in suites_of(tests) if suite.get("name") != step]
    root = ElementTree.Element("testsuites")
    root.extend([*others, *suites])
    ElementTree.ElementTree(root).write(tests, encoding="utf-8", xml_declaration=True)
    counts = {key: sum(int(suite.get(key)) for suite in suites) for key in COUNTS}
    return {**counts, "failed": names(suites)}


def failed_tests(tests):
    """Return the tests that failed, as pytest takes them, before they were run again."""
    return names(suite for suite in suites_of(tests) if suite.get("name") != "again")


def suites_of(tests):
    return list(ElementTree.parse(tests).getroot()) if tests.exists() else []


def names(suites):
    """Return the names of the tests that failed, each once, as pytest takes them."""
    found = {}
    for case in (case for suite in suites for case in suite.iter("testcase")):
        if case.find("failure") is not None or case.find("error") is not None:
            found[name(case)] = None
    return list(found)


def name(case):
    module, own = case.get("classname"), case.get("name")
    if not module:  # the file could not be imported
        return f"{own.replace('.', '/')}.py"
    return f"{module.replace('.', '/')}.py::{own}"
