"""Places of processes, and what they give to each other."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from seqnlp import api
from seqnlp.errors import UsageError
from seqnlp.nn.device import find_own_device
from seqnlp.processes import Place
from seqnlp.training.distributed import ProcessGroup, pack, set_slurm_address, unpack

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
ARRAYS = arrays(st.sampled_from([np.float32, np.int64, np.bool_]), st.tuples(st.integers(0, 3), st.integers(0, 3)))
TREES = st.recursive(
    LEAVES | ARRAYS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text() | st.integers(), inner),
)


def assert_same(found: object, expected: object) -> None:
    assert type(found) is type(expected)
    if isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(found, expected)
        assert isinstance(found, np.ndarray)
        assert found.dtype == expected.dtype
    elif isinstance(expected, list | tuple):
        assert isinstance(found, list | tuple)
        for own, other in zip(found, expected, strict=True):
            assert_same(own, other)
    elif isinstance(expected, dict):
        assert isinstance(found, dict)
        assert list(found) == list(expected)
        for name, other in expected.items():
            assert_same(found[name], other)
    else:
        assert found == expected


@given(TREES)
def test_values_come_out_as_they_went_in(value: object) -> None:
    assert_same(unpack(pack(value)), value)


def test_tensors_come_out_as_tensors() -> None:
    found = unpack(pack([torch.arange(3), None]))
    assert torch.equal(found[0], torch.arange(3))
    assert found[1] is None


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float32, torch.float64, torch.bool])
def test_tensors_keep_their_format(kind: torch.dtype) -> None:
    tensor = torch.tensor([[0.1, -3.7e5 if kind != torch.float16 else 3.0]]).to(kind)
    (found,) = unpack(pack([tensor]))
    assert found.dtype == kind
    assert torch.equal(found, tensor)


@pytest.mark.parametrize(("value", "problem"), [(Path("a"), "Path"), (np.array([[], 0], object), "objects")])
def test_what_is_no_plain_value_is_refused(value: object, problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        pack([value])


@pytest.mark.parametrize(
    ("processes", "micro_batches", "rows", "note"),
    [
        (3, 1, 9, "training.micro_batches is 1: 2 of 3 processes will have no gradients to compute; -s "),
        (2, 2, 2, ""),
        (1, 4, 4, ""),
    ],
)
def test_processes_without_a_micro_batch_are_noted(processes: int, micro_batches: int, rows: int, note: str) -> None:
    trainer: Any = SimpleNamespace(
        train=SimpleNamespace(plan=lambda seed, epoch: [np.arange(1), np.arange(rows)]),
        seed=1,
        replicas=SimpleNamespace(micro_batches=micro_batches),
        processes=SimpleNamespace(size=processes),
    )
    notes: list[str] = []
    api._check_work(trainer, notes.append)
    assert len(notes) == bool(note)
    assert "".join(notes).startswith(note)


@given(st.integers(1, 9), st.integers(0, 40))
def test_every_micro_batch_is_in_one_process(size: int, number: int) -> None:
    parts = [ProcessGroup(Place(rank, size)).part(number) for rank in range(size)]
    assert [place for part in parts for place in part] == list(range(number))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_places_are_read_from_torchrun_and_slurm() -> None:
    assert Place.read({}) == Place()
    assert Place.read({"SLURM_JOB_ID": "7", "SLURM_PROCID": "0"}) == Place()  # in a batch script, not in its steps
    torchrun = {"RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}
    assert Place.read(torchrun) == Place(3, 8, 1, 2)
    assert Place.read({**torchrun, "TORCHELASTIC_RESTART_COUNT": "2"}) == Place(3, 8, 1, 2, 2)
    slurm = {"SLURM_PROCID": "5", "SLURM_STEP_NUM_TASKS": "6", "SLURM_LOCALID": "1"}
    assert Place.read({**slurm, "SLURM_STEP_TASKS_PER_NODE": "2(x3)"}) == Place(5, 6, 1, 2)


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"RANK": "x", "WORLD_SIZE": "2"}, "expected numbers in the variables of a launcher, found RANK=x"),
        ({"RANK": "2", "WORLD_SIZE": "2"}, "RANK=2 is no rank of WORLD_SIZE=2 processes"),
        ({"SLURM_STEP_NUM_TASKS": "many", "SLURM_PROCID": "0"}, "expected numbers"),
    ],
)
def test_variables_of_a_launcher_that_make_no_sense(variables: dict[str, str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        Place.read(variables)


@pytest.mark.parametrize(
    ("nodes", "number", "host"),
    [("gpu[03-05,7]", "4", "gpu03"), ("a1,b2", "2", "a1"), ("a1", "1", "127.0.0.1"), ("", "2", "127.0.0.1")],
)
def test_the_address_of_the_first_process_under_slurm(
    nodes: str, number: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    given_ = {"SLURM_STEP_NODELIST": nodes, "SLURM_STEP_NUM_NODES": number, "SLURM_JOB_ID": "20007"}
    assert set_slurm_address(given_) == (host, "20007")


def test_each_process_has_a_device_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqnlp.nn.device.available_devices", lambda: ["cpu", "cuda:0", "cuda:1"])
    assert find_own_device("cpu", "training.device", 1, 4) == torch.device("cpu")
    assert find_own_device("cuda", "training.device", 1, 4) == torch.device("cuda:1")
    assert find_own_device("cuda:0", "training.device", 0, 1) == torch.device("cuda:0")
    with pytest.raises(UsageError, match=r"training.device = cuda:2: "):
        find_own_device("cuda", "training.device", 2, 3)


@pytest.mark.parametrize("name", ["cuda:0", "mps"])
def test_one_device_is_not_for_several_processes(name: str) -> None:
    with pytest.raises(UsageError, match=f"training.device = {name}: "):
        find_own_device(name, "training.device", 0, 2)
