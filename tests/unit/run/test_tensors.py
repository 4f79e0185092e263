"""Tensors and JSON in one file: every kind comes back, and equal content is equal bytes."""

import json
import string
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save, save_file
from torch import Tensor

from seqnlp.errors import RunError
from seqnlp.run.tensors import DTYPES as NUMBERS
from seqnlp.run.tensors import carried_digest_of, layout, read_tensors, write_tensors

DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int64, torch.uint8, torch.bool]

KINDS = {"empty": 0, "row": 1, "whole": 2}.items()

tensors = st.builds(
    lambda shape, dtype, seed: torch.randint(0, 2, shape, generator=torch.Generator().manual_seed(seed)).to(dtype),
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from(DTYPES),
    st.integers(0, 100),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(string.printable + "é词", max_size=8), tensors, max_size=4),
    st.dictionaries(st.text(), values, max_size=4),
)
def test_written_tensors_are_read_back(state: dict[str, Tensor], meta: dict[str, Any]) -> None:
    state = {name: tensor for name, tensor in state.items() if name != "__metadata__"}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        write_tensors(path, state, meta)
        found, found_meta = read_tensors(path)
        assert found_meta == meta
        assert {name: (tensor.dtype, tensor.shape) for name, tensor in found.items()} == {
            name: (tensor.dtype, tensor.shape) for name, tensor in state.items()
        }
        assert all(torch.equal(found[name], tensor) for name, tensor in state.items())
        first = path.read_bytes()
        write_tensors(path, dict(reversed(found.items())), found_meta)
        assert path.read_bytes() == first


def test_infinities_in_the_state_come_back(tmp_path: Path) -> None:
    write_tensors(tmp_path / "state", {}, {"best": float("-inf")})
    assert read_tensors(tmp_path / "state")[1] == {"best": float("-inf")}


def test_shared_memory_is_written_once(tmp_path: Path) -> None:
    weight = torch.nn.Parameter(torch.rand(100, 10))
    write_tensors(tmp_path / "tied", {"out": weight, "in": weight, "row": weight.detach()[:1].clone()}, {})
    write_tensors(tmp_path / "one", {"in": weight}, {})
    found, _ = read_tensors(tmp_path / "tied")
    assert torch.equal(found["out"], weight)
    assert torch.equal(found["in"], weight)
    assert found["row"].shape == (1, 10)
    assert (tmp_path / "tied").stat().st_size < (tmp_path / "one").stat().st_size + 300


def test_views_and_layouts_come_back(tmp_path: Path) -> None:
    whole = torch.arange(12.0).view(3, 4)
    write_tensors(tmp_path / "views", {"first": whole[0], "last": whole[2], "turned": whole.t()}, {})
    found, _ = read_tensors(tmp_path / "views")
    assert torch.equal(found["last"], whole[2])
    assert torch.equal(found["turned"], whole.t())


def test_damage_is_told(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(RunError, match=r"model\.safetensors: missing"):
        read_tensors(path)
    write_tensors(path, {"weight": torch.rand(100)}, {})
    whole = path.read_bytes()
    for content in (b"", whole[:5], whole[:60], whole[:-1], whole + b"x", b"\0" * len(whole)):
        path.write_bytes(content)
        with pytest.raises(RunError, match="damaged"):
            read_tensors(path)


def test_a_file_of_another_program_is_no_model(tmp_path: Path) -> None:
    for metadata in (None, {"format": "pt"}, {"seqnlp": "{"}, {"seqnlp": json.dumps([1])}):
        save_file({"weight": torch.ones(2)}, tmp_path / "model", metadata)
        with pytest.raises(RunError, match="not a safetensors file of seqnlp"):
            read_tensors(tmp_path / "model")


def test_a_folder_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be read"):
        read_tensors(tmp_path)


def test_a_file_is_that_of_the_library() -> None:
    numbers = torch.arange(6).reshape(2, 3)
    state = {
        f"{kind}{place}": numbers[:rows].to(dtype).clone()
        for place, dtype in enumerate(NUMBERS)
        for kind, rows in KINDS
    }
    state['größe "\n'] = torch.zeros(())
    metadata = {"text": 'é "\x01\n'}
    header, ordered = layout(state, metadata)
    contents = [bytes(tensor.flatten().view(torch.uint8).numpy().data) for tensor in ordered]
    assert b"".join([header, *contents]) == save(state, metadata)


def test_numbers_that_the_format_lacks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"the tensor wide is of torch\.complex128"):
        write_tensors(tmp_path / "state", {"wide": torch.zeros(2, dtype=torch.complex128)}, {})


def test_the_digest_that_a_file_carries_is_that_of_its_tensors(tmp_path: Path) -> None:
    found = set()
    for number in (1.0, 2.0):
        write_tensors(tmp_path / "state", {"weight": torch.full((3,), number)}, {})
        found.add(carried_digest_of(tmp_path / "state"))
    assert len(found) == 2
    assert None not in found
    save_file({"weight": torch.ones(3)}, tmp_path / "other")
    assert carried_digest_of(tmp_path / "other") is None
