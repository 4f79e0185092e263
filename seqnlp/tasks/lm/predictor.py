"""A trained language model: continues texts, and gives the log-probability of each of their tokens."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any, ClassVar, final

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.codecs import RunningText
from seqnlp.codecs.running_text import UNKNOWN, text_decoder
from seqnlp.decoders import NextTokenDecoder
from seqnlp.embeddings import TokenBatch
from seqnlp.errors import UsageError
from seqnlp.generation.settings import NEUTRAL
from seqnlp.limits import ALTERNATIVES, BEAM, BIAS, HISTORY, LENGTH, SAMPLES, SEARCH_LENGTH, SEED, TOP_K
from seqnlp.model import SequenceModel
from seqnlp.nn.beam_search import Search, beam_search
from seqnlp.nn.device import to_numpy
from seqnlp.nn.encoder import States
from seqnlp.nn.regular_expression import RegularExpression
from seqnlp.nn.sampling import ENDED, Floats, Sampler, Sampling, Steering, log_probabilities
from seqnlp.nn.steering import BannedStrings, TextSteering, TokenAutomaton, Vocabulary
from seqnlp.results import Continuation, Token
from seqnlp.spelling import nearest_or_all
from seqnlp.tasks.base import Predictor
from seqnlp.tasks.columns import Columns, column_of, is_missing
from seqnlp.tasks.lm.dataset import NEXT
from seqnlp.tasks.lm.incremental import IncrementalLm
from seqnlp.tasks.lm.text_stream import Pieces, TextStream
from seqnlp.training.dataset import EVALUATION_TOKENS, in_order
from seqnlp.training.inference import in_parallel, stream_in_windows
from seqnlp.units import bits_per_character

SCORED = ("logprob", "num_tokens", "bits_per_character")
"""Columns of scored texts."""

READ_AT_ONCE = 1024
"""Tokens of a text that are scored at once."""

WARM_UP = 256
"""Tokens before those whose influence is computed, which make the state at their beginning."""

LOGS_AT_ONCE = 16
"""Steps of sampling whose log-probabilities are computed at once."""


KEPT_AUTOMATA = 4
"""Patterns whose automata are kept."""


@dataclass(frozen=True)
class _Plan:
    """Checked settings of one text."""

    sampling: Sampling
    seed: int | None
    stop: Sequence[str]
    steering: Callable[[], Steering | None]
    """Makes its constraint, which follows one text."""


@final
class Generator(Predictor):
    """A trained language model: `for token in generator.generate("ROMEO:"): print(token.text, end="")`."""

    task: ClassVar[str] = "lm"

    def __init__(self, model: SequenceModel, codec: RunningText, column: str = "text", backward: bool = False) -> None:
        """Store a model and its codec.

        Args:
            model: The trained model.
            codec: Its codec.
            column: Column of the text in a corpus with columns.
            backward: The model reads from the end of a text.
        """
        self.input_column, self.backward = column, backward
        self.model, self.codec = model.eval(), codec
        self._decoder = model.decoder(NEXT, NextTokenDecoder)
        self._automata: dict[str, TokenAutomaton] = {}

    def predict(self, lines: Iterable[str]) -> Iterator[Continuation]:
        for line in lines:
            yield Continuation(line, "".join(token.text for token in self.generate(line)))

    def predict_columns(self, columns: Columns, column: str | None) -> dict[str, list[Any]]:
        """Score texts, each with a line break: `logprob`, `num_tokens` and `bits_per_character`; see `as_line`."""
        cells = column_of(columns, column or self.input_column)
        texts = ["" if is_missing(text) else str(text) for text in cells]
        found = zip(texts, self.score_texts(map(self.as_line, texts)), strict=True)
        rows = [scored(text, logprobs) if text.strip() else {} for text, logprobs in found]
        return {name: [row.get(name) for row in rows] for name in SCORED}

    def as_line(self, text: str) -> str:
        """Add a line break to a text where it is read last.

        That is at its end, or at the beginning if the model reads backward.
        """
        return f"\n{text}" if self.backward else f"{text}\n"

    def check_forward(self, does: str) -> None:
        """Check that the model reads forward.

        Raises:
            seqnlp.errors.UsageError: naming what a backward model can't do.
        """
        if self.backward:
            problem = f'this language model reads backward (data.direction = "backward"): it can\'t {does}'
            raise UsageError(f"{problem}; it scores texts, and embeds words in [embedding.context]")

    def generate(
        self,
        prompt: str = "",
        *,
        length: int = 500,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        repetition_penalty: float = 1.0,
        repetition_window: int | None = None,
        stop: Sequence[str] = (),
        ban: Sequence[str] = (),
        bias: Mapping[str, float] | None = None,
        pattern: str | None = None,
        begun: str = "",
        seed: int | None = None,
        samples: int = 1,
        cells: Sequence[Mapping[str, Any]] = (),
        alternatives: int | None = None,
    ) -> Iterator[Token]:
        """Continue a prompt. The iterator can be left at any token.

        Args:
            prompt: Beginning of the text; the generated tokens do not repeat it. Without one the
                text begins as after a line break.
            length: Tokens to write, at most.
            temperature: Under 1 likely tokens become likelier; 0 always takes the likeliest.
            top_k: Sample from this many of the likeliest tokens.
            top_p: Choose among the likeliest tokens that together have this probability.
            min_p: Choose among tokens at least this many times as likely as the likeliest.
            repetition_penalty: Divisor of the logits of tokens that occurred already.
            repetition_window: Latest tokens to which that applies, those of the prompt included; None: all.
            stop: Strings that end the text, and do not belong to it.
            ban: Strings that never occur in the text, nor begin at the end of the prompt.
            bias: Added to the logits of tokens, by their text.
            pattern: Regular expression that the text matches as a whole, the prompt not included. Where it may end, it
                ends before a token that does not fit.
            begun: End of the prompt that the pattern has read already; if it can't go on from there, it begins anew.
            seed: The same seed, the same text; None for another text each time.
            samples: Number of texts, in one batch; each token has the index of its text.
            cells: Settings of each of several texts in one batch, over those given: temperature, seed and the others,
                but for `length`, `samples` and `alternatives`. Each text is the one that these settings write alone.
            alternatives: None for the text alone; else each token has its log-probability, and this many of the
                likeliest others.

        Raises:
            seqnlp.errors.UsageError: for settings that are out of range or contradict each other; the model reads
                backward.
        """
        self.check_forward("continue a text")
        LENGTH.check(length=length)
        SAMPLES.check(samples=samples)
        ALTERNATIVES.check(alternatives=alternatives or 0)
        shared = {
            "temperature": temperature,
            "top_k": top_k,
            "top_p": top_p,
            "min_p": min_p,
            "repetition_penalty": repetition_penalty,
            "repetition_window": repetition_window,
            "stop": stop,
            "ban": ban,
            "bias": bias,
            "pattern": pattern,
            "begun": begun,
            "seed": seed,
        }
        for name in {name: None for cell in cells for name in cell}:
            if name not in shared:
                raise UsageError(f"a cell has no {name}; {nearest_or_all(name, shared)}")
        if cells and samples > 1:
            raise UsageError("cells are one text each: leave out samples")
        if temperature == 0 and samples > 1:
            raise UsageError(f"temperature 0 writes the same text every time: samples {samples} makes no sense")
        plans = [self._plan(prompt, length, {**shared, **cell}) for cell in cells]
        plans = plans or [self._plan(prompt, length, shared)] * samples
        tokens = self._tokens(prompt)
        steering = [plan.steering() for plan in plans]
        seeds = [plan.seed for plan in plans] if cells else seed
        sampler = Sampler([plan.sampling for plan in plans], seeds, len(plans), len(self.codec), steering)
        sampler.saw(tokens)
        states, logits = self._read(tokens)
        steps, logits = IncrementalLm(self.model, states.state, len(plans)), np.repeat(logits, len(plans), 0)
        return self._write(
            steps, logits, sampler, length, [TextStream(self._pieces, plan.stop) for plan in plans], alternatives
        )

    def _plan(self, prompt: str, length: int, given: Mapping[str, Any]) -> "_Plan":
        """Check the settings of one text.

        Args:
            prompt: Beginning of the text.
            length: Tokens to write, at most.
            given: Settings; None for one that is off.
        """
        given = {name: _UNSET[name] if value is None else value for name, value in given.items()}
        SEED.check(seed=given["seed"] or 0)
        if not all(given["stop"]):
            raise UsageError("stop: an empty string would end the text before it begins")
        if not all(given["ban"]):
            raise UsageError("ban: an empty string occurs in every text")
        sampling = Sampling(
            float(given["repetition_penalty"]),
            float(given["temperature"]),
            *(given[name] for name in ("top_k", "top_p", "min_p", "repetition_window")),
        )
        bias = {self._token_of(text): _checked_bias(text, value) for text, value in (given["bias"] or {}).items()}
        banned = BannedStrings(given["ban"], self._vocabulary) if given["ban"] else None
        automaton = None if given["pattern"] is None else self._automaton(given["pattern"])

        def steering() -> Steering | None:
            if not bias and banned is None and automaton is None:
                return None
            pieces = self._vocabulary.pieces
            before = prompt.encode("utf-8", "surrogatepass")
            begun = given["begun"]
            return TextSteering(bias, banned, automaton, length=length, before=before, begun=begun, pieces=pieces)

        return _Plan(sampling, given["seed"], given["stop"], steering)

    def _token_of(self, text: str) -> int:
        """Token that is spelled so.

        Raises:
            seqnlp.errors.UsageError: it is not one token of the vocabulary.
        """
        numbers = self.codec.encode(text).tolist() if text else []
        if len(numbers) == 1 and numbers[0] != UNKNOWN:
            return int(numbers[0])
        if f" {text}".encode("utf-8", "surrogatepass") in self.codec.pieces and text:
            raise UsageError(f"bias {text!r}: expected a token; did you mean {f' {text}'!r}, with its blank?")
        if len(numbers) > 1:
            spelled = ", ".join(repr(piece.decode("utf-8", "replace")) for piece in self.codec.split(text))
            raise UsageError(f"bias {text!r}: expected one token; it is spelled by {len(numbers)}: {spelled}")
        raise UsageError(f"bias {text!r}: expected a token; it is unknown to the model")

    @cached_property
    def _texts(self) -> list[str]:
        """Text of each token; part of a character is a replacement character."""
        return [piece.decode("utf-8", "replace") for piece in self.codec.pieces]

    @cached_property
    def _pieces(self) -> Pieces:
        return Pieces(self.codec.pieces)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self.codec.pieces)

    def _automaton(self, pattern: str) -> TokenAutomaton:
        """Automaton of a pattern; the latest ones are kept, with the states that they have made."""
        found = self._automata.pop(pattern, None)
        if found is None:
            found = TokenAutomaton(RegularExpression(pattern, self._vocabulary.alphabet()), self._vocabulary)
        self._automata[pattern] = found
        while len(self._automata) > KEPT_AUTOMATA:
            del self._automata[next(iter(self._automata))]
        return found

    def matches(self, pattern: str, text: str) -> bool:
        """Check if a text matches a pattern as a whole."""
        return self._automaton(pattern).expression.matches(text)

    def search(self, prompt: str = "", *, beams: int, length: int = 100) -> list[Token]:
        """Beam search for the likeliest text of a length; it is often dull.

        Args:
            prompt: Beginning of the text.
            beams: Hypotheses kept at once.
            length: Tokens to write.
        """
        self.check_forward("continue a text")
        BEAM.check(beams=beams)
        SEARCH_LENGTH.check(length=length)
        *before, last = self._tokens(prompt).tolist()
        state = None
        if before:
            with torch.inference_mode():
                state = self.model.encode(TokenBatch(torch.tensor([before]))).state
        model = IncrementalLm(self.model, state, rows=1, most=beams)
        search = Search(beams, "none", max_ratio=0.0, max_extra=length, banned=(UNKNOWN,), end=None)
        first = torch.tensor([last]).to(self.model.device)
        ((found, *_),) = beam_search([model], search, first, np.zeros(1, np.int64))
        decoder, logprobs = text_decoder(), zip(found.tokens, found.token_logprobs, strict=True)
        return [Token(decoder.decode(self.codec.pieces[token]), logprob=logprob) for token, logprob in logprobs]

    def score(self, text: str | Iterable[str]) -> Iterator[Token]:
        """Compute the log-probability of each token, given those read before.

        Args:
            text: The text, or its parts one after the other; unless the model reads backward, it need not fit into
                memory.

        Yields:
            The tokens, in the order of the text.
        """
        parts = map(self.codec.encode, (text,) if isinstance(text, str) else text)
        if not self.backward:
            yield from self._decoded(self._logprobs(parts))
            return
        numbers = [part for part in parts if len(part)]
        if numbers:
            read = list(self._logprobs([np.concatenate(numbers)[::-1].copy()]))
            yield from self._decoded(reversed(read))

    def _logprobs(self, parts: Iterable[NDArray[np.int64]]) -> Iterator[tuple[int, float]]:
        """Tokens and their log-probabilities, as they are read one after the other."""
        last, state = self.codec.start, None
        for numbers in parts:
            for start in range(0, len(numbers), READ_AT_ONCE):
                window = numbers[start : start + READ_AT_ONCE]
                inputs = torch.from_numpy(np.concatenate([[last], window[:-1]]))[None]
                with torch.inference_mode():
                    states = self.model.encode(TokenBatch(inputs), state)
                    nats = self._decoder.nats(states, torch.from_numpy(window)[None].to(self.model.device))[0]
                last, state = int(window[-1]), states.state
                yield from zip(window.tolist(), (-nats).tolist(), strict=True)

    def _decoded(self, scored: Iterable[tuple[int, float]]) -> Iterator[Token]:
        """Spell tokens that follow each other in the text."""
        decoder = text_decoder()
        for token, logprob in scored:
            yield Token(decoder.decode(self.codec.pieces[token]), logprob=logprob)

    def score_texts(self, texts: Iterable[str]) -> Iterator[NDArray[np.float64]]:
        """Compute the log-probability of each token of independent texts.

        Args:
            texts: The texts. Each is read after a line break, as if there were nothing else.

        Yields:
            Log-probabilities of the tokens of a text, in its order, in nats; shape (tokens,).
        """
        return stream_in_windows(iter(texts), self._score_texts, largest=1024)

    def _score_texts(self, texts: list[str]) -> list[NDArray[np.float64]]:
        found: list[NDArray[np.float64]] = [np.empty(0) for _ in texts]
        encoded = self.codec.encode_rows(texts)
        for row in np.flatnonzero(encoded.lengths > READ_AT_ONCE).tolist():
            found[row] = np.array([token.logprob for token in self.score(texts[row])], np.float64)
        short = np.where(encoded.lengths > READ_AT_ONCE, 0, encoded.lengths)
        if self.backward:
            encoded = encoded.backward()

        def score(rows: NDArray[np.int64]) -> None:
            numbers, real = encoded.pad(rows)
            before = np.concatenate([np.full((len(rows), 1), self.codec.start), numbers[:, :-1]], 1)
            states = self.model.encode(TokenBatch(torch.from_numpy(before), torch.from_numpy(real)))
            nats = to_numpy(self._decoder.nats(states, torch.from_numpy(numbers).to(self.model.device)))
            for row, own, length in zip(rows.tolist(), nats, encoded.lengths[rows].tolist(), strict=True):
                logprobs = -own[:length].astype(np.float64)
                found[row] = logprobs[::-1] if self.backward else logprobs

        for _ in in_parallel(score, in_order(short, EVALUATION_TOKENS), self.model.device):
            pass
        return found

    def next_tokens(self, text: str = "", most: int = 10) -> list[tuple[str, float]]:
        """Likeliest next tokens of a text with their log-probabilities, the likeliest first.

        Args:
            text: The text before them; if empty, a line break.
            most: Number of tokens.
        """
        self.check_forward("tell what comes next")
        TOP_K.check(most=most)
        _, logits = self._read(self._tokens(text))
        return self._likeliest(log_probabilities(logits), most, np.array([-1]))[0]

    def shares(self, text: str = "", most: int = 20, also: str = "", **settings: Any) -> dict[str, Any]:
        """Compute the likeliest next tokens, before and after the settings.

        Args:
            text: The text before them.
            most: Number of tokens.
            also: A token that is listed behind them if it is not among them.
            settings: Of `generate`.

        Returns:
            `tokens`: text, log-probability under the model, and probability of being drawn, of each; `entropy`: of both
            distributions, in bits.
        """
        plan = self._plan(text, int(LENGTH.high), {**_UNSET, **settings})
        tokens = self._tokens(text)
        sampler = Sampler([plan.sampling], [0], 1, len(self.codec), [plan.steering()])
        sampler.saw(tokens)
        _, logits = self._read(tokens)
        logs, drawn = log_probabilities(logits)[0].astype(np.float64), sampler.shares(logits)[0].astype(np.float64)
        best = np.argsort(-logs, kind="stable")[:most].tolist()
        spelled = self.codec.encode(also).tolist() if also else []
        if len(spelled) == 1 and spelled[0] not in (UNKNOWN, *best):
            best.append(spelled[0])
        rows = [[self._texts[token], float(logs[token]), float(drawn[token])] for token in best]
        return {"tokens": rows, "entropy": [_entropy(np.exp(logs)), _entropy(drawn)]}

    def influence(self, text: str, token: str, most: int = 200) -> list[tuple[str, float]]:
        """Compute how much earlier tokens matter to a token: gradient times input (Shrikumar et al., 2016).

        The gradient is that of the token's log-probability with respect to the vector of each earlier token, through
        all steps between them. Its product with the vector is the change, to first order, that scaling it brings.

        Args:
            text: The text before the token.
            token: The token.
            most: Latest tokens that are looked at; some before them are a state.

        Returns:
            Text and score of each of these tokens, in nats; above 0 those that make the token likelier.
        """
        HISTORY.check(most=most)
        target = self.codec.encode(token)
        if not text or not len(target):
            return []
        numbers = torch.from_numpy(self.codec.encode(text))[None]
        earlier, latest = numbers[:, -most - WARM_UP : -most], numbers[:, -most:]
        state = None
        if earlier.shape[1]:
            with torch.no_grad():
                state = self.model.encode(TokenBatch(earlier)).state
        batch = TokenBatch(latest).to(self.model.device)
        with torch.no_grad():
            vectors = self.model.embedding(batch)
        vectors = vectors.detach().requires_grad_()
        states = self.model.encoder(vectors, batch.mask, state)
        last = States(states.outputs[:, -1:], states.mask[:, -1:])
        logprob = self._decoder.predict(last)[0, -1, int(target[0])]
        (gradient,) = torch.autograd.grad(logprob, vectors)
        scores = (gradient * vectors).sum(-1)[0].tolist()
        decoder = text_decoder()
        spelled = [decoder.decode(piece) for piece in self.codec.split(text)[-len(scores) :]]
        return list(zip(spelled, scores, strict=True))

    def score_after(self, text: str, context: str = "") -> list[Token]:
        """Compute the log-probability of each token of a text after another one.

        Args:
            text: The text; a character or word that the model does not know has the probability of an unknown one.
            context: The text before it; if empty, a line break.
        """
        self.check_forward("score a text after another one")
        numbers = self.codec.encode(text)
        if not len(numbers):
            return []
        before = self._tokens(context)
        inputs = torch.from_numpy(np.concatenate([before, numbers[:-1]]))[None]
        with torch.inference_mode():
            states = self.model.encode(TokenBatch(inputs))
            last = States(states.outputs[:, len(before) - 1 :], states.mask[:, len(before) - 1 :])
            nats = self._decoder.nats(last, torch.from_numpy(numbers)[None].to(self.model.device))[0]
        decoder, pieces = text_decoder(), self.codec.split(text)
        return [Token(decoder.decode(piece), logprob=-nll) for piece, nll in zip(pieces, nats.tolist(), strict=True)]

    def unknown_in(self, text: str) -> list[str]:
        """Unknown characters or words of a text. The model takes them for one another."""
        return self.codec.unknown_in(text)

    def _tokens(self, prompt: str) -> NDArray[np.int64]:
        return self.codec.encode(prompt) if prompt else np.array([self.codec.start])

    def _read(self, tokens: NDArray[np.int64]) -> tuple[States, Floats]:
        """Read a prompt with the fused layers; also the logits of the next token, which can't be unknown."""
        with torch.inference_mode():
            states = self.model.encode(TokenBatch(torch.from_numpy(tokens)[None]))
            # of the last step alone: a softmax at each step of a long prompt would take much memory
            last = States(states.outputs[:, -1:], states.mask[:, -1:])
            logits = to_numpy(self._decoder.predict(last)[0]).copy()
        logits[:, UNKNOWN] = -np.inf
        return states, logits

    def _write(
        self,
        steps: IncrementalLm,
        logits: Floats,
        sampler: Sampler,
        length: int,
        texts: list[TextStream],
        most: int | None,
    ) -> Iterator[Token]:
        running = list(enumerate(texts))
        plain = ((chosen.tolist(), None, None) for chosen, _ in _draws(steps, logits, sampler, length))
        draws = plain if most is None else self._looked_up(steps, logits, sampler, length, most)
        for chosen, logprobs, others in draws:
            ended = False
            for sample, written in running:
                piece = chosen[sample]
                if piece == ENDED:
                    yield from (replace(token, sample=sample) for token in written.end())
                    ended = written.ended = True
                    continue
                text = written.decode(piece)
                if logprobs is None or others is None:
                    token = Token(text, sample)
                else:
                    token = Token(text, sample, logprobs[sample], others[sample])
                if written.stop:
                    yield from written.add(token)
                    ended = ended or written.ended
                else:
                    yield token
            if ended:
                running = [(sample, written) for sample, written in running if not written.ended]
                if not running:
                    return
        for sample, written in running:
            yield from (replace(token, sample=sample) for token in written.end())

    def _looked_up(
        self, steps: IncrementalLm, logits: Floats, sampler: Sampler, length: int, most: int
    ) -> Iterator[tuple[list[int], list[float], list[list[tuple[str, float]]]]]:
        """Draw tokens, with their log-probabilities and the likeliest others.

        They are computed for some steps at once: one by one they cost half a step.
        """
        draws = _draws(steps, logits, sampler, length)
        while block := [(chosen, logits.copy()) for chosen, logits in islice(draws, LOGS_AT_ONCE)]:
            stacked = np.concatenate([logits for _, logits in block])
            tokens = np.concatenate([chosen for chosen, _ in block])
            logs, rows = log_probabilities(stacked), len(block[0][0])
            found = logs[np.arange(len(tokens)), tokens].tolist()
            others = self._likeliest(logs, most, tokens)
            listed = tokens.tolist()
            for start in range(0, len(listed), rows):
                own = slice(start, start + rows)
                yield listed[own], found[own], others[own]

    def _likeliest(self, logs: Floats, most: int, besides: NDArray[np.int64]) -> list[list[tuple[str, float]]]:
        """Likeliest tokens and their log-probabilities, but for one token of each row.

        Args:
            logs: Log-probabilities, shape (rows, tokens).
            most: Tokens of each row.
            besides: The token that is left out; negative for none.
        """
        if not most:
            return [[] for _ in logs]
        best = np.argsort(-logs, axis=1, kind="stable")[:, : most + 1]
        ranked = zip(best.tolist(), np.take_along_axis(logs, best, 1).tolist(), besides.tolist(), strict=True)
        return [
            [(self._texts[token], log) for token, log in zip(tokens, found, strict=True) if token != left][:most]
            for tokens, found, left in ranked
        ]


def _draws(
    steps: IncrementalLm, logits: Floats, sampler: Sampler, length: int
) -> Iterator[tuple[NDArray[np.int64], Floats]]:
    """Draw the next token of each text; also yields the logits, which the next step overwrites."""
    for number in range(length):
        chosen = sampler.choose(logits)
        yield chosen, logits
        if number + 1 < length:
            logits = steps.logits(np.maximum(chosen, 0))  # a text that has ended reads anything


_UNSET = {name: value for name, value in NEUTRAL.items() if name != "beams"} | {"begun": ""}
"""Settings of a text that is sampled, which change nothing."""


def _entropy(shares: NDArray[np.float64]) -> float:
    """Entropy of a distribution, in bits."""
    real = shares[shares > 0]
    return float(-(real * np.log2(real)).sum()) + 0.0


def _checked_bias(text: str, value: float) -> float:
    BIAS.check(**{f"bias of {text!r}": float(value)})
    return float(value)


def scored(text: str, logprobs: NDArray[np.float64]) -> dict[str, float]:
    """Columns of a text, by the log-probabilities of its tokens; a line break is the last."""
    total = float(logprobs.sum())
    return dict(zip(SCORED, (total, len(logprobs), bits_per_character(-total, len(text) + 1)), strict=True))
