"""Transcribe panel: the wave of a recording, the probabilities of labels over time, and the text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self, final

from rich.cells import cell_len, set_cell_size
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from seqnlp.plots.terminal import Canvas, shade
from seqnlp.run.summary import Summary
from seqnlp.service.client import ModelService
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.panels.file import FilePanel

BEAMS = (None, 1, 8, 32)
"""Widths of the search; None: the recipe's."""
WAVE_ROWS = 8
"""Rows of the wave, at most."""
GUTTER = 5
"""Columns of the labels beside their probabilities."""
SMALLEST = (24, 6)
"""Columns and rows that a view needs."""

Transcript = Mapping[str, Any]
"""A JSON object of `seqnlp.service.requests.transcribe`."""


@final
class TranscribePanel(FilePanel):
    """A file of recordings, and the transcripts of one of them."""

    REQUEST = "transcribe"
    PLACEHOLDER = "a recording, or a table, folder or pattern of them: clips/*.wav"
    HELP = (
        "Above stands the text; below it the wave of the recording, and for each label how probable it is over time: "
        "the darker the more. Left and right go from token to token: its stretch is marked, and the status line tells "
        "its seconds and its probability. Up and down lead to the recording before and after; b changes the width of "
        "the search (1 is greedy). o leads to the line with the file; enter opens it."
    )
    COMPARE_HELP = (
        "Two runs hear the same recording, which is chosen with up and down. Left and right go from token to token. "
        "b changes the width of both searches, F2 swaps the sides, o leads to the line with the file."
    )

    BINDINGS: ClassVar[list[BindingType]] = named(
        "transcribe",
        Binding("up", "recording(-1)", "before", key_display="↑"),
        Binding("down", "recording(1)", "after", key_display="↓"),
        Binding("b", "beam", "search"),
        Binding("o,slash", "focus_on('#text')", "file", key_display="o"),
    )

    def __init__(self, runs: Sequence[Summary], service: ModelService) -> None:
        super().__init__(runs, service)
        self.answers: list[Transcript] = []
        self.index = 0
        """Number of the recording in the file."""
        self.beam: int | None = None

    def answer_widgets(self) -> Iterable[Widget]:
        yield self.side_by_side([SpeechView() for _ in self.runs])

    @property
    def answer(self) -> SpeechView:
        return self.query(SpeechView).first()

    def take_input(self, other: Self) -> None:
        super().take_input(other)  # type: ignore[arg-type]  # mypy takes Self of a final class for that of the base
        self.index = other.index

    def request(self) -> dict[str, Any] | None:
        file = self.typed.strip()
        return {"file": file, "index": self.index, "beam": self.beam} if file else None

    def draw(self, answers: Sequence[Any]) -> None:
        self.answers = list(answers)
        for number, view in enumerate(self.query(SpeechView)):
            view.show_transcript(answers[number] if answers else None)

    def on_speech_view_moved(self) -> None:
        """Tell about the token under the cursor; without one, an error may stand there."""
        if self.answers:
            self.show_status()

    def describe(self) -> str | Content:
        """The recording and its reference; the token under the cursor; or whether two runs hear the same."""
        if not self.answers:
            return ""
        first, *others = self.answers
        focused = next((view for view in self.query(SpeechView) if view.has_focus and view.token), None)
        parts = [f"{first['index'] + 1:,}/{first['count']:,}"] if first["count"] > 1 else []
        if focused is not None:
            token = focused.token
            name = token["text"].strip() or "blank"
            parts.append(f"{name}  {token['start']:.2f} to {token['end']:.2f} s  {token['score']:.2f}")
        if self.beam is not None:
            parts.append("greedy" if self.beam == 1 else f"beam {self.beam}")
        parts += first.get("notes", [])
        if others:
            is_same = first["text"] == others[0]["text"]
            sign = ("= ", "$success") if is_same else ("≠ ", "bold $warning")
            return Content.assemble(sign, " · ".join(["the same text" if is_same else "different texts", *parts]))
        if first["reference"] is not None:
            is_right = " ".join(first["reference"].split()).lower() == first["text"].lower()
            parts.append("right" if is_right else f"said was: {first['reference']}")
        return " · ".join(parts)

    def action_recording(self, by: int) -> None:
        """Go to another recording of the file."""
        count = self.answers[0]["count"] if self.answers else 0
        if count > 1:
            self.index = (self.answers[0]["index"] + by) % count
            self.predict()

    def action_beam(self) -> None:
        """Choose the next width of the search."""
        self.beam = BEAMS[(BEAMS.index(self.beam) + 1) % len(BEAMS)]
        self.predict()

    def action_look_closer(self) -> None:
        self.index = 0
        self.answer.focus()
        self.predict()

    def content_to_copy(self) -> str:
        """The text, and a line for each word with its seconds; one block for each run."""
        blocks = []
        for answer in self.answers:
            words = [f"{word['start']:.2f}\t{word['end']:.2f}\t{word['text']}" for word in answer["words"]]
            blocks.append("\n".join([answer["text"], *words]))
        return "\n\n".join(blocks)


