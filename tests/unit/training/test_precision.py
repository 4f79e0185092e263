import pytest
import torch

from seqnlp.errors import UsageError
from seqnlp.nn.device import CPU, has_bf16
from seqnlp.training.precision import Precision, computing_in, for_scores, resolve


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), pytest.param("bf16", torch.bfloat16, marks=pytest.mark.bf16)]
)
def test_products_are_computed_in_it(precision: Precision, dtype: torch.dtype) -> None:
    matrix = torch.ones(2, 2)
    with computing_in(precision, CPU):
        assert (matrix @ matrix).dtype == dtype
    assert (matrix @ matrix).dtype == torch.float32
    assert resolve(precision) == precision


@pytest.mark.parametrize(
    ("available", "allowed", "avx512", "amx", "expected"),
    [
        (True, True, True, False, True),
        (True, True, False, True, True),
        (True, True, False, False, False),  # plain AVX-512: oneDNN would imitate it
        (True, False, True, True, False),  # ONEDNN_MAX_CPU_ISA=AVX2 on a processor that has it
        (False, True, True, True, False),
    ],
)
def test_has_bf16_takes_instructions_that_onednn_may_use(
    monkeypatch: pytest.MonkeyPatch, available: bool, allowed: bool, avx512: bool, amx: bool, expected: bool
) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: available)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: allowed, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    assert has_bf16() is expected


def test_auto_is_bf16_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqnlp.training.precision.has_bf16", lambda device: True)
    assert resolve("auto") == resolve("bf16") == for_scores("bf16") == for_scores("auto") == "bf16"
    assert resolve("fp32") == for_scores("fp32") == "fp32"


@pytest.mark.parametrize("amx", [True, False])
def test_auto_is_fp32_for_carried_states_on_amx(monkeypatch: pytest.MonkeyPatch, amx: bool) -> None:
    monkeypatch.setattr("seqnlp.training.precision.has_bf16", lambda device: True)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    assert resolve("auto", carries_state=True) == ("fp32" if amx else "bf16")
    assert resolve("auto") == resolve("bf16", carries_state=True) == "bf16"


def test_bf16_is_refused_where_the_processor_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqnlp.training.precision.has_bf16", lambda device: False)
    with pytest.raises(UsageError, match=r"^training\.precision: this processor can't compute in bf16; expected"):
        resolve("bf16")
    assert resolve("auto") == resolve("fp32") == "fp32"
    assert for_scores("bf16") == "fp32", "a run from another machine can be scored"
    assert for_scores("fp32") == "fp32"
