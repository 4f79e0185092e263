from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from seqnlp.embeddings.transformer import Transformer
from seqnlp.embeddings.vectors import Vectors
from seqnlp.recipe.document import override
from seqnlp.recipe.source import read_document


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "glove.txt"
    path.write_text("the 1 2\ncat 3 4\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("trainable", [False, True])
def test_vectors_come_from_the_file(file: Path, trainable: bool) -> None:
    section = Vectors(file="glove", trainable=trainable)
    codec = section.fit_words({"the": 1}, {"glove": file}.__getitem__)
    module = section.build(codec)
    vectors = module.embed_words(torch.from_numpy(codec.encode(["cat", "dog", "The"])))
    assert vectors.tolist() == [[3, 4], [0, 0], [1, 2]]
    assert module.width == 2
    assert vectors.requires_grad is trainable


def test_a_saved_model_does_not_need_the_file(file: Path) -> None:
    section = Vectors(file="glove")
    codec = section.fit_words({"the": 1}, {"glove": file}.__getitem__)
    trained = section.build(codec)
    file.unlink()
    again = section.build(section.restore(codec.to_json()))
    again.load_state_dict(trained.state_dict())
    assert torch.equal(again.embed_words(torch.arange(3)), trained.embed_words(torch.arange(3)))


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"max_words": 5}, "expected either 'file' or 'package', found none of them"),
        ({"file": "a", "package": "b"}, "expected either 'file' or 'package', found 'file' and 'package'"),
    ],
)
def test_a_section_names_one_source(section: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Vectors.model_validate(section)


def test_a_bare_string_is_a_file() -> None:
    assert Vectors.model_validate("glove.txt") == Vectors(file="glove.txt")


def test_keys_can_be_set_below_a_bare_string() -> None:
    """As `-s embedding.vectors=glove.txt -s embedding.vectors.trainable=true` does; a written `kind` is unknown."""
    document = read_document('vectors = "glove.txt"\ntransformer = "tiny"\n', Path("a.toml"))
    override(document, ["vectors.trainable=true", "transformer.trainable=true", "transformer.lr=0.1"])
    assert Vectors.model_validate(document.data["vectors"]) == Vectors(file="glove.txt", trainable=True)
    transformer = Transformer.model_validate(document.data["transformer"])
    assert transformer == Transformer(model="tiny", trainable=True, lr=0.1)
    with pytest.raises(ValidationError, match="kind"):
        Transformer.model_validate({"kind": "bert", "model": "tiny"})
