"""Segmenters and pipelines, by the frozen runs: text in, sentences and CoNLL-U out; training from plain sentences."""

import io
import json
import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

import seqnlp as library
from seqnlp.errors import UsageError
from seqnlp.notes import notes_to
from seqnlp.readers.conll import parse_conllu
from seqnlp.readers.treebank import parse_treebank
from seqnlp.tasks.segment import predictor
from seqnlp.tasks.segment.conllu import conllu_sentence
from seqnlp.tasks.segment.corpus import plain_sentences
from seqnlp.tasks.segment.predictor import Segmenter
from seqnlp.tasks.segment.result import SegmentedSentence, Token
from seqnlp.tasks.segment.scores import gold_analysis

ROOT = Path(__file__).parents[2]
RUNS = ROOT / "tests/data/run_v2"
SEGMENTER, TAGGER = RUNS / "segment", RUNS / "tag"
GOLD = ROOT / "corpora/pos/dev.conllu"
TEXT = "It's late, and we can't stay.  Who goes?\nWe do!\n\nThe old\u00a0harbour at 10:30 (Nordhafen) I don't know\n"
Program = Callable[..., "CompletedProcess[str]"]


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    found: Segmenter = library.load(SEGMENTER)
    return found


def long_text() -> str:
    """A text with paragraphs of all lengths, one of them longer than several windows."""
    sentences = list(parse_treebank(GOLD.read_text(encoding="utf-8").splitlines(), GOLD))
    parts = [sentence.text for sentence in sentences]
    return "\n\n".join([" ".join(parts[:60]), *parts[60:70], "\n".join(parts[70:100])])


def chunks(text: str, seed: int) -> Iterator[str]:
    draw, place = random.Random(seed), 0
    while place < len(text):
        size = draw.choice([1, 2, 7, 100, 3000])
        yield text[place : place + size]
        place += size


@pytest.mark.parametrize("seed", range(3))
def test_where_chunks_are_cut_has_no_influence(segmenter: Segmenter, seed: int) -> None:
    text = long_text()
    assert list(segmenter.segment(chunks(text, seed))) == segmenter.segment(text)


def test_every_character_is_in_a_token_at_its_place(segmenter: Segmenter) -> None:
    text = long_text()
    place = 0
    for sentence in segmenter.segment(text):
        for token in sentence.tokens:
            assert not text[place : token.start].strip()
            assert text[token.start : token.end] == token.text
            place = token.end
    assert not text[place:].strip()


def test_most_tokens_and_sentences_of_dev_are_found(seqnlp: Program) -> None:
    found = json.loads(seqnlp("evaluate", SEGMENTER, "--raw", GOLD, "--json").stdout)["scores"]
    assert list(found) == ["Tokens", "Sentences", "Words"]
    assert found["Tokens"] > 99
    assert found["Words"] > 99
    assert found["Sentences"] > 80


def test_paragraphs_end_sentences(segmenter: Segmenter) -> None:
    found = segmenter.segment("no end here\n\n\n  and\nnone here")
    assert [sentence.text for sentence in found] == ["no end here", "and none here"]
    assert [sentence.begins_paragraph for sentence in found] == [True, True]


@pytest.mark.parametrize("text", ["", " \n\n "])
def test_no_text_has_no_sentences(seqnlp: Program, segmenter: Segmenter, text: str) -> None:
    assert segmenter.segment(text) == []
    for command in (["segment", SEGMENTER], ["annotate", SEGMENTER, TAGGER]):
        done = seqnlp(*command, "-", stdin=text)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_sentences_without_an_end_are_cut(segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictor, "LONGEST", 1000)
    text = "x" * 4321
    notes: list[str] = []
    with notes_to(notes.append):
        whole = segmenter.segment(text)
        assert list(segmenter.segment(chunks(text, 1))) == whole
    assert "".join(token.text for sentence in whole for token in sentence.tokens) == text
    assert max(sentence.tokens[-1].end - sentence.tokens[0].start for sentence in whole) <= 1000
    assert notes[0].endswith("sentences without an end for 1,000 characters were cut")


def test_a_sentence_a_line(seqnlp: Program) -> None:
    done = seqnlp("segment", SEGMENTER, stdin=TEXT)
    assert done.stdout.splitlines()[:3] == ["It's late , and we can't stay .", "Who goes ?", "We do !"]
    assert seqnlp("predict", SEGMENTER, stdin=TEXT).stdout == done.stdout


