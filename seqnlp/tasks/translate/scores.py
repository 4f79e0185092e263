"""Translation scores: BLEU and chrF by sacrebleu, exact match."""

from collections.abc import Sequence
from importlib.util import find_spec

from seqnlp.errors import UsageError

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
        scores[name] = float(metric.corpus_score(translations, [references]).score)
        signatures[name] = str(metric.get_signature())
    return scores, signatures


def exact_match(translations: Sequence[str], references: Sequence[str]) -> float:
    """Share of translations that equal the reference."""
    same = sum(ours == theirs for ours, theirs in zip(translations, references, strict=True))
    return same / max(len(references), 1)
