from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser.errors import InputError
from tests.ser.corpora.rules import means, reader, recipe

read_labels = reader("savee")
EMOTIONS, SPEAKERS = means("savee", "emotion"), list(recipe("savee").codes["speaker"])
SENTENCES = dict.fromkeys(EMOTIONS, 15) | {"n": 30}


def test_a_name_is_read_field_by_field() -> None:
    labels = read_labels(PurePath("savee/KL_su15.wav"))
    assert (labels.emotion, labels.speaker, labels.gender, labels.age) == ("surprised", "KL", "male", "")
    assert (labels.vocal_channel, labels.statement, labels.language) == ("speech", "su15", "en")


@pytest.mark.parametrize(
    ("code", "emotion"),
    [
        ("a", "angry"),
        ("d", "disgust"),
        ("f", "fearful"),
        ("h", "happy"),
        ("n", "neutral"),
        ("sa", "sad"),
        ("su", "surprised"),
    ],
)
def test_every_emotion_code_means_what_the_corpus_says(code: str, emotion: str) -> None:
    assert read_labels(PurePath(f"DC_{code}01.wav")).emotion == emotion


@given(st.data())
def test_every_name_made_by_the_rules_is_read_back_in_both_layouts(data: st.DataObject) -> None:
    speaker, code = data.draw(st.sampled_from(SPEAKERS)), data.draw(st.sampled_from(sorted(EMOTIONS)))
    sentence = f"{code}{data.draw(st.integers(1, SENTENCES[code])):02}"
    labels = read_labels(PurePath(f"AudioData/{speaker}/{sentence}.wav"))
    assert (labels.speaker, labels.emotion, labels.statement) == (speaker, EMOTIONS[code], sentence)
    assert read_labels(PurePath(f"ALL/{speaker}_{sentence}.wav")) == labels


def test_the_rules_make_480_names() -> None:
    assert len(SPEAKERS) * sum(SENTENCES.values()) == 480


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("DC/a1.wav", "expected emotion and number"),
        ("DC/a001.wav", "expected emotion and number"),
        ("DC/DC-a01.wav", "expected emotion and number"),
        ("DC/s01.wav", "emotion code s is not a SAVEE code"),
        ("DC/a00.wav", r"sentence 00 is not among SAVEE's angry ones \(01 to 15\)"),
        ("DC/a16.wav", r"sentence 16 is not among SAVEE's angry ones \(01 to 15\)"),
        ("DC/n31.wav", r"sentence 31 is not among SAVEE's neutral ones \(01 to 30\)"),
        ("ALL/a01.wav", "expected a SAVEE speaker .* found 'ALL'"),
        ("AB_a01.wav", "expected a SAVEE speaker .* found 'AB'"),
        ("DC/JE_a01.wav", "the name says speaker JE, the folder says DC"),
    ],
)
def test_an_impossible_name_says_why(path: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_labels(PurePath(path))
