import subprocess
import sys
from pathlib import Path

import pytest

from ser.corpora import CORPORA
from ser.corpora.card import CorpusCard
from ser.dataset.metadata import EMOTIONS, GENDERS
from ser.errors import InputError
from tests.ser.corpora.rules import means

# A name made under each corpus's own rules, and its emotion, gender and speaker.
EXAMPLES = {
    "demo": ("Actor_02/03-01-06-01-02-01-02.wav", "fearful", "female", "02"),
    "ravdess": ("Actor_12/03-02-03-02-02-01-12.wav", "happy", "female", "12"),
    "tess": ("YAF_pleasant_surprised/YAF_back_ps.wav", "surprised", "female", "YAF"),
    "crema_d": ("AudioWAV/1001_DFA_ANG_XX.wav", "angry", "male", "1001"),
    "savee": ("DC/sa03.wav", "sad", "male", "DC"),
    "emodb": ("wav/16a02Lb.wav", "boredom", "female", "16"),
}
OWN_EMOTIONS = {"emodb": {"boredom"}}
PUBLISHED = [card for card in CORPORA.values() if card.url]


def test_the_corpora_stand_in_a_fixed_order() -> None:
    first, *recipes, last = CORPORA
    assert (first, last, recipes) == ("demo", "custom", sorted(recipes))
    assert {"ravdess", "tess", "crema_d", "savee", "emodb"} <= set(recipes)
    assert [card.name for card in CORPORA.values()] == list(CORPORA)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_card_opens_the_reader_of_its_corpus(name: str) -> None:
    path, emotion, gender, speaker = EXAMPLES[name]
    folder = Path("data/raw") / name
    labels = CORPORA[name].open_reader(folder, None)(folder / path)
    assert (labels.emotion, labels.gender, labels.speaker) == (emotion, gender, speaker)
    assert labels.language == CORPORA[name].language


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("other", EXAMPLES)
def test_no_corpus_takes_the_name_of_another(name: str, other: str) -> None:
    if {name, other} == {"demo", "ravdess"} or name == other:
        assert CORPORA[name].open_reader(Path(), None)(Path(EXAMPLES[other][0])).emotion == EXAMPLES[other][1]
    else:
        with pytest.raises(InputError, match="expected"):
            CORPORA[name].open_reader(Path(), None)(Path(EXAMPLES[other][0]))


@pytest.mark.parametrize("card", PUBLISHED, ids=lambda card: card.name)
def test_a_published_corpus_states_source_licence_size_and_naming(card: CorpusCard) -> None:
    assert card.source
    assert card.licence
    assert card.acted is not None
    assert card.naming.endswith(".")
    assert card.clips > card.speakers >= 0
    assert card.hours == 0 or 1 < card.hours * 3600 / card.clips < 6  # seconds of a clip; 0 is not known


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "demo"])
def test_labels_are_among_the_common_ones_but_for_a_corpus_s_own(name: str) -> None:
    assert set(means(name, "emotion").values()) - set(EMOTIONS) == OWN_EMOTIONS.get(name, set())
    path, _, gender, _ = EXAMPLES[name]
    assert CORPORA[name].open_reader(Path(), None)(Path(path)).gender == gender in (*GENDERS, "")


def test_importing_the_registry_is_light() -> None:
    heavy = ("torch", "pandas", "numpy", "scipy", "librosa", "soundfile")
    code = f"import sys, ser.corpora; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
