"""Error reports of translators and language models."""

import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from seqnlp.cli.app import app
from seqnlp.cli.error_tables import report_svg, show_surprise, show_translation
from seqnlp.codecs.running_text import CharacterText, SubwordText, WordText
from seqnlp.results import JudgedTranslation, SurpriseReport, TranslationReport
from seqnlp.tasks.error_analysis import analyse
from seqnlp.tasks.lm.dataset import StreamDataset
from seqnlp.tasks.lm.scores import TokenPredictions
from seqnlp.tasks.lm.surprise import surprise_report
from seqnlp.tasks.translate import errors
from seqnlp.tasks.translate.errors import FLAWS, similarity, translation_report

FROZEN = Path(__file__).parents[2] / "data" / "run_v2"
BITS = np.log(2)


def judged(source: str, reference: str, translation: str, score: float = 50.0, row: int = 1) -> JudgedTranslation:
    return JudgedTranslation(row, source, reference, translation, score, 1.0)


@pytest.mark.parametrize(
    ("flaw", "source", "reference", "translation"),
    [
        ("empty", "ein Hund", "a dog", " "),
        ("untranslated", "der Hund schläft", "the dog sleeps", "the Hund schläft"),
        ("over-long", "ein Hund", "a dog", "a dog and a cat and a"),
        ("too short", "x", "the dog sleeps in the house today", "the dog"),
        ("repeating", "x", "the dog sleeps well", "the dog the dog the dog"),
        ("repeating", "x", "very good", "very very very"),
    ],
)
def test_flaws(flaw: str, source: str, reference: str, translation: str) -> None:
    assert FLAWS[flaw](judged(source, reference, translation))
    assert not any(is_flawed(judged(source, reference, reference)) for is_flawed in FLAWS.values())


@pytest.mark.parametrize(
    ("source", "reference", "translation"),
    [
        ("Anna mag Berlin", "Anna likes Berlin", "Anna loves Berlin"),  # names stay as they are
        ("no no no", "no no no", "no no no"),  # the reference repeats as well
        ("a", "one", "one two three"),  # three words are not over-long by themselves
        ("", "", ""),
    ],
)
def test_what_is_no_flaw(source: str, reference: str, translation: str) -> None:
    assert [name for name, is_flawed in FLAWS.items() if is_flawed(judged(source, reference, translation))] == []


def test_worst_sentences_and_lengths() -> None:
    all_of_them = [judged("x", f"r{n}", f"t{n}" if n < 5 else f"r{n}", float(10 * n), n + 1) for n in range(10)]
    lengths = [2, 2, 2, 2, 2, 9, 9, 9, 30, 30]
    report = translation_report(all_of_them, lengths, {"chrf": 45.0}, "chrf", worst=3, examples=2)
    assert [each.row for each in report.worst] == [1, 2, 3]
    assert [(each.low, each.high, each.count) for each in report.lengths] == [(2, 2, 5), (3, 9, 3), (10, 30, 2)]
    assert [each.score for each in report.lengths] == [20.0, 60.0, 85.0]
    assert sum(each.count for each in report.lengths) == report.items == 10
    right = [judged("x", "r", "r", 100.0, n) for n in range(3)]
    assert translation_report(right, [1, 1, 1], {}, "chrf", 3, 2).worst == []
    assert translation_report([], [], {}, "chrf", 3, 2).lengths == []


def test_similarity_with_and_without_sacrebleu(monkeypatch: pytest.MonkeyPatch) -> None:
    name, similar = similarity(lowercase=False)
    assert name == "chrf"
    assert similar("the cat", "the cat") == pytest.approx(100)
    monkeypatch.setattr(errors, "has_sacrebleu", lambda: False)
    name, similar = similarity(lowercase=True)
    assert name == "unedited"
    assert similar("The cat sat", "the dog sat") == pytest.approx(100 * 2 / 3)
    assert similar("a b c d e", "a") == pytest.approx(20)


def surprises(
    codec: Any, text: str, nats: list[float] | None = None, likeliest: list[int] | None = None
) -> SurpriseReport:
    tokens = codec.encode(text)
    examples = StreamDataset(tokens, len(text), 1, 8, False)
    values = np.array(nats or [BITS] * examples.items, np.float32)
    found = TokenPredictions(values, np.array(likeliest or [0] * examples.items))
    return surprise_report(examples, codec, found, 5)


