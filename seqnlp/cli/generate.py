"""`seqnlp generate` and `seqnlp score`: text and token probabilities of a language model."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqnlp.cli.beside import Beside, ColumnPrefix, Destination, Force, Out, write_beside
from seqnlp.cli.common import MaxLine, Trust, number_option, open_predictor
from seqnlp.cli.inputs import AsReader, Column, open_inputs, open_records
from seqnlp.errors import UsageError
from seqnlp.json_text import to_json
from seqnlp.limits import ALTERNATIVES, BEAM, LENGTH, REPETITION_PENALTY, SAMPLES, SEED, SHARE, TEMPERATURE, TOP_K
from seqnlp.lines import MAX_LINE
from seqnlp.units import bits_per_character

if TYPE_CHECKING:
    from seqnlp.records import Added, Values
    from seqnlp.results import Token
    from seqnlp.tasks.lm.predictor import Generator

LINE = 200
"""Tokens of a continuation in `seqnlp predict`, at most."""

RunArgument = Annotated[Path, typer.Argument(help="A run directory, for instance runs/char_lstm.")]


def generate(
    run: RunArgument,
    prompt: Annotated[str, typer.Option(help="The beginning of the text.")] = "",
    length: Annotated[int, number_option(LENGTH, "Tokens to generate, at most.")] = 500,
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
    stop: Annotated[
        list[str] | None, typer.Option(metavar="<str>", help="A string that ends the text; may be repeated.")
    ] = None,
    seed: Annotated[int | None, number_option(SEED, "Random seed: the same seed gives the same text.")] = None,
    samples: Annotated[int | None, number_option(SAMPLES, "Texts to generate, in one batch.  [default: 1]")] = None,
    beams: Annotated[int | None, number_option(BEAM, "Beam search with this many beams instead of sampling.")] = None,
    alternatives: Annotated[
        int | None, number_option(ALTERNATIVES, "With --json: this many alternatives to each token.  [default: 0]")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a sample, with tokens and log-probabilities.")
    ] = False,
    trust: Trust = False,
) -> None:
    """Continue a prompt. The text goes to standard output as it is generated."""
    chosen = {
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "min_p": min_p,
        "repetition_penalty": repetition_penalty,
        "seed": seed,
        "samples": samples,
    }
    settings: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    if beams is not None and (settings or stop):
        odd = next(iter([*settings, "stop"])).replace("_", "-")
        raise UsageError(f"--beams searches for the most probable text; leave out --{odd}")
    if alternatives is not None and (beams is not None or not as_json):
        raise UsageError("--alternatives needs --json, and cannot be combined with --beams")
    generator = open_generator(run, trust)
    _note_unknown(generator, prompt)
    if beams is not None:
        tokens: Iterable[Token] = generator.search(prompt, beams=beams, length=length)
    else:
        odds = (alternatives or 0) if as_json else None
        tokens = generator.generate(prompt, length=length, stop=stop or (), alternatives=odds, **settings)
    if as_json:
        _write_json(tokens, prompt, samples or 1)
    elif samples is None or samples == 1:
        _stream(prompt, tokens)
    else:
        _write_samples(prompt, tokens, samples)


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
    max_line: MaxLine = MAX_LINE,
    trust: Trust = False,
) -> None:
    """Score a text: a line for each token, with its negative log-probability in bits before it.

    A model that reads backward predicts each token from those after it; the lines are in the order of the text all the
    same. The mean goes to standard error. With --out or --beside each text of a table is scored by itself, its end
    included, in columns `logprob` (nats), `num_tokens` and `bits_per_character`.
    """
    destination = Destination(out, beside, column_prefix, force, as_json)
    wanted = destination.is_wanted(file)
    generator = open_generator(run, trust)
    if wanted:
        sums = _Sums()
        predict = partial(_values, generator, sums)
        write_beside(open_records(run, file, reader, column), destination, _columns, predict, "score")
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

    def text(self) -> str:
        """Means in one line."""
        nats, bits = self.nats / self.tokens, bits_per_character(self.nats, self.characters)
        return f"{self.tokens:,} tokens, {nats:.4f} nats a token, {bits:.4f} bits a character"


def _columns(words: bool) -> Sequence[Added]:
    """Columns of a scored text."""
    from seqnlp.records import Added

    return [Added("logprob", "number"), Added("num_tokens", "whole"), Added("bits_per_character", "number")]


def _values(generator: Generator, sums: _Sums, texts: list[Any]) -> Iterator[Values]:
    from seqnlp.tasks.lm.predictor import scored

    lines = [" ".join(text) if isinstance(text, list) else text for text in texts]
    for line, logprobs in zip(lines, generator.score_texts(map(generator.as_line, lines)), strict=True):
        if not line.strip():
            yield None
            continue
        sums.add(len(logprobs), len(line) + 1, -float(logprobs.sum()))
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
