import re
from urllib.parse import urlsplit

import pytest

from ser.corpora import CORPORA
from ser.corpora.sources import SOURCES, Source


def test_every_corpus_has_a_source() -> None:
    assert list(SOURCES) == list(CORPORA)
    assert all(name == source.corpus for name, source in SOURCES.items())


@pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))
def test_a_source_is_fetched_or_says_how_to_get_it(source: Source) -> None:
    assert bool(source.url) != bool(source.how_to)
    if source.url:
        address = urlsplit(source.url)
        assert (address.scheme, address.path.rpartition("/")[2]) == ("https", source.file)
        assert re.fullmatch(r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", source.checksum)
        assert 0 < source.n_bytes < source.n_unpacked_bytes
        assert CORPORA[source.corpus].licence_url.startswith("https://")
    else:
        assert any(f"data/raw/{source.corpus}" in step for step in source.how_to)
