"""The likeliest labels of each word: they agree with the scores of the tags, whatever the decoder."""

import numpy as np
import pytest
import torch

import seqnlp
from seqnlp.codecs.spans import rewritten
from seqnlp.decoders.crf import CrfTagger
from seqnlp.decoders.linear import LinearTagger
from seqnlp.nn.encoder import States
from seqnlp.tasks.tag.predictor import Tagger

TEXT = "The ferry came in late ."


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    found = seqnlp.load("tests/data/run_v2/tag")
    assert isinstance(found, Tagger)
    return found


def test_the_likeliest_are_the_tags_with_their_scores(tagger: Tagger) -> None:
    tagging, found = tagger.tag(TEXT), tagger.alternatives(TEXT, 5)["upos"]
    assert [len(row) for row in found] == [5] * 6
    assert [row[0][0] for row in found] == tagging.tags
    np.testing.assert_allclose([row[0][1] for row in found], tagging.scores, rtol=1e-5)
    whole = tagger.alternatives(TEXT, 1000)["upos"]
    np.testing.assert_allclose([sum(share for _, share in row) for row in whole], 1, rtol=1e-5)
    assert tagger.alternatives("", 5) == {"upos": []}


@pytest.mark.parametrize("kind", ["linear", "crf"])
def test_probabilities_hold_the_scores(kind: str) -> None:
    torch.manual_seed(3)
    forbidden = torch.zeros(5, 5, dtype=torch.bool)
    forbidden[0, 1] = True
    from seqnlp.decoders.linear import Linear

    decoder = CrfTagger(6, 4, 0.0, forbidden) if kind == "crf" else LinearTagger(Linear(), 6, 4, forbidden)
    decoder.eval()
    if isinstance(decoder, CrfTagger):
        torch.nn.init.normal_(decoder.transition_scores)
    mask = torch.tensor([[True, True, True], [True, False, False]])
    states = States(torch.randn(2, 3, 6), mask, [])
    tags, shares = decoder.predict(states), decoder.probabilities(states)
    picked = shares.gather(-1, tags.labels[..., None])[..., 0]
    torch.testing.assert_close(picked[mask], tags.scores[mask])
    torch.testing.assert_close(shares[mask].sum(-1), torch.ones(4))


@pytest.mark.parametrize(
    ("tag", "scheme", "other", "wanted"),
    [
        ("S-PER", "bioes", "bio", "B-PER"),
        ("E-PER", "bioes", "bio", "I-PER"),
        ("E-PER", "bioes", "bilou", "L-PER"),
        ("S-X-Y", "bioes", "bmewo", "W-X-Y"),
        ("O", "bioes", "bio", "O"),
        ("B-PER", "bio", "iob1", "B-PER"),
        ("B-PER", "bio", "bio", "B-PER"),
    ],
)
def test_a_tag_in_another_scheme(tag: str, scheme: str, other: str, wanted: str) -> None:
    assert rewritten(tag, scheme, other) == wanted  # type: ignore[arg-type]


def test_labels_that_the_corpus_writes_alike_are_one(tagger: Tagger) -> None:
    data = tagger.data.model_copy(update={"scheme": "bio", "training_scheme": "bioes"})
    own = Tagger(tagger.model, tagger.codecs, tagger.labels, data)
    merged = own._merged([("S-X", 0.4), ("O", 0.35), ("B-X", 0.15), ("E-X", 0.1)])
    assert [(label, round(share, 6)) for label, share in merged] == [("B-X", 0.55), ("O", 0.35), ("I-X", 0.1)]
