"""Measure this project beside its peers, and write the page: `python -m tests.benchmarks`."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.comparisons import COMPARISONS
from tests.benchmarks.growth import AXES
from tests.benchmarks.page import render, with_quotation
from tests.benchmarks.results import Results

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NAMES = [one.name for one in COMPARISONS] + [axis.name for axis in AXES]


def chosen(name: str, asked: list[str]) -> bool:
    """True for a name that is asked for, or begins with a word that is."""
    return not asked or any(name == one or name.startswith(f"{one}-") for one in asked)


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure this project beside its peers, in turns, and write the page. Results are kept after each "
        f"row. Rows: {', '.join(NAMES)}.",
    )
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="ROW", help="these rows, or all that begin so: ewt, growth"
    )
    parser.add_argument("--missing", action="store_true", help="only rows that have no result yet")
    parser.add_argument("--corpora", type=Path, default=ROOT / "corpora", help="where `seqnlp corpora get` put them")
    parser.add_argument("--peers", type=Path, default=ROOT / "build/peers", help="where the peers are installed")
    parser.add_argument("--results", type=Path, default=HERE / "results.json", help="the results that are kept")
    parser.add_argument("--page", type=Path, default=HERE / "README.md", help="the page to write")
    parser.add_argument("--readme", type=Path, default=ROOT / "README.md", help="the file that quotes ratios")
    parser.add_argument("--seconds", type=float, help="seconds of each training instead of those of the row")
    parser.add_argument("--rounds", type=int, default=2, help="turns that each side has (default: 2)")
    parser.add_argument("--write", action="store_true", help="measure nothing: write the page from what is kept")
    options = parser.parse_args(arguments)
    unknown = [one for one in options.only if not any(chosen(name, [one]) for name in NAMES)]
    if unknown:
        parser.error(f"no row {', '.join(unknown)}; there are {', '.join(NAMES)}")
    results = Results.load(options.results)
    kept = results.comparisons.keys() | results.growth.keys() if options.missing else set()
    corpora, peers = options.corpora.absolute(), options.peers.absolute()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        for comparison in COMPARISONS:
            if not options.write and chosen(comparison.name, options.only) and comparison.name not in kept:
                compared = comparison.measure(corpora, peers, Path(folder), options.seconds, options.rounds, tell)
                tell(f"{comparison.name}: {compared.problem or compared.ratios(comparison.whole)}")
                results = results.with_comparison(comparison.name, compared)
                results.save(options.results)
        for axis in AXES:
            if not options.write and chosen(axis.name, options.only) and axis.name not in kept:
                grown = axis.measure(Path(folder), options.seconds or 8.0, tell)
                tell(f"{axis.name}: {grown.problem or axis.verdict(grown)}")
                results = results.with_growth(axis.name, grown)
                results.save(options.results)
    options.page.write_text(render(results), encoding="utf-8")
    readme = options.readme.read_text(encoding="utf-8")
    options.readme.write_text(with_quotation(readme, results), encoding="utf-8")


if __name__ == "__main__":
    main()
