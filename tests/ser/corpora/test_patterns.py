import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser.corpora.patterns import MAX_TEXT, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "text", "groups"),
    [
        (r"(?P<a>[a-z]+)_(?P<b>\d{2})", "dog_07", {"a": "dog", "b": "07"}),
        (r"(?P<a>S(?P<b>[MF])[0-9]+)", "SM12", {"a": "SM12", "b": "M"}),
        (r"(?:(?P<a>x)-)?(?P<b>y)", "y", {"b": "y"}),
        (r"(?:(?P<a>x)-)?(?P<b>y)", "x-y", {"a": "x", "b": "y"}),
        (r"(?P<a>cat|dog)|(?P<b>bird)", "bird", {"b": "bird"}),
        (r"(?P<a>[^/]+) ?\((?P<b>[0-9]*)\)", "a03(4)", None),  # what a repeat has taken is not given back
        (r"(?P<a>[^/(]+) ?\((?P<b>[0-9]*)\)", "a03(4)", {"a": "a03", "b": "4"}),
        (r"(?P<a>a|ab)c", "abc", None),  # nor is an alternative that fitted
        (r"(?P<a>ab|a)c", "abc", {"a": "ab"}),
        (r"Ä[äö]\.", "Äö.", {}),
        (r"a", "ab", None),
    ],
)
def test_a_pattern_is_read_from_left_to_right(pattern: str, text: str, groups: dict[str, str] | None) -> None:
    assert compile_pattern(pattern).full_match(text) == groups


def test_as_many_folders_are_looked_at_as_the_pattern_has() -> None:
    pattern = compile_pattern("(?:(?P<folder>[^/]+)/)?(?P<name>[a-z]+)")
    assert pattern.match(["up", "down", "dog"]) == {"folder": "down", "name": "dog"}
    assert pattern.match(["dog"]) == {"name": "dog"}
    assert pattern.match(["up", "Dog"]) is None
    assert pattern.match(["up", "Dog"], ignore_case=True) == {"folder": "up", "name": "Dog"}


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(a+)+b", r"'\(' at character 1 of the pattern cannot stand there"),
        ("(?:a+)+b", "only a character or a class can be repeated, a group be optional"),
        ("(?:a|a)*b", "only a character or a class can be repeated"),
        ("a++", "'\\+' at character 3"),
        ("a+?b", "'\\?' at character 3"),
        (".*", r"'.' at character 1 of the pattern cannot stand there: say what it may be"),
        (r"(?P<a>x)\1", r"'\\' at character 9"),
        (r"(?=x)x", r"'\(' at character 1"),
        (r"^x$", r"'\^' at character 1"),
        ("(?P<a>x", "a group of the pattern is not closed"),
        ("x)", r"'\)' at character 2"),
        ("[z-a]", "not a pattern: bad character range z-a"),
        ("(?P<a>x)(?P<a>y)", "not a pattern: redefinition of group name 'a'"),
        ("x" * 501, "expected a pattern of at most 500 characters"),
        ("", "expected a pattern"),
        (7, "expected a pattern"),
    ],
)
def test_what_could_take_long_or_is_no_pattern_is_refused(pattern: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "a*" * 250,
        "[ab]*" * 100,
        "(?:a|a)" * 71,
        "(?:a|aa)?" * 55,
        "(?:" * 80 + "a?" + ")?" * 80,
        "[^/]*/" * 30 + "b",
    ],
)
def test_no_pattern_takes_long(pattern: str) -> None:
    compiled = compile_pattern(pattern)
    start = time.process_time()
    compiled.match(["a" * 200 + "b"] * 30)
    compiled.full_match("a" * MAX_TEXT)
    assert time.process_time() - start < 1


def test_a_text_that_is_no_path_is_not_matched() -> None:
    assert compile_pattern("a*").full_match("a" * (MAX_TEXT + 1)) is None


@given(st.text("ab(?:|)*+[]x{2}^\\P<>_.", max_size=12), st.text("abx_", max_size=8))
def test_what_is_taken_matches_no_more_than_the_same_regular_expression(pattern: str, text: str) -> None:
    try:
        compiled = compile_pattern(pattern)
    except ValueError:
        return
    if compiled.full_match(text) is not None:
        assert re.fullmatch(pattern, text)
