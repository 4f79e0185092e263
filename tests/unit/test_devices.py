"""Names of devices, and what is said about one that is not there."""

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

import seqnlp
from seqnlp.cli.app import app
from seqnlp.devices import check_device_name, kind_of_device
from seqnlp.errors import OutOfMemory, RecipeError, UsageError
from seqnlp.nn.device import CPU, available_devices, find_device
from seqnlp.recipe import load_recipe
from seqnlp.tasks.registry import import_tasks

TAGGER = Path(__file__).parents[1] / "data/run_v2/tag"


def machine(monkeypatch: pytest.MonkeyPatch, gpus: int, apple: bool = False, version: str | None = "13.0") -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: apple)
    monkeypatch.setattr(torch.version, "cuda", version)


def test_auto_is_a_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, 2)
    assert find_device("auto") == find_device("cuda") == torch.device("cuda", 0)
    assert find_device("cuda:1") == torch.device("cuda", 1)
    assert find_device("cpu") == find_device(None) == CPU
    assert available_devices() == ["cpu", "cuda:0", "cuda:1"]
    machine(monkeypatch, 0, apple=True)
    assert find_device("auto") == CPU, "Apple's GPUs lack number formats and kernels: by name only"
    assert find_device("mps") == torch.device("mps", 0)


@pytest.mark.parametrize(
    ("name", "gpus", "version", "problem"),
    [
        ("cuda", 0, None, "this build of torch has no CUDA; available: auto, cpu"),
        ("cuda", 0, "13.0", "there is no such device; available: auto, cpu"),
        ("cuda:2", 2, "13.0", "there is no such device; available: auto, cpu, cuda:0, cuda:1"),
        ("mps", 1, "13.0", "there is no such device; available: auto, cpu, cuda:0"),
    ],
)
def test_a_device_that_is_not_there_is_told_with_those_that_are(
    monkeypatch: pytest.MonkeyPatch, name: str, gpus: int, version: str | None, problem: str
) -> None:
    machine(monkeypatch, gpus, version=version)
    with pytest.raises(UsageError) as raised:
        find_device(name, "training.device")
    assert str(raised.value) == f"training.device = {name}: {problem}"


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cuda:-1", "CPU", "", "cuda:1234", "cpu:0"])
def test_names_of_no_device_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected auto, cpu, cuda, cuda:N or mps"):
        check_device_name(name)
    import_tasks()
    with pytest.raises(RecipeError, match=r"training\.device: expected auto, cpu, cuda, cuda:N or mps, found"):
        load_recipe("pos_gru", [f'training.device="{name}"'])
    found = CliRunner().invoke(app, ["tag", str(TAGGER), "--device", name])
    assert isinstance(found.exception, UsageError)
    assert str(found.exception).startswith("--device: expected auto, cpu, cuda, cuda:N or mps, found")


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 23.5 GiB of which",
            "there is not enough memory on the GPU: 2.00 GiB were asked for in one piece",
        ),
        (
            "MPS backend out of memory (MPS allocated: 5.05 GB). Tried to allocate 256 bytes on private pool.",
            "there is not enough memory on the GPU: 256 bytes were asked for in one piece",
        ),
        ("CUDA error: out of memory", "there is not enough memory on the GPU"),
        ("CUDA error: device-side assert triggered", None),
    ],
)
def test_want_of_memory_on_a_gpu_is_one_line(message: str, told: str | None) -> None:
    found = OutOfMemory.from_exception(RuntimeError(message))
    assert (None if found is None else str(found)) == told


def test_kinds() -> None:
    assert [kind_of_device(name) for name in ("cuda:1", "cuda", "cpu")] == ["cuda", "cuda", "cpu"]


def test_every_command_that_opens_a_model_takes_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, 0)
    monkeypatch.setattr("seqnlp.devices._chosen", [])
    uses = ["evaluate", "errors", "predict", "tag", "classify", "generate", "score", "forecast", "probe", "segment"]
    for command in [*uses, "translate", "transcribe", "annotate", "tui", "train", "search"]:
        text = CliRunner().invoke(app, [command, "--help"], terminal_width=200).output
        assert "--device" in text, command
    found = CliRunner().invoke(app, ["tag", str(TAGGER), "--device", "cuda:1"])
    assert str(found.exception) == "device = cuda:1: there is no such device; available: auto, cpu"


def test_a_run_says_what_it_can_not_be_opened_on(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, 0)
    with pytest.raises(UsageError, match=r"^device = cuda: there is no such device; available: auto, cpu$"):
        seqnlp.load(TAGGER, device="cuda")
    with pytest.raises(UsageError, match=r"^device = cuda: "):
        seqnlp.evaluate(TAGGER, "dev", device="cuda")
    assert seqnlp.load(TAGGER, device="auto").model.device == CPU