def test_json_has_offsets_and_words(seqnlp: Program) -> None:
    first = json.loads(seqnlp("segment", SEGMENTER, "--json", stdin=TEXT).stdout.splitlines()[0])
    assert (first["text"], first["start"], first["end"]) == ("It's late, and we can't stay.", 0, 29)
    assert first["tokens"][0] == {"text": "It's", "start": 0, "end": 4, "words": ["It", "'s"]}
    assert first["tokens"][1] == {"text": "late", "start": 5, "end": 9}
    assert first["begins_paragraph"] is True


def test_conllu_has_all_that_the_text_has(seqnlp: Program) -> None:
    written = seqnlp("segment", SEGMENTER, "--conllu", stdin=TEXT).stdout
    assert written.startswith("# newpar\n# sent_id = 1\n# text = It's late, and we can't stay.\n1-2\tIt's\t_")
    assert "\n1\tIt\t_\t_\t_\t_\t_\t_\t_\t_\n" in written
    assert "\tlate\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No|TokenRange=5:9\n" in written
    assert written.count("# newpar") == 2
    notes: list[str] = []
    with notes_to(notes.append):
        sentences = list(parse_treebank(written.splitlines(), "written"))
    assert notes == []
    assert [sentence.text for sentence in sentences][:2] == ["It's late, and we can't stay.", "Who goes?"]
    for token in re.findall(r"^[0-9-]+\t([^\t]+)\t.*TokenRange=(\d+):(\d+)$", written, re.MULTILINE):
        assert TEXT[int(token[1]) : int(token[2])] == token[0]


def test_conllu_is_valid_and_scores_as_we_say(seqnlp: Program, tmp_path: Path) -> None:
    validator = pytest.importorskip("udtools.validator")
    udeval = pytest.importorskip("udtools.udeval")
    odd = "It\u2019s cafe\u0301 \u200bthin\u00a0g.\u0085Two\x07 words\u2028 line #x\n\n_ a|b \U0001f469\u200d\U0001f469 1."  # noqa: E501
    text = tmp_path / "text.txt"
    sentences = list(parse_treebank(GOLD.read_text(encoding="utf-8").splitlines(), GOLD))[:40]
    text.write_text(" ".join(sentence.text for sentence in sentences) + "\n\n" + odd, encoding="utf-8")
    for command in (["segment", SEGMENTER, text, "--conllu"], ["annotate", SEGMENTER, TAGGER, text]):
        written = seqnlp(*command, "--dummy-tree").stdout
        state = validator.Validator(lang="ud", level=2, output=None).validate_file_handle(io.StringIO(written))
        assert state.passed(), str(state)
    flat = "".join(
        f"{line}\n" if line.startswith("#") or "\t" not in line or "-" in line.split("\t")[0] else with_tree(line)
        for line in GOLD.read_text(encoding="utf-8").splitlines()
    )
    raw = tmp_path / "raw.txt"
    whole = list(parse_treebank(GOLD.read_text(encoding="utf-8").splitlines(), GOLD))
    raw.write_text(" ".join(sentence.text for sentence in whole), encoding="utf-8")
    written = seqnlp("annotate", SEGMENTER, TAGGER, raw, "--dummy-tree").stdout
    official = udeval.evaluate(*(udeval.load_conllu(io.StringIO(each), "", {}) for each in (flat, written)))
    ours = json.loads(seqnlp("evaluate", SEGMENTER, TAGGER, "--raw", GOLD, "--json").stdout)["scores"]
    assert list(ours) == ["Tokens", "Sentences", "Words", "UPOS", "XPOS", "UFeats", "AllTags", "Lemmas"]
    assert ours == {name: 100 * official[name].f1 for name in ours}


def with_tree(line: str) -> str:
    row = line.split("\t")
    row[6:8] = ["0", "root"] if row[0] == "1" else ["1", "dep"]
    return "\t".join(row) + "\n"


def test_a_tagger_alone_is_scored_on_gold_words(seqnlp: Program) -> None:
    done = seqnlp("evaluate", TAGGER, "--raw", GOLD, "--json")
    scores = json.loads(done.stdout)["scores"]
    assert (scores["Tokens"], scores["Sentences"], scores["Words"]) == (100, 100, 100)
    accuracy = library.evaluate(TAGGER, data=GOLD)["scores"]["accuracy"]
    assert scores["UPOS"] == pytest.approx(100 * accuracy)
    assert "no run gives xpos, feats, lemma" in done.stderr


