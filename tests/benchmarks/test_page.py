"""The page of benchmarks says what the results say that are kept, and the README quotes it."""

import re
from pathlib import Path
from statistics import median

import pytest

from tests.benchmarks.__main__ import NAMES, main
from tests.benchmarks.comparisons import COMPARISONS
from tests.benchmarks.growth import AXES, Axis, exponent
from tests.benchmarks.page import QUOTED, quotation, render, with_quotation
from tests.benchmarks.results import OWN, Compared, Grown, Point, Results, Run, Sitting

HERE = Path(__file__).parent
README = HERE.parents[1] / "README.md"
SITTING = Sitting(
    day="2026-01-02", processor="abacus", cores=3, instructions=["avx2"], python="3.11", seqnlp="0.1.0 at 1234567"
)


@pytest.fixture(scope="module")
def kept() -> Results:
    return Results.load(HERE / "results.json")


def turn(contestant: str, speed: float, score: float, others: float = 0.0) -> Run:
    return Run(
        contestant=contestant,
        commands=[f"python {contestant}"],
        versions="torch 2.13.0",
        items=10 * speed,
        training_seconds=10.0,
        seconds=1000 / speed,
        peak_bytes=int(1e9),
        score=score,
        others=others,
    )


def compared(
    speeds: list[tuple[float, float]], scores: tuple[float, float] = (0.9, 0.8), others: float = 0.0
) -> Compared:
    runs = [
        turn(name, speed, score, others)
        for pair in speeds
        for name, speed, score in zip((OWN, "peer"), pair, scores, strict=True)
    ]
    return Compared(sitting=SITTING, runs=runs)


def point(value: int, words_per_second: float, peak_bytes: int = 10**9) -> Point:
    return Point(
        value=value,
        words_per_second=words_per_second,
        seconds_to_first_step=1.0,
        peak_bytes=peak_bytes,
        words=value,
        flops_per_word=float(value),
        parameters=10,
        others=0.0,
    )


def missed(page: str) -> str:
    return page.split("## Missed, or not run")[1].split("\n## ")[0]


def test_the_page_is_that_of_the_results_that_are_kept(kept: Results) -> None:
    page = (HERE / "README.md").read_text(encoding="utf-8")
    assert page == render(kept), "run `python -m tests.benchmarks --write`"


def test_every_kept_row_is_one_that_the_command_knows(kept: Results) -> None:
    assert {*kept.comparisons, *kept.growth} <= set(NAMES)
    assert set(QUOTED) <= {*kept.comparisons}


def test_the_ratios_of_the_table_are_those_of_the_turns(kept: Results) -> None:
    page = (HERE / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"(?m)^\| `([\w-]+)` \|.*\| \*\*([\d.]+)\*\* \(", page))
    measured = {name: one for name, one in kept.comparisons.items() if not one.problem}
    assert rows.keys() == measured.keys()
    whole = {one.name: one.whole for one in COMPARISONS}
    for name, one in measured.items():
        own = [run for run in one.runs if run.contestant == OWN]
        peers = [run for run in one.runs if run.contestant != OWN]
        ratios = [
            theirs.seconds / ours.seconds
            if whole[name]
            else (ours.items / ours.training_seconds) / (theirs.items / theirs.training_seconds)
            for ours, theirs in zip(own, peers, strict=True)
        ]
        assert float(rows[name]) == pytest.approx(median(ratios), abs=0.051)
        names = [run.contestant for run in one.runs]
        assert names == names[:2] * (len(names) // 2), "turns: A B A B"


def test_the_readme_quotes_the_ratios_of_the_page(kept: Results) -> None:
    text = README.read_text(encoding="utf-8")
    assert quotation(kept)
    assert quotation(kept) in text, "run `python -m tests.benchmarks --write`"
    page = (HERE / "README.md").read_text(encoding="utf-8")
    for name in QUOTED:
        (ratio,) = re.findall(rf"(?m)^\| `{name}` \|.*\*\*([\d.]+)\*\*", page)
        assert f"{ratio} times as fast as" in " ".join(quotation(kept).split())


def test_what_was_missed_stands_first() -> None:
    slow = render(Results(comparisons={"ewt-flair": compared([(50.0, 100.0), (50.0, 100.0)])}))
    assert "`ewt-flair`: slower than Flair: training takes 2.0 times as long." in missed(slow)
    worse = render(Results(comparisons={"ewt-flair": compared([(200.0, 100.0)], (0.7, 0.8))}))
    assert "`ewt-flair`: accuracy 0.7000, Flair 0.8000." in missed(worse)
    lower_is_better = render(Results(comparisons={"shakespeare-transformer": compared([(200.0, 100.0)], (1.5, 1.8))}))
    assert "nats" not in missed(lower_is_better)
    ahead = render(Results(comparisons={"ewt-flair": compared([(200.0, 100.0)])}))
    assert "`ewt-flair`" not in missed(ahead)
    assert "| **2.0** (2.00) |" in ahead


def test_a_busy_machine_and_a_peer_that_cannot_be_run_are_told() -> None:
    busy = render(Results(comparisons={"ewt-flair": compared([(200.0, 100.0)], others=0.3)}))
    assert "`ewt-flair`: not alone: others used up to 30% of the processor meanwhile." in missed(busy)
    broken = Compared(sitting=SITTING, problem="ERROR: No matching distribution found for flair")
    page = render(Results(comparisons={"ewt-flair": broken}))
    assert "`ewt-flair`: could not be run: ERROR: No matching distribution found for flair" in missed(page)
    assert "| `ewt-flair` | Flair | not run | | | | |" in page
    assert not quotation(Results(comparisons=dict.fromkeys(QUOTED, broken)))


def test_a_readme_gets_its_paragraph_anew_and_keeps_all_else() -> None:
    results = Results(comparisons={name: compared([(300.0, 100.0), (500.0, 100.0)]) for name in QUOTED})
    old = "# Title\n\nBeside its peers, it\nis old.\n\nAnd more.\n"
    new = with_quotation(old, results)
    assert new == f"# Title\n\n{quotation(results)}\n\nAnd more.\n"
    assert "4.0 times as fast as Flair" in " ".join(new.split())
    assert with_quotation(new, results) == new
    assert with_quotation(old, Results()) == old


@pytest.mark.parametrize("axis", AXES, ids=[axis.name for axis in AXES])
def test_a_cost_that_grows_with_the_square_is_told(axis: Axis) -> None:
    linear = Grown(sitting=SITTING, points=[point(size, 1000.0, 10**9) for size in axis.values])
    assert "nothing is worse than linear" in axis.verdict(linear)
    first = axis.values[0]
    square = Grown(sitting=SITTING, points=[point(size, 1000.0, 10**9 * size**2 // first**2) for size in axis.values])
    assert "memory is worse than linear, with exponent 2.00" in axis.verdict(square)
    assert "worse than linear" in missed(render(Results(growth={axis.name: square})))


def test_exponents() -> None:
    assert exponent(point(10, 8.0), point(20, 1.0), lambda one: one.value, lambda one: 1 / one.words_per_second) == 3.0


def test_a_row_that_there_is_none_of_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "ewt", "elmo", "--page", str(tmp_path / "page.md")])
    assert "no row elmo; there are ewt-flair" in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()
