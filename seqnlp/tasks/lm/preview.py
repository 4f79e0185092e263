"""Preview of a language model: prompts from dev, and how the model continues them."""

from collections.abc import Callable

from seqnlp.events import Example
from seqnlp.model import SequenceModel
from seqnlp.tasks.lm.corpus import TextSplit
from seqnlp.tasks.lm.predictor import Generator
from seqnlp.tasks.previews import sample_rows
from seqnlp.training import Preview

LENGTH = 80
"""Characters of a prompt, and of its continuation."""
HEAD = 100_000
"""Characters at the beginning of the text that prompts are taken from."""
TEMPERATURE = 0.7
"""Sampling temperature; at 1.0 early output is noise."""


def preview(dev: TextSplit, seed: int, generator: Callable[[SequenceModel], Generator]) -> Preview:
    """Pick prompts and their continuations; `seed` decides which, and the sampling."""
    text = ""
    for chunk in dev.chunks():
        text += chunk
        if len(text) > HEAD:
            break
    prompts = []
    for start in sample_rows(max(len(text) - 3 * LENGTH, 1), seed).tolist():
        begin = text.find("\n", start, start + LENGTH) + 1 or start  # the beginning of a line, if one is near
        if begin + LENGTH >= len(text):
            begin = 0  # there is not much of it
        end = text.rfind(" ", begin + 1, min(begin + LENGTH, len(text) - 1))
        end = end if end > begin else min(begin + LENGTH, len(text) // 2)
        prompts.append((text[begin:end], text[end : end + LENGTH]))

    def predict(model: SequenceModel) -> list[Example]:
        wrapped, examples = generator(model), []
        for number, (prompt, right) in enumerate(prompts):
            written = ""
            for token in wrapped.generate(prompt, length=LENGTH, temperature=TEMPERATURE, seed=seed + number):
                written += token.text
                if len(written) >= LENGTH:
                    break
            examples.append(Example([prompt], [right], [written[:LENGTH]]))
        return examples

    return predict
