import pytest

from ser.corpora.demo.phones import DOGS_ARE_SITTING_BY_THE_DOOR, KIDS_ARE_TALKING_BY_THE_DOOR, PHONES, Step

STATEMENTS = [KIDS_ARE_TALKING_BY_THE_DOOR, DOGS_ARE_SITTING_BY_THE_DOOR]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_is_made_of_known_phones_and_lasts_about_as_long_as_when_read(statement: tuple[Step, ...]) -> None:
    assert {step.phone for step in statement} <= set(PHONES)
    assert 1.2 < sum(step.seconds for step in statement) < 1.7
    assert sum(step.accented for step in statement) == 3


def test_the_statements_differ_at_their_start_and_end_alike() -> None:
    kids, dogs = STATEMENTS
    assert kids[:3] != dogs[:3]
    assert kids[-12:] == dogs[-12:]


def test_every_phone_makes_a_sound_but_a_closed_voiceless_stop() -> None:
    silent = {name for name, phone in PHONES.items() if not phone.voicing + phone.aspiration + phone.frication}
    assert silent == {"stop"}


def test_the_formants_of_every_phone_ascend() -> None:
    assert all(phone.formants == tuple(sorted(phone.formants)) for phone in PHONES.values())
