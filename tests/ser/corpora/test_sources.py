from urllib.parse import urlsplit

import pytest

from ser.corpora import CORPORA
from ser.corpora.card import CorpusCard
from ser.corpora.sources import Source
from ser.errors import InputError
from ser.params import validated


@pytest.mark.parametrize("card", CORPORA.values(), ids=list(CORPORA))
def test_a_corpus_is_fetched_or_says_how_to_get_it(card: CorpusCard) -> None:
    if card.get.url:
        address = urlsplit(card.get.url)
        assert (address.scheme, address.path.rpartition("/")[2]) == ("https", card.get.file)
        assert 0 < card.get.n_bytes < card.get.n_unpacked_bytes
        assert card.licence_url.startswith("https://")
    else:
        assert any(f"data/raw/{card.name}" in step for step in card.get.how_to)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "expected either a url to fetch or how_to"),
        ({"url": "https://x.org/a.zip", "how_to": ["Ask."]}, "expected either a url to fetch or how_to"),
        ({"url": "https://x.org/a.zip", "file": "a.zip"}, "expected file, checksum and n_bytes"),
        ({"how_to": ["Ask."], "checksum": "crc:1"}, "checksum: expected text to match pattern"),
        ({"how_to": ["Ask."], "file": "../a.zip"}, "file: "),
    ],
)
def test_a_source_that_cannot_be_used_says_why(values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        validated(Source, values, "recipe")
