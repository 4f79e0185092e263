"""Compare forecasts: two runs, the same file, as many steps; their charts have the same axes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, final

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from seqnlp.service.client import ModelService
from seqnlp.tui.comparing import LEFT, RIGHT, forecasts_apart, scores_beside
from seqnlp.tui.screens.forecasting import INVITATION, ForecastingScreen, table
from seqnlp.tui.widgets.forecast_view import ForecastView
from seqnlp.tui.widgets.series_list import SeriesList
from seqnlp.tui.widgets.sides import Sides

if TYPE_CHECKING:
    from seqnlp.run.summary import Summary


@final
class CompareForecastsScreen(ForecastingScreen):
    """A file of series, what both runs make of one of them, and their scores."""

    HELP = (
        "Two runs forecast the same series of the same file, as many steps as both were trained for; their charts have "
        "the same axes, and below stands how far they are apart. Left and right make the horizon shorter and longer, "
        "page up and down by a quarter; home brings that back. Up and down choose another series. i hides the "
        "intervals, l changes their level, + and - show more or less of what came before, F2 swaps the sides. o leads "
        "to the line with the file; enter opens it."
    )

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f2", "swap", "swap")]

    DEFAULT_CSS = """
    CompareForecastsScreen {
        #line { padding: 1 2 0 2; }
        #both { height: 1fr; }
        ForecastView { padding: 0 1; }
        #left ForecastView { padding: 0 2 0 1; }
        Sides > .side > .name { margin-bottom: 0; }
        &.-several SeriesList { display: none; }
        &.-several.-wide SeriesList { display: block; }
        #scores { height: auto; max-height: 9; padding: 0 2; border-top: solid $faint; }
        &.-narrow #line { padding: 1 1 0 1; }
        &.-narrow #told { height: 1; }
        &.-narrow ForecastView { padding: 0; }
        &.-narrow #left ForecastView { padding: 0; }
        &.-narrow Sides > #right { border-top: none; }
        &.-narrow #scores { display: none; }
    }
    """

    def __init__(self, left: Summary, right: Summary, service: ModelService) -> None:
        super().__init__((left, right), service)
        self.heading = f"{left.name}  ⇄  {right.name}"

    def answer_widgets(self) -> Iterable[Widget]:
        """What is seen in words, both charts and the series to choose from, the scores."""
        yield Static("", id="told", markup=False)
        charts = [ForecastView(INVITATION, colour, f"{colour} 60%") for colour in (LEFT, RIGHT)]
        yield Horizontal(Sides(*charts), SeriesList(), id="both")
        yield Static("", id="scores", markup=False)

    def on_mount(self) -> None:
        """Name the sides."""
        left, right = (
            Content.styled(run.name, f"bold {colour}") for run, colour in zip(self.runs, (LEFT, RIGHT), strict=True)
        )
        self.query_one(Sides).head(left, right)

    def on_resize(self) -> None:
        """The table of scores is as large as there is room."""
        most = 4 if self.size.height < 30 else 8
        self.query_one("#scores", Static).update(scores_beside((self.runs[0], self.runs[1]), self.size.width - 4, most))

    def describe(self) -> str:
        """How far the forecasts are apart, and who has left what it was trained for."""
        if not self.drawn:
            return ""
        left, right = self.drawn
        past = [
            run.name for run, found in zip(self.runs, self.found, strict=True) if len(left["values"]) > found["trained"]
        ]
        warning = [f"past what {' and '.join(past)} {'was' if len(past) == 1 else 'were'} trained for"] if past else []
        return " · ".join([*warning, forecasts_apart(left, right)])

    def action_swap(self) -> None:
        """Left becomes right."""
        swapped = CompareForecastsScreen(self.runs[1], self.runs[0], self.service)
        swapped.file = self.typed
        self.app.switch_screen(swapped)

    def content_to_copy(self) -> str:
        """Both forecasts, a line a step."""
        return "\n\n".join(f"{run.name}:\n{table(each)}" for run, each in zip(self.runs, self.drawn, strict=False))