def kinds(report: SurpriseReport) -> dict[str, int]:
    return {each.name: each.count for each in report.kinds}


def test_kinds_of_characters_words_and_subwords() -> None:
    text = ". The cat's 3 mats,\nso Old"
    characters = kinds(surprises(CharacterText.fit([text]), text))
    assert characters == {
        "line break": 1, "blank": 5, "number": 1, "sign": 2,
        "capitalised word": 2, "beginning of a word": 4, "inside a word": 10,
    }  # fmt: skip
    words = kinds(surprises(WordText.fit([text]), text))
    assert words == {"line break": 1, "number": 1, "sign": 1, "capitalised word": 2, "beginning of a word": 3}
    assert kinds(surprises(WordText.fit([text]), ". The dog"))["unknown"] == 1
    subwords = kinds(surprises(SubwordText.fit([text * 3], 300), text))
    assert subwords["capitalised word"] >= 2
    assert sum(subwords.values()) == len(SubwordText.fit([text * 3], 300).encode(text)) - 1


def test_positions_contexts_and_totals() -> None:
    codec = CharacterText.fit(["ab\n"])
    nats = [BITS * n for n in (1, 2, 3, 9, 1)]
    report = surprises(codec, "ab\nabb", nats, likeliest=codec.encode("aaaaa").tolist())
    assert report.bits == pytest.approx(16 / 5)
    assert report.bits_per_char == pytest.approx(16 / 6)
    assert report.accuracy == pytest.approx(1 / 5)
    assert [(each.name, each.count) for each in report.line] == [("0", 1), ("1", 2), ("2 to 3", 2)]
    assert report.line[0].bits == pytest.approx(3)
    worst = report.contexts[0]
    assert (worst.before, worst.gold, worst.predicted, worst.row) == ("ab\na", "b", "a", 5)
    assert sum(each.share for each in report.kinds) == pytest.approx(1)
    assert sum(each.share for each in report.text) == pytest.approx(1)
    assert report.tokens[0].name == "b"
    assert report.tokens[0].bits == pytest.approx(11 / 3)


def test_reports_of_runs_as_tables_pictures_and_json(tmp_path: Path) -> None:
    for task, kind in (("lm", SurpriseReport), ("translate", TranslationReport)):
        picture = tmp_path / f"{task}.svg"
        (report,) = analyse(FROZEN / task).values()
        assert isinstance(report, kind)
        console = Console(file=io.StringIO(), width=200)
        if isinstance(report, SurpriseReport):
            show_surprise(console, "test", report)
            bars_in = [len(report.kinds), len(report.line), len(report.text)]
        else:
            assert isinstance(report, TranslationReport)
            show_translation(console, "test", report)
            bars_in = [len(report.lengths), len(report.flaws)]
        text = console.file.getvalue()  # type: ignore[attr-defined]
        assert ("most surprising" if task == "lm" else "worst sentences") in text
        result = CliRunner().invoke(app, ["errors", str(FROZEN / task), "--json", "--svg", str(picture)])
        assert result.exit_code == 0, result.output
        found = json.loads(result.stdout)
        (key,) = found.keys() - {"run", "split"}
        assert key == ("surprise" if task == "lm" else "translation")
        assert found[key]["items"] == report.items
        root = ET.fromstring(picture.read_text(encoding="utf-8"))
        bars = root.findall("{http://www.w3.org/2000/svg}g")
        assert len(bars) == sum(bars_in)
        for rectangle in root.iter("{http://www.w3.org/2000/svg}rect"):
            right = float(rectangle.get("x", 0)) + float(rectangle.get("width", 0))
            assert right <= float(root.get("width", 0))


def test_markup_and_breaks_in_texts_are_shown_as_they_are() -> None:
    report = translation_report([judged("[bold]x", "[red]r", "t [/]")], [1], {}, "chrf", 3, 1)
    console = Console(file=io.StringIO(), width=200)
    show_translation(console, "test", report)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "[bold]x" in text
    assert "t [/]" in text
    assert "<svg" in report_svg("a < b", {"translation": report})
