"""What `ser` itself offers."""

import pytest

import ser


@pytest.mark.parametrize("name", ser.__all__)
def test_every_public_name_is_there_and_says_what_it_is(name: str) -> None:
    assert getattr(ser, name).__name__ == name
    assert getattr(ser, name).__doc__
