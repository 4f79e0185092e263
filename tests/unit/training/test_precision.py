import pytest
import torch

from seqnlp.errors import UsageError
from seqnlp.nn.device import CPU
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
    ("avx512", "amx", "expected"), [(False, False, "fp32"), (True, False, "bf16"), (False, True, "bf16")]
)
def test_auto_asks_the_processor(monkeypatch: pytest.MonkeyPatch, avx512: bool, amx: bool, expected: Precision) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    assert resolve("auto") == expected


def test_bf16_is_refused_where_the_processor_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqnlp.training.precision.has_bf16", lambda: False)
    with pytest.raises(UsageError, match=r"^training\.precision: this processor can't compute in bf16; expected"):
        resolve("bf16")
    assert for_scores("bf16") == "fp32", "a run from another machine can be scored"
    assert for_scores("fp32") == "fp32"
