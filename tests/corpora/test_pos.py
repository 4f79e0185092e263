"""The shipped corpus of parts of speech keeps to its format, its tag set and its split."""

from collections import Counter
from pathlib import Path

import pytest

from seqnlp.codecs.edit_scripts import edit_script, lemma_of
from seqnlp.notes import notes_to
from seqnlp.readers.conll import parse_conllu
from seqnlp.readers.files import open_text
from seqnlp.readers.treebank import parse_treebank

FOLDER = Path(__file__).parents[2] / "corpora/pos"
OPEN = {"ADJ", "ADV", "INTJ", "NOUN", "PROPN", "VERB"}
CLOSED = {"ADP", "AUX", "CCONJ", "DET", "NUM", "PART", "PRON", "SCONJ"}
TAGS = OPEN | CLOSED | {"PUNCT", "SYM", "X"}
GENRES = {"news", "mail", "manuals", "talk", "recipes", "fiction"}
SPLITS = {
    name: list(parse_conllu(open_text(FOLDER / f"{name}.conllu"), FOLDER / f"{name}.conllu"))
    for name in ("train", "dev", "test")
}


def test_corpus_is_large_enough_and_split_80_10_10() -> None:
    sizes = {name: len(sentences) for name, sentences in SPLITS.items()}
    total = sum(sizes.values())
    assert total >= 500
    assert sum(len(sentence["form"]) for sentences in SPLITS.values() for sentence in sentences) >= 6000
    assert sizes["train"] == pytest.approx(0.8 * total, rel=0.01)
    assert sizes["dev"] == pytest.approx(0.1 * total, rel=0.02)
    assert sizes["test"] == pytest.approx(0.1 * total, rel=0.02)


@pytest.mark.parametrize("name", SPLITS)
def test_every_tag_is_there_and_no_other(name: str) -> None:
    assert {tag for sentence in SPLITS[name] for tag in sentence["upos"]} == TAGS


def test_no_sentence_is_there_twice() -> None:
    texts = [" ".join(sentence["form"]).lower() for sentences in SPLITS.values() for sentence in sentences]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("name", SPLITS)
def test_text_and_words_agree(name: str) -> None:
    notes: list[str] = []
    path = FOLDER / f"{name}.conllu"
    with notes_to(notes.append):  # which tell of blanks that SpaceAfter=No contradicts
        raw = list(parse_treebank(open_text(path), path))
    assert notes == []
    for sentence, surface in zip(SPLITS[name], raw, strict=True):
        assert surface.text == sentence["text"]
        assert [word for words in surface.words for word in words] == sentence["form"]


@pytest.mark.parametrize("name", SPLITS)
def test_contractions_are_multiword_tokens(name: str) -> None:
    path = FOLDER / f"{name}.conllu"
    found = [words for sentence in parse_treebank(open_text(path), path) for words in sentence.multiword.values()]
    assert len(found) > 10
    assert all(len(words) > 1 for words in found)
    raw = (words for sentence in parse_treebank(open_text(path), path) for words in sentence.words)
    assert [words for words in raw if len(words) == 1 and words[0].lower() in ("n't", "'ll", "'re", "'ve", "'m")] == []


@pytest.mark.parametrize("name", SPLITS)
def test_every_genre_is_in_every_split(name: str) -> None:
    assert {sentence["sent_id"].split("-")[1] for sentence in SPLITS[name]} == GENRES


@pytest.mark.parametrize("name", SPLITS)
def test_every_word_has_a_lemma_that_its_form_leads_to(name: str) -> None:
    for sentence in SPLITS[name]:
        for form, lemma, tag in zip(sentence["form"], sentence["lemma"], sentence["upos"], strict=True):
            assert lemma.strip() == lemma not in ("", "_"), sentence["text"]
            if tag in {"PUNCT", "SYM", "X"} or (tag == "PROPN" and form[-1] != "s"):
                assert lemma == form
            if tag in {"ADJ", "ADV", "ADP", "CCONJ", "SCONJ", "VERB"}:
                assert lemma == lemma.lower()
            assert lemma_of(form, edit_script(form, lemma)) == lemma


def test_regular_forms_share_few_edit_scripts() -> None:
    words = [pair for sentence in SPLITS["train"] for pair in zip(sentence["form"], sentence["lemma"], strict=True)]
    counts = Counter(edit_script(form, lemma) for form, lemma in words)
    assert sum(count for _, count in counts.most_common(40)) > 0.95 * len(words)