def test_annotation_tags_the_words(seqnlp: Program) -> None:
    written = seqnlp("annotate", SEGMENTER, TAGGER, stdin=TEXT).stdout
    (first, *_) = parse_conllu(written.splitlines())
    assert first["form"] == ["It", "'s", "late", ",", "and", "we", "ca", "n't", "stay", "."]
    assert first["upos"] == library.load(TAGGER).tag([first["form"]])[0].tags
    (line, *_) = seqnlp("annotate", SEGMENTER, TAGGER, "--json", stdin=TEXT).stdout.splitlines()
    assert json.loads(line)["columns"] == {"form": first["form"], "upos": first["upos"]}
    (found, *_) = library.pipeline([SEGMENTER, TAGGER]).annotate(TEXT)
    assert found.to_json() == json.loads(line)
    stream = library.pipeline([library.load(SEGMENTER), library.load(TAGGER)]).annotate(iter(TEXT))
    assert next(stream) == found


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["segment", SEGMENTER, "--json", "--conllu"], 2, "--json and --conllu contradict each other"),
        (["segment", SEGMENTER, "--dummy-tree"], 2, "--dummy-tree goes with --conllu"),
        (["segment", TAGGER], 2, "this run is a tagger; use `seqnlp tag"),
        (["segment", SEGMENTER, GOLD], 4, "this is CoNLL-U, which has its sentences and tokens; expected running text"),
        (["segment", SEGMENTER, "gone.txt"], 4, "no such file"),
        (["annotate", TAGGER, SEGMENTER], 2, "this run is a tagger; a pipeline begins with a segmenter"),
        (["annotate", SEGMENTER, SEGMENTER], 2, "this run is a segmenter; after the segmenter come taggers"),
        (["annotate", SEGMENTER, TAGGER, "--and", TAGGER], 2, "two taggers give the column 'upos'"),
        (["annotate", SEGMENTER, TAGGER, "--json", "--dummy-tree"], 2, "--dummy-tree goes with CoNLL-U"),
        (["evaluate", SEGMENTER, TAGGER], 2, "add --raw FILE.conllu"),
        (["evaluate", SEGMENTER, "--raw", GOLD, "--data", GOLD], 2, "--raw goes with none of --data"),
        (["evaluate", RUNS / "lm", "--raw", GOLD], 2, "a pipeline begins with a segmenter"),
        (["evaluate", SEGMENTER, "--raw", "gone.conllu"], 4, "no such file"),
    ],
)
def test_wrong_usage_is_told(seqnlp: Program, arguments: list[object], code: int, problem: str) -> None:
    done = seqnlp(*arguments, stdin="x")
    assert (done.returncode, done.stdout) == (code, "")
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (b"fine\nca\xe9\n", "standard input:2: byte 0xe9 is not UTF-8"),
        (b"\xff\xfea\0", "this is UTF-16 text"),
        (b"a\nb\0", "standard input:2: a NUL byte"),
        (b"\x1f\x8b\x08", "compressed with gzip"),
        (b"cut \xe2\x80", "standard input:1: byte 0xe2 is not UTF-8"),
    ],
)
def test_what_is_no_text_is_told(seqnlp: Program, given: bytes, problem: str) -> None:
    done = seqnlp("segment", SEGMENTER, stdin=given)
    assert done.returncode == 4
    assert problem in done.stderr


def test_pipelines_want_a_list() -> None:
    with pytest.raises(UsageError, match="expected a list of runs"):
        library.pipeline(str(SEGMENTER))


def test_plain_sentences_have_tokens_by_rules_or_blanks() -> None:
    texts: list[Any] = [("I don't know.", ""), ("Go!", "newpar")]
    first, second = plain_sentences(texts, True, None)
    assert first.tokens == ["I", "do", "n't", "know", "."]
    assert (second.before, second.tokens, second.space_after) == ("newpar", ["Go", "!"], True)
    first, _ = plain_sentences(texts, False, None)
    assert first.tokens == ["I", "don't", "know."]


def test_scripts_without_blanks_are_joined_without() -> None:
    notes: list[str] = []
    with notes_to(notes.append):
        found = plain_sentences([("我喜欢茶。", ""), ("你呢？", "")], True, None)
    assert [sentence.space_after for sentence in found] == [False, False]
    assert "data.sentence_separator" in notes[0]
    assert gold_analysis(found).characters == "我喜欢茶。你呢？"


