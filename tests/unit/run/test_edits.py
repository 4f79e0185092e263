"""How an edited recipe is told."""

from seqnlp.run.digests import digest_of
from seqnlp.run.edits import describe_edits

RECIPE = 'task = "tag"\nseed = 1\n\n[encoder]\nsize = 16\nlayers = 2\n'
CARD = f"# card\n\n## Recipe\n\n```toml\n{RECIPE.strip()}\n```\n\n<!-- end -->\n"
DIGEST = digest_of(RECIPE.encode())


def edits(recipe: str, card: str = CARD) -> str:
    return describe_edits(recipe.encode(), card, DIGEST)


def test_settings_that_differ_are_named() -> None:
    assert edits(RECIPE.replace("16", "24")) == "encoder.size is 24, was 16"
    assert edits(RECIPE.replace("seed = 1\n", "")) == "seed is missing, was 1"
    assert edits(RECIPE + "bias = true\n") == "encoder.bias is True, was missing"
    many = edits('task = "lm"\na = 1\nb = 2\n')
    assert many == "task is 'lm', was 'tag'; seed is missing, was 1; encoder.size is missing, was 16 and 3 more"


def test_what_is_not_known_is_not_told() -> None:
    assert edits(RECIPE + "# a note\n") == ""
    assert edits("task = ") == ""
    assert describe_edits(b"\xff", CARD, DIGEST) == ""
    assert edits(RECIPE.replace("16", "24"), "# card\n") == ""
    assert edits(RECIPE.replace("16", "24"), CARD.replace("seed = 1", "seed = 2")) == ""
