"""A trained language model: writes on, and says how surprising a text is."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import ClassVar, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqnlp.codecs import RunningText
from seqnlp.codecs.running_text import UNKNOWN, text_decoder
from seqnlp.decoders import NextTokenDecoder
from seqnlp.embeddings import TokenBatch, TokenLookup
from seqnlp.errors import UsageError
from seqnlp.model import SequenceModel
from seqnlp.nn.recurrent import Recurrent
from seqnlp.nn.sampling import Floats, Sampler, Sampling, log_probabilities
from seqnlp.nn.states import States
from seqnlp.nn.steps import Steps
from seqnlp.results import Continuation, Token
from seqnlp.tasks.base import Predictor
from seqnlp.tasks.lm.text_stream import TextStream
from seqnlp.training.precision import resolve

READ_AT_ONCE = 1024
"""Tokens of a text whose surprise is computed at once."""

LOGS_AT_ONCE = 16
"""Steps of writing whose log-probabilities are computed at once."""


@final
class Generator(Predictor):
    """A trained language model: `for token in generator.generate("ROMEO:"): print(token.text, end="")`."""

    task: ClassVar[str] = "lm"

    def __init__(self, model: SequenceModel, codec: RunningText) -> None:
        self.model, self.codec = model.eval(), codec
        assert isinstance(model.embedding, TokenLookup)
        assert isinstance(model.encoder, Recurrent)
        decoder = model.decoders["next"]
        assert isinstance(decoder, NextTokenDecoder)
        self._embedding, self._encoder, self._decoder = model.embedding, model.encoder, decoder

    def predict(self, lines: Iterable[str]) -> Iterator[Continuation]:
        """Continue each of a stream of prompts."""
        for line in lines:
            yield Continuation(line, "".join(token.text for token in self.generate(line)))

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
        stop: Sequence[str] = (),
        seed: int | None = None,
        samples: int = 1,
        alternatives: int | None = None,
    ) -> Iterator[Token]:
        """Write on from a prompt. The iterator can be left at any token.

        Args:
            prompt: What the text begins with; the tokens that are written do not repeat it. Without one the
                text begins as after a line break.
            length: Tokens to write, at most.
            temperature: Under 1 likely tokens become likelier; 0 always takes the likeliest.
            top_k: Choose among so many of the likeliest tokens.
            top_p: Choose among the likeliest tokens that together have this probability.
            min_p: Choose among tokens at least this many times as likely as the likeliest.
            repetition_penalty: Divides the logits of tokens that were there already.
            stop: Strings that end the text, and do not belong to it.
            seed: The same seed, the same text; None for another text each time.
            samples: How many texts are written at once; each token says which one it belongs to. Several are computed
                in fewer bits (see `seqnlp.nn.products`): log-probabilities are then 0.01 off on average, and those of
                the unlikeliest tokens up to 1.
            alternatives: None for the text alone; else each token has its log-probability, and so many of the
                likeliest others.

        Raises:
            seqnlp.errors.UsageError: for settings that are out of range or contradict each other.
        """
        sampling = Sampling(float(repetition_penalty), float(temperature), top_k, top_p, min_p)
        _check_at_least(1, length=length, samples=samples)
        _check_at_least(0, alternatives=alternatives or 0, seed=seed or 0)
        if not all(stop):
            raise UsageError("stop: an empty string would end the text before it begins")
        if temperature == 0 and samples > 1:
            raise UsageError(f"temperature 0 writes the same text every time: samples {samples} makes no sense")
        tokens = self._tokens(prompt)
        sampler = Sampler(sampling, seed, samples, len(self.codec))
        sampler.saw(tokens)
        steps, logits = self._begin(tokens, samples, half=resolve("auto") == "bf16")
        return self._write(steps, logits, sampler, length, [TextStream(stop) for _ in range(samples)], alternatives)

    def search(self, prompt: str = "", *, beams: int, length: int = 100) -> list[Token]:
        """Look for the likeliest text of a length by beam search; the likeliest is often dull.

        Args:
            prompt: What the text begins with.
            beams: How many beginnings are followed at once.
            length: Tokens to write.
        """
        _check_at_least(1, beams=beams, length=length)
        steps, logits = self._begin(self._tokens(prompt), beams, half=False)
        totals = np.full(beams, -np.inf)
        totals[0] = 0.0  # at first all beams are the same
        history: list[tuple[NDArray[np.int64], NDArray[np.int64], Floats]] = []
        for number in range(length):
            logs = log_probabilities(logits.astype(np.float64))
            sums = (totals[:, None] + logs).ravel()
            best = np.argsort(-sums, kind="stable")[:beams]
            parents, chosen = np.divmod(best, len(self.codec))
            history.append((parents, chosen, logs[parents, chosen]))
            totals = sums[best]
            steps.keep(parents)
            if number + 1 < length:
                logits = steps.step(chosen)
        path: list[tuple[int, float]] = []
        beam = 0
        for parents, chosen, logs in reversed(history):
            path.append((int(chosen[beam]), float(logs[beam])))
            beam = int(parents[beam])
        decoder = text_decoder()
        return [Token(decoder.decode(self.codec.pieces[token]), logprob=log) for token, log in reversed(path)]

    def score(self, text: str | Iterable[str]) -> Iterator[Token]:
        """Say how surprising each token of a text is: minus its log-probability.

        Args:
            text: The text, or its parts one after the other; it need not fit into memory.
        """
        parts = (text,) if isinstance(text, str) else text
        decoder, last, carry = text_decoder(), self.codec.start, None
        for part in parts:
            numbers = self.codec.encode(part)
            for start in range(0, len(numbers), READ_AT_ONCE):
                window = numbers[start : start + READ_AT_ONCE]
                inputs = torch.from_numpy(np.concatenate([[last], window[:-1]]))[None]
                with torch.inference_mode():
                    states = self.model.encode(TokenBatch(inputs), carry)
                    nats = self._decoder.nats(states, torch.from_numpy(window)[None])[0]
                last, carry = int(window[-1]), states.carry
                for token, surprise in zip(window.tolist(), nats.tolist(), strict=True):
                    yield Token(decoder.decode(self.codec.pieces[token]), logprob=-surprise)

    def next_tokens(self, text: str = "", most: int = 10) -> list[tuple[str, float]]:
        """The likeliest tokens to follow a text, with their log-probabilities, the likeliest first.

        Args:
            text: What they would follow; if empty, a line break.
            most: How many.
        """
        _check_at_least(1, most=most)
        tokens = self._tokens(text)
        with torch.inference_mode():
            states = self.model.encode(TokenBatch(torch.from_numpy(tokens)[None]))
            logits = self._decoder.predict(_last(states))[0].numpy()
        return self._likeliest(log_probabilities(_possible(logits))[0], most)

    def unknown_in(self, text: str) -> list[str]:
        """The characters or words of a text that the model does not know, and takes for one another."""
        return self.codec.unknown_in(text)

    def _tokens(self, prompt: str) -> NDArray[np.int64]:
        return self.codec.encode(prompt) if prompt else np.array([self.codec.start])

    def _begin(self, tokens: NDArray[np.int64], texts: int, half: bool) -> tuple[Steps, Floats]:
        """Read a prompt with the fused layers, and lay out the steps that go on from there."""
        with torch.inference_mode():
            states = self.model.encode(TokenBatch(torch.from_numpy(tokens)[None]))
            logits = self._decoder.predict(_last(states))[0].numpy()
        steps = Steps(
            self._embedding.table.weight,
            self._encoder,
            self._projection(),
            self._decoder.output.weight,
            self._bias(),
            texts,
            half,
        )
        steps.load(states.carry)
        return steps, _possible(np.repeat(logits, texts, 0))

    def _projection(self) -> Tensor | None:
        projection = self._decoder.projection
        return projection.weight if isinstance(projection, nn.Linear) else None

    def _bias(self) -> Tensor:
        """The bias of the output, which forbids what stands for the unknown."""
        bias = self._decoder.output.bias.detach().clone()
        bias[UNKNOWN] = -torch.inf
        return bias

    def _write(
        self, steps: Steps, logits: Floats, sampler: Sampler, length: int, texts: list[TextStream], most: int | None
    ) -> Iterator[Token]:
        pieces, running = self.codec.pieces, list(enumerate(texts))
        draws = _draws(steps, logits, sampler, length)
        for chosen, logs in ((chosen, None) for chosen, _ in draws) if most is None else _with_logs(draws):
            for sample, written in running:
                piece = int(chosen[sample])
                text = written.decode(pieces[piece])
                if logs is None or most is None:
                    yield from written.add(Token(text, sample))
                else:
                    others = self._likeliest(logs[sample], most, piece)
                    yield from written.add(Token(text, sample, float(logs[sample, piece]), others))
            running = [(sample, written) for sample, written in running if not written.ended]
            if not running:
                return
        for sample, written in running:
            yield from (replace(token, sample=sample) for token in written.end())

    def _likeliest(self, logs: Floats, most: int, besides: int = -1) -> list[tuple[str, float]]:
        """So many of the likeliest tokens and their log-probabilities, without one of them."""
        if not most:
            return []
        best = [token for token in np.argsort(-logs, kind="stable")[: most + 1].tolist() if token != besides][:most]
        return [(self.codec.pieces[token].decode("utf-8", "replace"), float(logs[token])) for token in best]


def _last(states: States) -> States:
    """The last step alone: a softmax at each step of a long prompt would take much memory."""
    return States(states.outputs[:, -1:], states.mask[:, -1:], states.carry)


def _possible(logits: Floats) -> Floats:
    """Logits that forbid what stands for the unknown."""
    possible = logits.copy()
    possible[:, UNKNOWN] = -np.inf
    return possible


def _draws(steps: Steps, logits: Floats, sampler: Sampler, length: int) -> Iterator[tuple[NDArray[np.int64], Floats]]:
    """Step by step the token of each text and the logits that it was chosen by, which the next step overwrites."""
    for number in range(length):
        chosen = sampler.choose(logits)
        yield chosen, logits
        if number + 1 < length:
            logits = steps.step(chosen)


def _with_logs(draws: Iterator[tuple[NDArray[np.int64], Floats]]) -> Iterator[tuple[NDArray[np.int64], Floats]]:
    """The same draws with log-probabilities, computed for some steps at once: one by one they cost half a step."""
    while block := [(chosen, logits.copy()) for chosen, logits in islice(draws, LOGS_AT_ONCE)]:
        stacked = np.concatenate([logits for _, logits in block])
        logs = log_probabilities(stacked).reshape(len(block), -1, stacked.shape[1])
        yield from zip((chosen for chosen, _ in block), logs, strict=True)


def _check_at_least(least: int, **settings: int) -> None:
    for name, value in settings.items():
        if value < least:
            raise UsageError(f"{name} {value}: expected {least} or more")