def test_training_from_plain_sentences_of_a_script_without_blanks(seqnlp: Program, tmp_path: Path) -> None:
    draw = random.Random(1)
    lines = ["".join(draw.choices("甲乙丙丁", k=draw.randrange(3, 9))) + "。" for _ in range(300)]
    (tmp_path / "train.txt").write_text("\n".join(lines), encoding="utf-8")
    sizes = ["encoder.size=8", "embedding.filters=16", "training.epochs=6", "training.batch_tokens=300"]
    settings = ["data.reader=text", f"data.train={tmp_path / 'train.txt'}", "data.dev=0.2", "optimizer.lr=0.02"]
    removed = ["task='segment'", "[data]", "train='x'"]
    (tmp_path / "plain.toml").write_text("\n".join(removed), encoding="utf-8")
    options = [part for each in [*settings, *sizes, "training.threads=1"] for part in ("-s", each)]
    done = seqnlp("train", tmp_path / "plain.toml", "--out", tmp_path / "run", *options)
    assert done.returncode == 0, done.stderr
    assert "none stand between them" in done.stderr
    found = seqnlp("segment", tmp_path / "run", stdin="甲乙丙。丁丁甲。乙").stdout
    assert [line.replace(" ", "") for line in found.splitlines()] == ["甲乙丙。", "丁丁甲。", "乙"]


def test_columns_have_a_row_a_text(segmenter: Segmenter) -> None:
    texts = ["We stay. We go.", None, "No, I can't."]
    found = segmenter({"text": texts})
    assert [len(column) for column in found.values()] == [3, 3]
    assert found["sentences"] == [[each.text for each in segmenter.segment(text)] if text else None for text in texts]
    assert found["tokens"][2] == [[token.text for token in each.tokens] for each in segmenter.segment("No, I can't.")]
    with pytest.raises(UsageError, match="no column 'texts'"):
        segmenter({"text": texts}, column="texts")


def test_written_values_are_composed_and_a_changed_word_has_a_range() -> None:
    tokens = [Token("cafe\u0301s", 0, 6, ("cafe\u0301s",)), Token("du", 7, 9, ("de",))]
    sentence = SegmentedSentence("cafe\u0301s du", tokens, False, True)
    lines = conllu_sentence(sentence, 1, {"lemma": ["cafe\u0301", "de"]}).splitlines()
    assert lines[1:5] == [
        "# text = caf\u00e9s du",
        "1\tcaf\u00e9s\tcaf\u00e9\t_\t_\t_\t_\t_\t_\tTokenRange=0:6",
        "2-2\tdu\t_\t_\t_\t_\t_\t_\t_\tTokenRange=7:9",
        "2\tde\tde\t_\t_\t_\t_\t_\t_\t_",
    ]
    assert sentence.to_json()["tokens"][1]["words"] == ["de"]


SCRIPTS = {
    "without blanks": "\u0e01\u0e32\u0e23\u0e40\u0e14\u0e34\u0e19\u0e17\u0e32\u0e07\u0e44\u0e01\u0e25" * 40,
    "Chinese": "\u6211\u4eec\u5728\u8fd9\u91cc\u3002\u4f60\u5462\uff1f",
    "right to left": "\u200f\u05d0\u05d1 \u05d2\u05d3\u200f. \u202b\u05e9\u05dc\u05d5\u05dd\u202c!",
    "combining": "cafe\u0301 n\u0303o a\u0323\u0307 \u0e01\u0e34\u0e49\u0e19",
    "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd \U0001f1e9\U0001f1ea ok",
    "a very long word": "x" * 7000 + " end.",
    "no letters": "\u200b \ufeff \u0301 --- ...",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_is_annotated(seqnlp: Program, name: str) -> None:
    validator = pytest.importorskip("udtools.validator")
    text = SCRIPTS[name]
    written = seqnlp("annotate", SEGMENTER, TAGGER, "--dummy-tree", stdin=text).stdout
    state = validator.Validator(lang="ud", level=2, output=None).validate_file_handle(io.StringIO(written))
    assert state.passed(), str(state)
    tokens = [token for sentence in library.load(SEGMENTER).segment(text) for token in sentence.tokens]
    assert "".join("".join(token.text.split()) for token in tokens) == "".join(text.split())
    ends = {token.end for token in tokens}
    for place, sign in enumerate(text):
        if unicodedata.category(sign).startswith("M") and place and not text[place - 1].isspace():
            assert place not in ends, "no token ends before a combining mark"