@final
class SpeechView(Widget, can_focus=True):
    """Text, wave and probabilities of a recording, on one axis of time; a cursor goes from token to token."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "token before", key_display="←", show=False),
        Binding("right", "move(1)", "token after", key_display="→"),
        Binding("home", "move(-100000)", "first token", show=False),
        Binding("end", "move(100000)", "last token", show=False),
    ]

    DEFAULT_CSS = """
    SpeechView { width: 1fr; height: 1fr; padding: 0 2; }
    """

    class Moved(Message):
        """The cursor is on another token."""

    def __init__(self) -> None:
        super().__init__()
        self.transcript: Transcript | None = None
        self.cursor = 0

    def show_transcript(self, transcript: Transcript | None) -> None:
        """Show another transcript; None: nothing."""
        self.transcript, self.cursor = transcript, 0
        self.refresh()

    @property
    def token(self) -> Mapping[str, Any]:
        """Token under the cursor; empty if there is none."""
        tokens: Sequence[Mapping[str, Any]] = self.transcript["tokens"] if self.transcript else ()
        return tokens[self.cursor] if tokens else {}

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        tokens = self.transcript["tokens"] if self.transcript else ()
        self.cursor = min(max(self.cursor + by, 0), max(len(tokens) - 1, 0))
        self.refresh()
        self.post_message(self.Moved())

    def on_focus(self) -> None:
        self.action_move(0)

    def on_blur(self) -> None:
        self.action_move(0)

    def render(self) -> Content:
        width, height = self.content_size
        if self.transcript is None or width < SMALLEST[0] or height < SMALLEST[1]:
            return Content.styled("the text will stand here", "$muted")
        across = width - GUTTER
        labels = self.transcript["labels"]
        rows = min(WAVE_ROWS, max((height - 4) // 2, 2))
        shown = max(min(len(labels), height - rows - 3), 0)
        lines = [self._text(width), Content("")]
        lines += self._wave(across, rows)
        lines += [self._probabilities(number, across) for number in range(shown)]
        return Content("\n").join([*lines, self._axis(across)])

    def _columns(self, token: Mapping[str, Any], across: int) -> range:
        """Columns that the stretch of a token takes."""
        if not token or self.transcript is None:
            return range(0)
        scale = across / max(self.transcript["seconds"], 1e-9)
        first = min(int(token["start"] * scale), across - 1)
        return range(first, max(min(round(token["end"] * scale), across), first + 1))

    def _text(self, width: int) -> Content:
        """The text, cut at its end; the token under the cursor is marked."""
        assert self.transcript is not None
        parts, used = [], 0
        for number, token in enumerate(self.transcript["tokens"]):
            room = width - used
            text = token["text"].lstrip() if number == 0 else token["text"]
            if cell_len(text) > room:
                parts.append(Content(set_cell_size(text, max(room - 1, 0)) + "…" if room else ""))
                break
            used += cell_len(text)
            here = number == self.cursor and self.has_focus
            parts.append(Content.styled(text, "bold $accent reverse" if here else "bold"))
        return Content("").join(parts) if parts else Content.styled("nothing was heard", "$muted")

    def _wave(self, across: int, rows: int) -> list[Content]:
        assert self.transcript is not None
        peaks = self.transcript["peaks"]
        most = max((max(-low, high) for low, high in peaks), default=0.0) or 1.0
        canvas = Canvas(across, rows, plain=False)
        marked = self._columns(self.token, across) if self.has_focus else range(0)
        dots = across * canvas.dots[0]
        for dot in range(dots):
            first = dot * len(peaks) // dots
            part = peaks[first : max((dot + 1) * len(peaks) // dots, first + 1)]
            low, high = min(low for low, _ in part), max(high for _, high in part)
            place = dot / max(dots - 1, 1)
            number = int(dot // canvas.dots[0] in marked)
            canvas.line((place, 0.5 + low / most / 2), (place, 0.5 + high / most / 2), number)
        styles = {None: "", 0: "$primary", 1: "bold $accent"}
        margin = Content(" " * GUTTER)
        return [
            Content.assemble(margin, *((text, styles[number]) for text, number in canvas.spans(row)))
            for row in range(rows)
        ]

    def _probabilities(self, number: int, across: int) -> Content:
        """A row of shades: how probable a label is at each time."""
        assert self.transcript is not None
        label, shares = self.transcript["labels"][number], self.transcript["posteriors"][number]
        name = set_cell_size(label.strip() or "␣", GUTTER - 1)
        cells = []
        for column in range(across):
            first = column * len(shares) // across
            cells.append(shade(max(shares[first : max((column + 1) * len(shares) // across, first + 1)])))
        row = "".join(cells)
        marked = self._columns(self.token, across) if self.has_focus and self.token.get("text") == label else range(0)
        before, inside, after = row[: marked.start], row[marked.start : marked.stop], row[marked.stop :]
        return Content.assemble((name + " ", "$muted"), before, (inside, "$accent"), after)

    def _axis(self, across: int) -> Content:
        assert self.transcript is not None
        end = f"{self.transcript['seconds']:.2f} s"
        return Content.styled(" " * GUTTER + "0" + end.rjust(across - 1), "$muted")
