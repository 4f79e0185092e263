"""The tag screen, from a service that knows a few names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from seqnlp.service.client import ServiceDied, ServiceError
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.tag import TagPanel, span_type
from seqnlp.tui.screens.home import HomeScreen
from seqnlp.tui.widgets.prompt import Prompt
from seqnlp.tui.widgets.tagged_view import TaggedView

pytestmark = pytest.mark.anyio

SENTENCE = "Last May Ada Lovelace of the Analytical Engine Company met Mr Babbage in London , and later in Turin ."
NAMES = {"Ada": "B-PER", "Lovelace": "I-PER", "Babbage": "B-PER", "London": "B-LOC", "Turin": "B-LOC"}
NAMES |= {"Analytical": "B-ORG", "Engine": "I-ORG", "Company": "I-ORG"}


def spans(settings: Mapping[str, Any]) -> list[Any]:
    """Names by list."""
    tokens = settings["sentences"].split()
    tags = [NAMES.get(token, "O") for token in tokens]
    scores = [
        0.42 if token == "Turin" else 0.98 if tag == "O" else 0.91 for token, tag in zip(tokens, tags, strict=True)
    ]
    found: list[dict[str, Any]] = []
    for place, tag in enumerate(tags):
        if tag.startswith("B"):
            found.append({"label": tag[2:], "start": place, "end": place + 1, "score": scores[place]})
        elif tag.startswith("I"):
            found[-1]["end"] = place + 1
    return [{"tokens": tokens, "tags": tags, "scores": scores, "spans": found}]


def parts_of_speech(settings: Mapping[str, Any]) -> list[Any]:
    """Tags of two columns, by the words' length."""
    tokens = settings["sentences"].split()
    tags = [("PUNCT", "DET", "ADP", "NOUN", "VERB", "PROPN")[min(len(token), 6) - 1] for token in tokens]
    scores = [1 - 0.06 * len(token) for token in tokens]
    columns = {"upos": tags, "xpos": [tag[:2] for tag in tags]}
    column_scores = {"upos": scores, "xpos": [score**2 for score in scores]}
    return [{"tokens": tokens, "tags": tags, "scores": scores, "columns": columns, "column_scores": column_scores}]


REPLIES: dict[str, Any] = {"load": lambda settings: [{"task": "tag"}], "tag": spans}


def opened(fake: Any, runs: Path, **replies: Any) -> SeqnlpApp:
    return SeqnlpApp(runs, fake(REPLIES | replies), run_at(runs / "pos_gru"))


