"""`seqnlp generate` and `seqnlp score`: text and token probabilities of a language model."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import log
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqnlp.cli.beside import Beside, ColumnPrefix, Destination, Force, Out, write_beside
from seqnlp.cli.common import Device, MaxLine, Trust, number_option, open_predictor
from seqnlp.cli.inputs import AsReader, Column, open_inputs, open_records
from seqnlp.cli.workers import Workers
from seqnlp.errors import UsageError
from seqnlp.generation.presets import preset as preset_of
from seqnlp.generation.replay import Replay, read_saved, shown_by
from seqnlp.generation.settings import parse_bias
from seqnlp.generation.sweep import RUN, Sweep, cells_of, markdown, title_of
from seqnlp.json_text import to_json
from seqnlp.limits import (
    ALTERNATIVES,
    BEAM,
    CELLS,
    LENGTH,
    REPETITION_PENALTY,
    SAMPLES,
    SEARCH_LENGTH,
    SEED,
    SHARE,
    TEMPERATURE,
    TOP_K,
    WINDOW,
)
from seqnlp.lines import MAX_LINE
from seqnlp.units import bits_per_character

if TYPE_CHECKING:
    from seqnlp.records import Added, Values
    from seqnlp.results import Token
    from seqnlp.tasks.lm.predictor import Generator

DEFAULT_LENGTH = 500
"""Tokens of a text where no length is given."""

LINE = 200
"""Tokens of a continuation in `seqnlp predict`, at most."""

RunArgument = Annotated[Path, typer.Argument(help="A run directory, for instance runs/char_lstm.")]


def generate(
    run: RunArgument,
    prompt: Annotated[str | None, typer.Option(help="The beginning of the text.")] = None,
    length: Annotated[
        int | None, number_option(LENGTH, f"Tokens to generate, at most.  [default: {DEFAULT_LENGTH}]")
    ] = None,
    temperature: Annotated[
        float | None, number_option(TEMPERATURE, "Softmax temperature; 0 is greedy decoding.  [default: 1]")
    ] = None,
    top_k: Annotated[int | None, number_option(TOP_K, "Sample from this many of the most probable tokens.")] = None,
    top_p: Annotated[
        float | None, number_option(SHARE, "Nucleus sampling: from the top tokens with this total probability.")
    ] = None,
    min_p: Annotated[
        float | None, number_option(SHARE, "Sample from tokens with this share of the highest probability, or more.")
    ] = None,
    repetition_penalty: Annotated[
        float | None, number_option(REPETITION_PENALTY, "Penalty on tokens that occurred already; 1 is none.")
    ] = None,
    repetition_window: Annotated[
        int | None, number_option(WINDOW, "Latest tokens to which the penalty applies.  [default: all]")
    ] = None,
    stop: Annotated[
        list[str] | None, typer.Option(metavar="<str>", help="A string that ends the text; may be repeated.")
    ] = None,
    ban: Annotated[
        list[str] | None, typer.Option(metavar="<str>", help="A string that must not occur; may be repeated.")
    ] = None,
    bias: Annotated[
        list[str] | None,
        typer.Option(metavar="<token=float>", help="Add this to the logit of a token, e=-2.5; may be repeated."),
    ] = None,
    pattern: Annotated[
        str | None, typer.Option(metavar="<regex>", help="A regular expression that the text after the prompt matches.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(metavar="<name>", help="Settings of this name; other options go over them.")
    ] = None,
    seed: Annotated[int | None, number_option(SEED, "Random seed: the same seed gives the same text.")] = None,
    samples: Annotated[int | None, number_option(SAMPLES, "Texts to generate, in one batch.  [default: 1]")] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="<name=values>",
            help="A text for each value: temperature=0.4:1.2:5, seed=1,2,3 or run=A,B; repeated: all combinations.",
        ),
    ] = None,
    beams: Annotated[int | None, number_option(BEAM, "Beam search with this many beams instead of sampling.")] = None,
    alternatives: Annotated[
        int | None, number_option(ALTERNATIVES, "With --json: this many alternatives to each token.  [default: 0]")
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(metavar="<path>", help="Write the texts of this file of the terminal application once more."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a sample, with tokens and log-probabilities.")
    ] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="With --sweep: a Markdown table.")] = False,
    device: Device = None,
    trust: Trust = False,
) -> None:
    """Continue a prompt. The text goes to standard output as it is generated."""
    chosen = {
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "min_p": min_p,
        "repetition_penalty": repetition_penalty,
        "repetition_window": repetition_window,
        "stop": stop,
        "ban": ban,
        "bias": None if bias is None else dict(map(parse_bias, bias)),
        "pattern": pattern,
        "seed": seed,
        "samples": samples,
        "beams": beams,
    }
    given: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    if replay is not None:
        rest = {"prompt": prompt, "length": length, "preset": preset, "sweep": sweep, "alternatives": alternatives}
        others = [*given, *(name for name, value in rest.items() if value is not None), *["markdown"] * as_markdown]
        if others:
            raise UsageError(f"--replay takes all settings from the file; leave out --{others[0].replace('_', '-')}")
        _replay(run, replay, as_json, trust)
        return
    settings = given if preset is None else {**preset_of(preset), **given}
    searches = settings.pop("beams", None)
    if searches is not None and settings:
        odd = next(iter(settings)).replace("_", "-")
        raise UsageError(f"--beams searches for the most probable text; leave out --{odd}")
    if alternatives is not None and (searches is not None or not as_json):
        raise UsageError("--alternatives needs --json, and cannot be combined with --beams")
    if as_markdown and (sweep is None or as_json):
        raise UsageError("--markdown needs --sweep, and cannot be combined with --json")
    swept = [*map(Sweep.parse, sweep or ())]
    _check_effects(given, settings, {each.name for each in swept})
    prompt, length = prompt or "", DEFAULT_LENGTH if length is None else length
    odds = (alternatives or 0) if as_json else None
    if sweep is not None:
        if searches is not None or samples is not None:
            raise UsageError(f"--sweep writes a text for each value; leave out --{'beams' if searches else 'samples'}")
        _sweep(run, prompt, length, settings, cells_of(swept, int(CELLS.high)), odds, as_markdown, trust)
        return
    generator = open_generator(run, trust)
    _note_unknown(generator, prompt)
    if searches is not None:
        tokens: Iterable[Token] = generator.search(prompt, beams=searches, length=length)
    else:
        tokens = generator.generate(prompt, length=length, alternatives=odds, **settings)
        if "pattern" in settings:
            tokens = _noting_incomplete(generator, settings["pattern"], tokens)
    if as_json:
        _write_json(tokens, prompt, samples or 1)
    elif samples is None or samples == 1:
        _stream(prompt, tokens)
    else:
        _write_samples(prompt, tokens, samples)


def _check_effects(given: Mapping[str, Any], settings: Mapping[str, Any], swept: Collection[str]) -> None:
    """Refuse options without an effect beside the others.

    Args:
        given: Settings that are options of the command.
        settings: These, over those of a preset.
        swept: Names of settings with several values.
    """
    penalised = settings.get("repetition_penalty", 1) != 1 or "repetition_penalty" in swept
    if "repetition_window" in given and not penalised:
        raise UsageError("--repetition-window has no effect without --repetition-penalty")
    if "seed" in swept and settings.get("temperature") == 0 and "temperature" not in swept:
        raise UsageError("temperature 0 writes the same text with every seed: leave out --sweep seed")


def _noting_incomplete(generator: Generator, pattern: str, tokens: Iterable[Token]) -> Iterator[Token]:
    """Pass tokens on; at their end note the samples whose pattern is not complete."""
    texts: dict[int, str] = {}
    for token in tokens:
        texts[token.sample] = texts.get(token.sample, "") + token.text
        yield token
    for sample, text in sorted(texts.items()):
        if not generator.matches(pattern, text):
            which = f"sample {sample + 1}" if len(texts) > 1 else "the text"
            print(f"note: {which} ended before it matched the pattern", file=sys.stderr)


def _sweep(
    run: Path,
    prompt: str,
    length: int,
    settings: dict[str, Any],
    cells: list[dict[str, Any]],
    odds: int | None,
    as_markdown: bool,
    trust: bool,
) -> None:
    """Write a text for each cell; those of one run are one batch."""
    if settings.get("seed") is None and not all("seed" in cell for cell in cells):
        settings = {**settings, "seed": SystemRandom().randrange(10**6)}  # so that cells differ by their values alone
        print(f"note: seed {settings['seed']}", file=sys.stderr)
    by_run: dict[Path, list[int]] = {}
    for number, cell in enumerate(cells):
        by_run.setdefault(Path(cell[RUN]) if RUN in cell else run, []).append(number)
    kept: list[list[Token]] = [[] for _ in cells]
    for path, numbers in by_run.items():
        generator = open_generator(path, trust)
        _note_unknown(generator, prompt)
        own = [{name: value for name, value in cells[number].items() if name != RUN} for number in numbers]
        for token in generator.generate(prompt, length=length, cells=own, alternatives=odds, **settings):
            kept[numbers[token.sample]].append(token)
    texts = ["".join(token.text for token in tokens) for tokens in kept]
    if as_markdown:
        sys.stdout.write(markdown(prompt, cells, texts))
    elif odds is None:
        for cell, text in zip(cells, texts, strict=True):
            sys.stdout.write(f"----- {title_of(cell)}\n{prompt}{text}\n")
    else:
        for cell, text, tokens in zip(cells, texts, kept, strict=True):
            listed = [token.to_json() for token in tokens]
            sys.stdout.write(to_json({"prompt": prompt, "cell": cell, "text": text, "tokens": listed}) + "\n")


def _replay(run: Path, file: Path, as_json: bool, trust: bool) -> None:
    """Write the texts of a file again: those on the screen, or with JSON all branches."""
    saved = read_saved(file)
    generators = {run: open_generator(run, trust)}

    def pieces(prompt: str, settings: dict[str, Any]) -> Iterator[tuple[int, str]]:
        path = Path(settings.pop(RUN, run))
        if path not in generators:
            generators[path] = open_generator(path, trust)
        beams = settings.pop("beams", None)
        if beams is not None:
            found: Iterable[Token] = generators[path].search(
                prompt, beams=beams, length=min(settings["length"], SEARCH_LENGTH.high)
            )
        else:
            found = generators[path].generate(prompt, **settings, alternatives=0)
        return ((token.sample, token.text) for token in found)

    replay = Replay(saved.tree, pieces)
    shown = shown_by(saved, run)
    numbers = [number for number in saved.tree.branches if number] if as_json else shown
    for number in numbers:
        place = replay.difference(number)
        if place is not None:
            print(f"note: branch {number} differs from {file} from character {place + 1} on", file=sys.stderr)
    if not as_json:
        sys.stdout.write("\n-----\n".join(replay.text(number) for number in numbers) + "\n")
        return
    for number in numbers:
        branch = saved.tree[number]
        data = {
            "branch": number,
            "parent": branch.parent or None,
            "at": branch.at,
            "kind": branch.kind,
            "name": branch.name,
            "marked": branch.marked,
            "shown": number in shown,
            "same": replay.difference(number) is None,
            "text": replay.text(number),
        }
        sys.stdout.write(to_json(data) + "\n")


def score(
    run: RunArgument,
    file: Annotated[Path | None, typer.Argument(help="A text file; `-` for standard input.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a token.")] = False,
    reader: AsReader = None,
    column: Column = None,
    out: Out = None,
    beside: Beside = False,
    column_prefix: ColumnPrefix = "",
    force: Force = False,
    workers: Workers = None,
    max_line: MaxLine = MAX_LINE,
    device: Device = None,
    trust: Trust = False,
) -> None:
    """Score a text: a line for each token, with its negative log-probability in bits before it.

    A model that reads backward predicts each token from those after it; the lines are in the order of the text all the
    same. The mean goes to standard error. With --out or --beside each text of a table is scored by itself, its end
    included, in columns `logprob` (nats), `num_tokens` and `bits_per_character`.
    """
    destination = Destination(out, beside, column_prefix, force, as_json, workers)
    wanted = destination.is_wanted(file)
    generator = open_generator(run, trust)
    if wanted:
        sums = _Sums()
        predict = partial(_values, generator)
        write_beside(open_records(run, file, reader, column), destination, _columns, predict, "score", sums.observe)
        if sums.tokens:
            print(sums.text(), file=sys.stderr)
        return
    inputs = open_inputs(run, file, reader, column)
    sums = _Sums()
    for token in generator.score("".join(f"{line}\n" for line in lines) for lines in inputs):
        nll = -(token.logprob or 0.0)
        sums.add(1, len(token.text), nll)
        if as_json:
            sys.stdout.write(to_json(token.to_json()) + "\n")
        else:
            sys.stdout.write(f"{nll / log(2):.3f}\t{to_json(token.text)}\n")
    if not sums.tokens:
        raise UsageError("there is no text to score")
    print(sums.text(), file=sys.stderr)


@dataclass
class _Sums:
    """Sums over scored text."""

    tokens: int = 0
    characters: int = 0
    nats: float = 0.0

    def add(self, tokens: int, characters: int, nats: float) -> None:
        """Add a part of it."""
        self.tokens, self.characters, self.nats = self.tokens + tokens, self.characters + characters, self.nats + nats

    def observe(self, text: Any, values: Values) -> None:
        """Add a text of a table, and its end."""
        if values is not None:
            line = " ".join(text) if isinstance(text, list) else text
            self.add(values["num_tokens"], len(line) + 1, -values["logprob"])

    def text(self) -> str:
        """Means in one line."""
        nats, bits = self.nats / self.tokens, bits_per_character(self.nats, self.characters)
        return f"{self.tokens:,} tokens, {nats:.4f} nats a token, {bits:.4f} bits a character"


def _columns(words: bool) -> Sequence[Added]:
    """Columns of a scored text."""
    from seqnlp.records import Added

    return [Added("logprob", "number"), Added("num_tokens", "whole"), Added("bits_per_character", "number")]


def _values(generator: Generator, texts: list[Any]) -> Iterator[Values]:
    from seqnlp.tasks.lm.predictor import scored

    lines = [" ".join(text) if isinstance(text, list) else text for text in texts]
    for line, logprobs in zip(lines, generator.score_texts(map(generator.as_line, lines)), strict=True):
        if not line.strip():
            yield None
            continue
        yield scored(line, logprobs)


def open_generator(run: Path, trust: bool = False) -> Generator:
    """Open a run as a language model."""
    from seqnlp.tasks.lm.predictor import Generator

    return open_predictor(run, Generator, trust)


def _note_unknown(generator: Generator, prompt: str) -> None:
    unknown = generator.unknown_in(prompt)
    if unknown:
        shown = ", ".join(map(repr, unknown[:10])) + (" ..." if len(unknown) > 10 else "")
        print(f"note: unknown to the model: {shown}", file=sys.stderr)


def _stream(prompt: str, tokens: Iterable[Token]) -> None:
    sys.stdout.write(prompt)
    sys.stdout.flush()
    for token in tokens:
        sys.stdout.write(token.text)
        sys.stdout.flush()
    sys.stdout.write("\n")


def _write_samples(prompt: str, tokens: Iterable[Token], samples: int) -> None:
    """Write samples one after the other, separated by a line of hyphens."""
    texts = [[prompt] for _ in range(samples)]
    for token in tokens:
        texts[token.sample].append(token.text)
    sys.stdout.write("\n-----\n".join("".join(parts) for parts in texts) + "\n")


def _write_json(tokens: Iterable[Token], prompt: str, samples: int) -> None:
    kept: list[list[Token]] = [[] for _ in range(samples)]
    for token in tokens:
        kept[token.sample].append(token)
    for sample in kept:
        text = "".join(token.text for token in sample)
        data = {"prompt": prompt, "text": text, "tokens": [token.to_json() for token in sample]}
        sys.stdout.write(to_json(data) + "\n")


def predict(run: Path, file: Path | None, as_json: bool, trust: bool) -> None:
    """Continue each line to its end by greedy decoding: the same as `seqnlp predict`."""
    generator = open_generator(run, trust)
    for lines in open_inputs(run, file):
        for line in lines:
            odds = 0 if as_json else None
            tokens = generator.generate(line, length=LINE, temperature=0, stop=["\n"], alternatives=odds)
            if as_json:
                _write_json(tokens, line, 1)
            else:
                _stream(line, tokens)
