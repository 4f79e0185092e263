"""Error analysis of translations: worst sentences, scores by length, and ways to go wrong."""

from collections.abc import Callable, Sequence

import numpy as np

from seqnlp.metrics.edit_distance import edit_distance
from seqnlp.results import JudgedTranslation, LengthScore, TranslationFlaw, TranslationReport
from seqnlp.tasks.translate.scores import has_sacrebleu

LENGTHS = 8
"""Ranges of lengths, at most."""
OVER_LONG, TOO_SHORT = 1.5, 0.5
"""Words for each word of the reference, ..."""
SLACK = 3
"""... and words more, or fewer, which are no fault."""
COPIED = 0.5
"""Share of the words of the source that a translation leaves as they are though the reference does not."""
REPEATS = 3
"""Times that words follow themselves in a translation which is stuck."""
LONGEST_REPEAT = 4
"""Words of what is repeated, at most."""


def similarity(lowercase: bool) -> tuple[str, Callable[[str, str], float]]:
    """Name and function of the similarity to a reference (0 to 100).

    chrF (Popović, 2015) of the sentence by sacrebleu; without sacrebleu the share of words that need no edit.
    """
    if has_sacrebleu():
        from sacrebleu.metrics.chrf import CHRF

        metric = CHRF(lowercase=lowercase)
        return "chrf", lambda ours, theirs: float(metric.sentence_score(ours, [theirs]).score)

    def unedited(ours: str, theirs: str) -> float:
        words = (ours.lower() if lowercase else ours).split(), (theirs.lower() if lowercase else theirs).split()
        return 100 * max(0.0, 1 - edit_distance(*words) / max(*map(len, words), 1))

    return "unedited", unedited


def translation_report(
    judged: Sequence[JudgedTranslation],
    lengths: Sequence[int],
    scores: dict[str, float],
    score_name: str,
    worst: int,
    examples: int,
) -> TranslationReport:
    """Sum the errors of translations up.

    Args:
        judged: Every translation.
        lengths: Tokens of each source.
        scores: Scores of all of them.
        score_name: Name of the similarity of a sentence.
        worst: Worst sentences, at most.
        examples: Examples of each flaw, those with the lowest score.
    """
    ranked = sorted(judged, key=lambda each: (each.score, -each.nats))
    flaws = []
    for name, is_flawed in FLAWS.items():
        found = [each for each in ranked if is_flawed(each)]
        flaws.append(TranslationFlaw(name, len(found), found[:examples]))
    wrong = [each for each in ranked if each.translation != each.reference]
    return TranslationReport(
        items=len(judged),
        scores=scores,
        score_name=score_name,
        lengths=_by_length(judged, lengths),
        flaws=flaws,
        worst=wrong[:worst],
    )


def _by_length(judged: Sequence[JudgedTranslation], lengths: Sequence[int]) -> list[LengthScore]:
    """Scores in ranges of lengths that hold about as many pairs each."""
    sizes = np.asarray(lengths, np.int64)
    if not len(sizes):
        return []
    ends = np.unique(np.quantile(sizes, np.linspace(0, 1, LENGTHS + 1)[1:], method="higher"))
    found = []
    low = int(sizes.min())
    for high in ends.tolist():
        chosen = [judged[n] for n in np.flatnonzero((sizes >= low) & (sizes <= high)).tolist()]
        if chosen:
            theirs = sum(len(each.reference) for each in chosen)
            found.append(
                LengthScore(
                    low=low,
                    high=high,
                    count=len(chosen),
                    score=float(np.mean([each.score for each in chosen])),
                    nats=float(np.mean([each.nats for each in chosen])),
                    ratio=sum(len(each.translation) for each in chosen) / max(theirs, 1),
                )
            )
        low = high + 1
    return found


def is_empty(each: JudgedTranslation) -> bool:
    """True for a translation without words, where the reference has some."""
    return not each.translation.strip() and bool(each.reference.strip())


def is_untranslated(each: JudgedTranslation) -> bool:
    """True where most words of the source are left as they are.

    Words that the reference has, too, such as names, do not count.
    """
    source = each.source.split()
    foreign = set(source) - set(each.reference.split())
    kept = [word for word in source if word in foreign and word in set(each.translation.split())]
    return bool(source) and len(kept) >= COPIED * len(source)


def is_over_long(each: JudgedTranslation) -> bool:
    """True for a translation with far more words than the reference."""
    ours, theirs = len(each.translation.split()), len(each.reference.split())
    return ours > OVER_LONG * theirs and ours >= theirs + SLACK


def is_too_short(each: JudgedTranslation) -> bool:
    """True for a translation with far fewer words than the reference."""
    ours, theirs = len(each.translation.split()), len(each.reference.split())
    return 0 < ours < TOO_SHORT * theirs and ours <= theirs - SLACK


def is_repeating(each: JudgedTranslation) -> bool:
    """True for a translation that repeats words, unlike its reference."""
    return _repeats(each.translation.split()) and not _repeats(each.reference.split())


def _repeats(words: Sequence[str]) -> bool:
    for size in range(1, LONGEST_REPEAT + 1):
        for start in range(len(words) - size * REPEATS + 1):
            if all(words[start + n] == words[start + n % size] for n in range(size * REPEATS)):
                return True
    return False


FLAWS: dict[str, Callable[[JudgedTranslation], bool]] = {
    "empty": is_empty,
    "untranslated": is_untranslated,
    "over-long": is_over_long,
    "too short": is_too_short,
    "repeating": is_repeating,
}
"""Ways in which a translation goes wrong; one may go wrong in several."""
