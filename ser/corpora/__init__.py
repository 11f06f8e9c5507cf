"""The corpora that can be read: one module each, and the registry that names them."""

from dataclasses import replace

from ser.corpora import crema_d, custom, emodb, ravdess, savee, tess
from ser.corpora.card import CorpusCard

# Here and not in ser/corpora/demo/synthesis.py, which needs NumPy and SciPy to synthesise.
_DEMO = replace(
    ravdess.CARD,
    name="demo",
    title="Synthetic voices",
    source="made by this project; the sources of the acoustic effects stand in ser/corpora/demo/synthesis.py",
    url="",
    licence="MIT, as this project",
    licence_url="",
    clips=0,
    clips_are="",
    hours=0.0,
    speakers=0,
    naming="As in RAVDESS.",
)

CORPORA: dict[str, CorpusCard] = {
    card.name: card for card in (_DEMO, ravdess.CARD, tess.CARD, crema_d.CARD, savee.CARD, emodb.CARD, custom.CARD)
}
"""From a corpus's name to its card."""