async def test_the_picture_of_spans(runs: Path, fake: Any, golden: Any, typed: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(pilot, SENTENCE)
        await pilot.press("f2")
        await pilot.pause()
        await golden(app, "tag-spans")


async def test_the_picture_of_two_columns_in_daylight(runs: Path, fake: Any, golden: Any, typed: Any) -> None:
    app = opened(fake, runs, tag=parts_of_speech)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+t")
        await typed(pilot, SENTENCE)
        await pilot.press("down", "right", "right")
        await pilot.pause()
        await golden(app, "tag-columns")


async def test_tags_follow_what_is_typed(runs: Path, fake: Any, shows: Any, hides: Any, settled: Any) -> None:
    app = opened(fake, runs)
    service: Any = app.service
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(app, "the tags will stand here")
        await pilot.press(*"Ada")
        await settled(pilot)
        await shows(app, "╰ PER ╯")
        await shows(app, "■\N{NO-BREAK SPACE}PER\N{NO-BREAK SPACE}1")
        await pilot.press("backspace")
        await settled(pilot)
        await hides(app, "PER")
        await pilot.press("backspace", "backspace")
        await settled(pilot)
        await shows(app, "the tags will stand here")
        asked = [settings["sentences"] for do, settings in service.asked if do == "tag"]
        assert asked[-1] in ("Ad", "A")  # a slow machine asks between the last two keys, but never for no text


async def test_fast_typing_asks_once(runs: Path, fake: Any, settled: Any) -> None:
    app = opened(fake, runs)
    service: Any = app.service
    async with app.run_test(size=(80, 24)) as pilot:
        line = app.screen.query_one(Prompt)
        for end in range(1, 51):
            line.text = SENTENCE[:end]
        await settled(pilot)
        assert [settings for do, settings in service.asked if do == "tag"] == [
            {"sentences": SENTENCE[:50], "alternatives": 9}
        ]


async def test_an_answer_that_comes_too_late_is_not_shown(runs: Path, fake: Any, hides: Any, settled: Any) -> None:
    app = opened(fake, runs)
    service: Any = app.service
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        service.gate.clear()
        line = app.screen.query_one(Prompt)
        line.text = "London"
        while not service.open:
            await pilot.pause(0.02)
        line.text = "in"
        service.gate.set()
        await settled(pilot)
        await hides(app, "LOC")
        assert service.open == 0


async def test_a_bracket_goes_on_in_the_next_line(runs: Path, fake: Any, text_of: Any, typed: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(30, 24)) as pilot:
        await typed(pilot, "the Analytical Engine Company")
        lines = text_of(app).splitlines()
        first = next(line for line in lines if "╰" in line)
        second = next(line for line in lines if "╯" in line)
        assert lines.index(first) < lines.index(second)
        assert "╯" not in first
        assert "ORG" in first
        assert "ORG" in second


async def test_scores_and_columns_come_with_keys(
    runs: Path, fake: Any, text_of: Any, shows: Any, hides: Any, typed: Any
) -> None:
    app = opened(fake, runs, tag=parts_of_speech)
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(pilot, "the cat sleeps")
        await shows(app, "PROPN")
        assert "0.82" not in "\n".join(text_of(app).splitlines()[:-2])
        await pilot.press("f2")
        assert "0.82" in "\n".join(text_of(app).splitlines()[:-2])
        await pilot.press("f3")
        await hides(app, "PROPN")
        await shows(app, " PR\n")
        await pilot.press("down", "f3", "f2")
        assert "0.82" not in "\n".join(text_of(app).splitlines()[:-2])
        await shows(app, "PROPN")


async def test_one_column_has_no_next(runs: Path, fake: Any, shows: Any, hides: Any, typed: Any) -> None:
    def reply(settings: Mapping[str, Any]) -> list[Any]:
        return (parts_of_speech if settings["sentences"].startswith("the") else spans)(settings)

    app = opened(fake, runs, tag=reply)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(app, "f2 scores")
        await hides(app, "f3 column")
        await typed(pilot, "the cat")
        await shows(app, "f3 column")
        await typed(pilot, "Ada")
        await hides(app, "f3 column")


async def test_of_a_very_long_line_the_beginning_is_tagged(runs: Path, fake: Any, shows: Any, typed: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await typed(pilot, "Ada slept " * 1_500)
        await shows(app, "only the first 2,000 words are looked at · 2,000 words · 1,000 spans")
        assert len(screen.answer.words) == 2_000


async def test_of_a_long_line_only_what_is_seen_is_made(
    runs: Path, fake: Any, shows: Any, typed: Any, settled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await typed(pilot, " ".join(f"{name} said" for name in list(NAMES) * 100) + " Lisbon")
        screen.answer.focus()
        await settled(pilot)
        made: list[int] = []
        style_of = TaggedView.style_of

        def counted(view: TaggedView, word: int) -> str:
            made.append(word)
            return style_of(view, word)

        monkeypatch.setattr(TaggedView, "style_of", counted)
        await pilot.press("end")
        await shows(app, "Lisbon")
        await settled(pilot)
        assert 0 < len(set(made)) < 300  # of 1,601 words


async def test_each_column_has_its_own_scores(runs: Path, fake: Any, shows: Any, hides: Any, typed: Any) -> None:
    app = opened(fake, runs, tag=parts_of_speech)
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(pilot, "the cat sleeps")
        await shows(app, "least sure: sleeps 0.64")
        await pilot.press("f3", "f2")
        await shows(app, "least sure: sleeps 0.41")
        await shows(app, "0.67  0.67  0.41")
        await hides(app, "0.82")
        await pilot.press("down")
        await shows(app, "1/3  the  upos ADP 0.82 · xpos AD 0.67")


async def test_the_cursor_goes_from_word_to_word(runs: Path, fake: Any, shows: Any, typed: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(40, 24)) as pilot:
        screen = await typed(pilot, SENTENCE)
        await pilot.press("down", "right", "right")
        await pilot.pause()
        assert screen.answer.cursor == 2
        await shows(app, "3/20  Ada  B-PER 0.91")
        await pilot.press("end")
        assert screen.answer.cursor == 19
        await pilot.press("home", "down")
        below = screen.answer.cursor
        assert below > 2
        await pilot.press("left")
        assert screen.answer.cursor == below - 1
        await pilot.press("home", "up")
        await pilot.pause()
        assert isinstance(app.focused, Prompt)
        await pilot.click(screen.answer, offset=(2 + 6, 0))
        await pilot.pause()
        assert screen.answer.cursor == 1


async def test_escape_leads_to_the_line_and_then_out(runs: Path, fake: Any, typed: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await typed(pilot, SENTENCE)
        await pilot.press("enter")
        assert app.focused is screen.answer
        await pilot.press("escape")
        assert isinstance(app.focused, Prompt)
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)


async def test_what_is_wrong_with_the_text_stands_below(
    runs: Path, fake: Any, shows: Any, typed: Any, notes: Any
) -> None:
    wrong = ServiceError("UsageError", "this tagger reads 'xpos' beside the words")
    app = opened(fake, runs, tag=lambda settings: [wrong])
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(pilot, "Ada")
        await shows(app, "✕ this tagger reads 'xpos' beside the words")
        assert not notes(app)


async def test_other_errors_are_notifications(runs: Path, fake: Any, typed: Any, notes: Any) -> None:
    broken = ServiceError("RunError", "runs/pos_gru/codecs: damaged")
    app = opened(fake, runs, load=lambda settings: [broken], tag=lambda settings: [ServiceDied("gone")])
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(pilot, "Ada")
        assert notes(app) == ["runs/pos_gru/codecs: damaged"]
        assert app.screen.query(TagPanel)


async def test_copying_takes_a_line_a_word(runs: Path, fake: Any, typed: Any) -> None:
    app = opened(fake, runs, tag=parts_of_speech)
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(pilot, "the cat")
        app.screen.action_copy_text()
        assert app.clipboard == "the\tADP\tAD\ncat\tADP\tAD"


async def test_without_colour_brackets_and_underlines_tell(
    runs: Path, fake: Any, shows: Any, monkeypatch: pytest.MonkeyPatch, typed: Any
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await typed(pilot, SENTENCE)
        await pilot.press("f2")
        await shows(app, "╰─── PER ────╯")
        strips = [screen.answer.render_line(line) for line in range(12)]
        marked = [segment for strip in strips for segment in strip if segment.style and segment.style.underline]
        assert "".join(segment.text for segment in marked) == "0.42"
        colours = {
            segment.style.color.name for strip in strips for segment in strip if segment.style and segment.style.color
        }
        assert colours <= {"default"}


def lemmas(settings: Mapping[str, Any]) -> list[Any]:
    """Lemmas, and parts of speech as a second column."""
    (answer,) = parts_of_speech(settings)
    found = [token.lower().removesuffix("s") for token in answer["tokens"]]
    columns = {"lemma": found, "upos": answer["tags"]}
    return [{**answer, "tags": found, "columns": columns, "column_scores": dict.fromkeys(columns, answer["scores"])}]


async def test_lemmas_are_no_classes(runs: Path, fake: Any, shows: Any, hides: Any, typed: Any, text_of: Any) -> None:
    folder = runs / "pos_gru" / "codecs"
    folder.mkdir(exist_ok=True)
    (folder / "labels.lemma.json").write_text('{"scripts": ["…", "…-"]}', encoding="utf-8")
    app = opened(fake, runs, tag=lemmas)
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(pilot, "Two dogs met cats")
        await shows(app, "2 of 4 words not the lemma itself")
        assert "■" not in text_of(app)
        view = app.screen.query_one(TaggedView)
        assert len({view.colours.of(label) for label in view.labels()}) == 1
        await pilot.press("f3")
        await hides(app, "not the lemma itself")
        assert "■" in text_of(app)


def by_sentence(settings: Mapping[str, Any]) -> list[Any]:
    """Names of each sentence of a list of words."""
    sentences = settings["sentences"]
    texts = [sentences] if isinstance(sentences, str) else [" ".join(words) for words in sentences]
    return [answer for text in texts for answer in spans({"sentences": text})]


def at_full_stops(settings: Mapping[str, Any]) -> list[Any]:
    """Sentences that end with a full stop; `don't` has two words."""
    tokens = [
        [{"text": word, **({"words": ["do", "n't"]} if word == "don't" else {})} for word in part.split()]
        for part in settings["text"].replace(".", " .\n").splitlines()
    ]
    return [{"sentences": [{"tokens": own} for own in tokens if own]}]


async def test_words_are_those_of_a_segmenter(
    runs: Path, fake: Any, new_run: Any, shows: Any, hides: Any, typed: Any, settled: Any
) -> None:
    new_run("ud_segment", "segment", "f1", 0.95, "2025-11-01T08:00:00+00:00", 1000)
    app = opened(fake, runs, tag=by_sentence, segment=at_full_stops)
    async with app.run_test(size=(150, 24)) as pilot:
        await typed(pilot, "We don't see Ada. London")
        await shows(app, "segmenter")
        await pilot.press("f4")
        await shows(app, "words by ud_segment")
        await shows(app, "7 words · 2 spans")
        panel = app.screen.query_one(TagPanel)
        assert panel.found["tokens"] == ["We", "do", "n't", "see", "Ada", ".", "London"]
        assert [(span["label"], span["start"], span["end"]) for span in panel.found["spans"]] == [
            ("PER", 4, 5),
            ("LOC", 6, 7),
        ]
        await pilot.press("f4")
        await hides(app, "words by ud_segment")
        await settled(pilot)
        await shows(app, "5 words")


async def test_without_segmenters_there_is_no_key_for_them(runs: Path, fake: Any, typed: Any, hides: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(100, 24)) as pilot:
        await typed(pilot, "Ada Lovelace")
        await hides(app, "segmenter")


async def test_a_tag_has_the_colour_of_its_span() -> None:
    assert [span_type(tag) for tag in ("B-PER", "S-X-Y", "O", "NOUN")] == ["PER", "X-Y", "O", "NOUN"]
