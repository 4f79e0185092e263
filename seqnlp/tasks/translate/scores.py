"""Translation scores: BLEU and chrF by sacrebleu, exact match."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

import numpy as np

from seqnlp.errors import UsageError
from seqnlp.metrics.significance import Counts, ItemScore, digest, ratio
from seqnlp.notes import note

MAX_NGRAM = 4
"""Longest n-gram of BLEU, in words."""

NEEDED = "BLEU and chrF need sacrebleu: pip install 'seqnlp[mt]'"


def has_sacrebleu() -> bool:
    """True if sacrebleu is installed."""
    return find_spec("sacrebleu") is not None


def require_sacrebleu() -> None:
    """Check that sacrebleu is installed.

    Raises:
        seqnlp.errors.UsageError: it is not; the message names the package.
    """
    if not has_sacrebleu():
        raise UsageError(NEEDED)


def metric_name(name: str, tokenised: bool) -> str:
    """Name of a sacrebleu score; one on pre-tokenised words is not comparable to others."""
    return f"{name}_tokenised" if tokenised else name


class _AsNotes(logging.Handler):
    """Passes warnings of sacrebleu on as notes, which are told once: it logs them at each score."""

    def emit(self, record: logging.LogRecord) -> None:
        """Note a warning; of those about tokenized text the first one says all."""
        message = record.getMessage()
        if "tokenized period" in message:
            note(
                "100 lines or more end in a period of its own, so that BLEU splits words that are split already: "
                "data.pretokenized = true"
            )
        elif not message.startswith(("It looks like you forgot", "If you insist")):
            note(f"sacrebleu: {message}")


@contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Pass warnings of sacrebleu on as notes inside."""
    logger, handler = logging.getLogger("sacrebleu"), _AsNotes()
    before, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = before


def overlap_scores(
    translations: Sequence[str], references: Sequence[str], lowercase: bool, tokenised: bool
) -> tuple[dict[str, float], dict[str, str]]:
    """BLEU (Papineni et al., 2002) and chrF (Popović, 2015), from 0 to 100, by sacrebleu (Post, 2018).

    Args:
        translations: Translations of the model.
        references: Reference translations, as many.
        lowercase: Ignore case.
        tokenised: Words are separated by blanks already: BLEU must not split them again.

    Returns:
        The scores, and for each the signature under which others can repeat it; no BLEU if all references are too
        short for it.
    """
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    scores, signatures = {}, {}
    metrics: dict[str, BLEU | CHRF] = {"chrf": CHRF(lowercase=lowercase)}
    if any(len(reference.split()) >= MAX_NGRAM for reference in references):
        bleu = BLEU(lowercase=lowercase, tokenize="none" if tokenised else None, force=tokenised)
        metrics = {"bleu": bleu, **metrics}
    for short, metric in metrics.items():
        name = metric_name(short, tokenised)
        with warnings_as_notes():
            scores[name] = float(metric.corpus_score(translations, [references]).score)
        signatures[name] = str(metric.get_signature())
    return scores, signatures


def sentence_scores(
    translations: Sequence[str], references: Sequence[str], cleaned: Sequence[str], lowercase: bool, tokenised: bool
) -> dict[str, ItemScore]:
    """BLEU, without sacrebleu none, and exact matches, by sentence.

    Args:
        translations: Translations of the model.
        references: Reference translations, as many.
        cleaned: The same, as the model writes them.
        lowercase: Ignore case.
        tokenised: Words are separated by blanks already.
    """
    scores: dict[str, ItemScore] = {}
    if has_sacrebleu() and any(len(reference.split()) >= MAX_NGRAM for reference in references):
        from sacrebleu.metrics.bleu import BLEU

        # of single sentences; the order is effective in their scores alone, which nobody reads
        bleu = BLEU(lowercase=lowercase, tokenize="none" if tokenised else None, force=tokenised, effective_order=True)
        found = [bleu.sentence_score(ours, [theirs]) for ours, theirs in zip(translations, references, strict=True)]
        counts = np.array([[each.sys_len, each.ref_len, *each.counts, *each.totals] for each in found], np.float64)
        basis = digest(list(references), lowercase, tokenised)
        scores[metric_name("bleu", tokenised)] = ItemScore(counts, corpus_bleu, basis)
    same = [(ours == theirs, 1) for ours, theirs in zip(translations, cleaned, strict=True)]
    scores["exact_match"] = ItemScore(np.array(same, np.float64), ratio, digest(list(cleaned)))
    return scores


def corpus_bleu(counts: Counts) -> Counts:
    """BLEU (0 to 100) from counts, smoothed as sacrebleu does by default.

    Args:
        counts: Words of translations and of references, right n-grams of each length, n-grams of each length; shape
            (..., 2 + 2 * MAX_NGRAM).
    """
    ours, theirs = counts[..., 0], counts[..., 1]
    right, found = counts[..., 2 : 2 + MAX_NGRAM], counts[..., 2 + MAX_NGRAM :]
    none = (right == 0) & (found > 0)
    halved = np.where(none, 0.5 ** np.cumsum(none, -1), right)  # each length without a match counts half of the last
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(halved / found)
        penalty = np.minimum(0, 1 - theirs / ours)
    usable = (found > 0).all(-1) & (right > 0).any(-1)
    return np.where(usable, 100 * np.exp(np.where(usable, logs.mean(-1) + penalty, 0)), 0)


def exact_match(translations: Sequence[str], references: Sequence[str]) -> float:
    """Share of translations that equal the reference."""
    same = sum(ours == theirs for ours, theirs in zip(translations, references, strict=True))
    return same / max(len(references), 1)
