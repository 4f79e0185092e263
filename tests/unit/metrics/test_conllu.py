"""Scores of raw text: by hand, and beside the official evaluation of the shared task on damaged files."""

import io
import random

import pytest

from seqnlp.errors import DataError
from seqnlp.metrics.conllu import Analysis, evaluate_analysis
from seqnlp.readers.treebank import parse_treebank
from seqnlp.tasks.segment.scores import gold_analysis

Row = list[str]
Token = tuple[str, list[Row]]
Document = list[list[Token]]
"""Sentences of tokens, each with the form, lemma, part of speech, other tag and features of its words."""

RELATIONS = ["nsubj", "nsubj:pass", "case", "det", "punct", "aux:pass", "obj", "mark", "foo"]
FEATS = ["_", "Case=Nom", "Case=Nom|Number=Sing", "Foo=Bar|Number=Plur", "Number=Sing|Typo=Yes"]


def word(draw: random.Random, form: str) -> Row:
    lemma = draw.choice([form.lower(), form, "_"])
    return [form, lemma, draw.choice(["NOUN", "VERB"]), draw.choice(["N", "V", "_"]), draw.choice(FEATS)]


def token(draw: random.Random, text: str) -> Token:
    """A token; of some texts a multiword token, whose words need not be its parts."""
    if len(text) > 1 and draw.random() < 0.3:
        cut = draw.randrange(1, len(text))
        parts = draw.choice([[text[:cut], text[cut:]], ["de", "el"], [text, text[:1], text[1:]], ["A", "b", "a"]])
        return text, [word(draw, part) for part in parts]
    return text, [word(draw, text)]


def document(draw: random.Random, texts: list[str]) -> Document:
    sentences: Document = [[]]
    for text in texts:
        sentences[-1].append(token(draw, text))
        if draw.random() < 0.2:
            sentences.append([])
    return [sentence for sentence in sentences if sentence]


def damaged(draw: random.Random, gold: Document) -> Document:
    """The same characters in other tokens, words and sentences, with other tags here and there."""
    found: Document = []
    for sentence in gold:
        if not found or draw.random() < 0.8:
            found.append([])
        tokens = list(sentence)
        while tokens:
            text, words = tokens.pop(0)
            change = draw.random()
            if change < 0.1 and tokens:
                found[-1].append(token(draw, text + tokens.pop(0)[0]))
            elif change < 0.2 and len(text) > 1:
                cut = draw.randrange(1, len(text))
                found[-1] += [token(draw, text[:cut]), token(draw, text[cut:])]
            elif change < 0.4:
                found[-1].append(token(draw, text))
            else:
                found[-1].append((text, words))
            if draw.random() < 0.05:
                found.append([])
    return [sentence for sentence in found if sentence]


def tree(sentence: list[Token]) -> list[list[str]]:
    """Head and relation of each word: often its neighbour, after it in sentences of an even number of words."""
    forms = [row[0] for _, words in sentence for row in words]
    draw, size = random.Random(len(forms)), len(forms)
    heads = [0, *(draw.choice([number - 1, number - 1, draw.randrange(1, number)]) for number in range(2, size + 1))]
    if size % 2 == 0:
        heads = [head and size + 1 - head for head in reversed(heads)]
    relations = [RELATIONS[sum(map(ord, form)) % len(RELATIONS)] for form in forms]
    return [[str(head), relation if head else "root"] for head, relation in zip(heads, relations, strict=True)]


def conllu(sentences: Document) -> str:
    lines: list[str] = []
    for sentence in sentences:
        number, heads = 0, tree(sentence)
        for text, words in sentence:
            if len(words) > 1:
                lines.append("\t".join([f"{number + 1}-{number + len(words)}", text, *"________"]))
            for form, lemma, upos, xpos, feats in words:
                number += 1
                lines.append("\t".join([str(number), form, lemma, upos, xpos, feats, *heads[number - 1], "_", "_"]))
        lines.append("")
    return "".join(f"{line}\n" for line in lines)


def read(text: str) -> Analysis:
    return gold_analysis(parse_treebank(text.splitlines(), "", with_rows=True))


def test_damaged_files_score_as_in_the_official_evaluation() -> None:
    udeval = pytest.importorskip("udtools.udeval")
    different = 0
    for seed in range(200):
        draw = random.Random(seed)
        forms = ["".join(draw.choices("abA.,", k=draw.choice([1, 1, 2, 3, 5]))) for _ in range(draw.randrange(1, 60))]
        gold = document(draw, forms)
        texts = conllu(gold), conllu(damaged(draw, gold))
        official = udeval.evaluate(*(udeval.load_conllu(io.StringIO(text), "", {}) for text in texts))
        ours = evaluate_analysis(read(texts[0]), read(texts[1]), trees=True)
        for name, score in ours.items():
            expected = official[name]
            found = (score.correct, score.gold, score.system, score.precision, score.recall, score.f1)
            totals = (expected.correct, expected.gold_total, expected.system_total)
            assert found == (*totals, expected.precision, expected.recall, expected.f1), (seed, name)
            different += score.correct < score.gold
    assert different > 1000, "the files are damaged"


def analysis(*sentences: str) -> Analysis:
    found = Analysis()
    for sentence in sentences:
        found.add((text.replace("+", ""), [["", part] for part in text.split("+")]) for text in sentence.split())
    return found


def test_tokens_sentences_and_words_by_hand() -> None:
    gold, system = analysis("I do+n't know .", "Yes"), analysis("I don't know", ". Yes")
    scores = evaluate_analysis(gold, system, tags=False)
    assert list(scores) == ["Tokens", "Sentences", "Words"]
    assert (scores["Tokens"].correct, scores["Tokens"].gold, scores["Tokens"].system) == (5, 5, 5)
    assert scores["Sentences"].f1 == 0
    assert (scores["Words"].correct, scores["Words"].gold, scores["Words"].system) == (4, 6, 5)
    assert scores["Words"].precision == 4 / 5
    assert scores["Words"].f1 == 2 * 4 / 11


def test_nothing_scores_nothing() -> None:
    assert evaluate_analysis(Analysis(), Analysis())["Words"].f1 == 0


def test_blanks_in_forms_do_not_count() -> None:
    one, other = Analysis(), Analysis()
    one.add([("10\u00a0000", [["", "10\u00a0000"]])])
    other.add([("10 000", [["", "10 000"]])])
    assert evaluate_analysis(one, other)["Words"].f1 == 1


def test_other_characters_are_refused() -> None:
    with pytest.raises(DataError, match=r"at character 3 .*gold has 'c', the system 'd'"):
        evaluate_analysis(analysis("abc"), analysis("ab d"))
    with pytest.raises(DataError, match="the system nothing"):
        evaluate_analysis(analysis("abc"), analysis("ab"))
