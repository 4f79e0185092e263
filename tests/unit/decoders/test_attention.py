import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from seqnlp.decoders import Attention, AttentionDecoder
from seqnlp.decoders.attention import AttentionDecoderSteps
from seqnlp.encoders import Lstm
from seqnlp.nn import States
from seqnlp.nn.beam_search import BEGIN, END, PADDING, Search

WIDTH, TOKENS = 8, 12
PAIRS = [
    ("additive", "last", "lstm", 1, False, 2),
    ("additive", "mean", "gru", 3, True, 1),
    ("additive", "none", "min_gru", 2, False, 1),
    ("additive", "last", "mogrifier", 3, True, 2),
    ("dot", "last", "gru", 2, False, 1),
    ("dot", "mean", "lstm", 3, True, 2),
    ("dot", "none", "mogrifier", 1, False, 1),
    ("dot", "mean", "min_gru", 1, True, 2),
    ("general", "none", "lstm", 2, True, 1),
    ("general", "none", "gru", 1, True, 2),
    ("general", "last", "min_gru", 3, False, 2),
    ("general", "mean", "mogrifier", 2, False, 2),
    ("general", "last", "rnn", 2, True, 1),
]
"""Each value of a setting beside each value of every other one, or nearly so."""
EVERY = pytest.mark.parametrize(
    "spec",
    [
        pytest.param(
            Attention.model_validate(
                {"attention": kind, "bridge": bridge, "cell": cell, "layers": layers, "input_feeding": feeding}
                | {"heads": heads, "size": 8, "embedding_size": 6}
            ),
            id=f"{kind}-{bridge}-{cell}-{layers}-{feeding}-{heads}",
        )
        for kind, bridge, cell, layers, feeding, heads in PAIRS
    ],
)
FEW = settings(max_examples=settings().max_examples // 2)
LENGTHS = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 4)), min_size=1, max_size=4)
PARALLEL = Attention(size=8, embedding_size=6, layers=2)
FEEDING = Attention(size=8, embedding_size=6, layers=2, input_feeding=True)


def build(spec: Attention, shared: Tensor | None = None) -> AttentionDecoder:
    """With weights large enough for every part to matter."""
    torch.manual_seed(2)
    decoder = spec.build(WIDTH, TOKENS, shared).double().eval()
    for parameter in decoder.parameters():
        nn.init.normal_(parameter, std=0.5)
    return decoder


def states(lengths: list[int], padding: float = 0.0) -> States:
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    outputs = torch.randn(*mask.shape, WIDTH, dtype=torch.float64)
    return States(outputs.masked_fill(~mask.unsqueeze(-1), padding), mask)


def targets(lengths: list[int]) -> Tensor:
    rows = [[BEGIN, *torch.randint(3, TOKENS, (length,)).tolist(), END] for length in lengths]
    longest = max(map(len, rows))
    return torch.tensor([row + [PADDING] * (longest - len(row)) for row in rows])


@EVERY
def test_step_by_step_as_all_at_once(spec: Attention) -> None:
    decoder = build(spec)
    encoded, target = states([4, 1, 5]), targets([3, 5, 0])
    at_once = decoder.nats(encoded, target)
    with torch.inference_mode():
        state = AttentionDecoderSteps(decoder, encoded)
        for step in range(target.shape[1] - 1):
            logs, attention = state.step(target[:, step])
            gold = target[:, step + 1]
            expected = torch.where(gold == PADDING, 0, -logs.gather(1, gold[:, None])[:, 0])
            torch.testing.assert_close(at_once[:, step], expected)
            torch.testing.assert_close(logs.exp().sum(1), torch.ones(3, dtype=torch.float64))
            torch.testing.assert_close(attention.sum(1), torch.ones(3, dtype=torch.float64))
            assert (attention[~encoded.mask] == 0).all()
    assert decoder.loss(encoded, target).total.item() == pytest.approx(at_once.sum().item())
    assert decoder.loss(encoded, target).items == 4 + 6 + 1


@pytest.mark.parametrize("spec", [PARALLEL, FEEDING], ids=["parallel", "feeding"])
@FEW
@given(lengths=LENGTHS, seed=st.integers(0, 30))
def test_padding_never_changes_a_loss(spec: Attention, lengths: list[tuple[int, int]], seed: int) -> None:
    decoder = build(spec)
    torch.manual_seed(seed)
    encoded, target = states([length for length, _ in lengths], float("nan")), targets([words for _, words in lengths])
    together = decoder.nats(encoded, target)
    for row, (length, words) in enumerate(lengths):
        alone = States(encoded.outputs[row : row + 1, :length], encoded.mask[row : row + 1, :length])
        torch.testing.assert_close(
            decoder.nats(alone, target[row : row + 1, : words + 2])[0], together[row, : words + 1]
        )
        assert (together[row, words + 1 :] == 0).all()


@EVERY
def test_hypotheses_of_a_sentence_share_its_source(spec: Attention) -> None:
    decoder, encoded = build(spec), states([4, 2, 5])
    rows = torch.tensor([0, 2, 2, 2])  # the second sentence has ended; the last has three hypotheses
    tokens = torch.tensor([4, 5, 6, 5])
    with torch.inference_mode():
        shared = AttentionDecoderSteps(decoder, encoded)
        shared.step(torch.full((3,), BEGIN))
        shared.keep(rows)
        assert len(shared.layers.source.keys) == 2
        copies = AttentionDecoderSteps(decoder, States(encoded.outputs[rows], encoded.mask[rows]))
        copies.step(torch.full((4,), BEGIN))
        for found, expected in zip(shared.step(tokens), copies.step(tokens), strict=True):
            torch.testing.assert_close(found, expected)
        shared.keep(torch.arange(1, 4))
        again, everything = shared.step(tokens[1:]), copies.step(tokens)
        torch.testing.assert_close(again[0], everything[0][1:])


@pytest.mark.parametrize(
    ("kind", "feeding"),
    [
        ("additive", True),
        ("dot", False),
        ("general", True),
        pytest.param("additive", False, marks=pytest.mark.slow),
        pytest.param("dot", True, marks=pytest.mark.slow),
        pytest.param("general", False, marks=pytest.mark.slow),
    ],
)
def test_gradients(kind: str, feeding: bool) -> None:
    spec = Attention.model_validate(
        {"attention": kind, "size": 4, "embedding_size": 3, "layers": 2, "label_smoothing": 0.1, "dropout": 0.0}
        | {"input_feeding": feeding}
    )
    torch.manual_seed(1)
    decoder = spec.build(4, 6).double().train()
    mask = torch.tensor([[True, True, True], [True, False, False]])
    outputs = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    target = torch.tensor([[BEGIN, 3, 4, END], [BEGIN, END, 0, 0]])
    tensors = [outputs, *decoder.parameters()]
    ours = torch.autograd.grad(decoder.loss(States(outputs, mask), target).total, tensors)
    for tensor, slope in zip(tensors, ours, strict=True):
        flat = tensor.detach().view(-1)
        for place in range(0, len(flat), max(1, len(flat) // 3)):
            kept, sides = flat[place].item(), []
            for step in 1e-5, -1e-5:
                flat[place] = kept + step
                sides.append(decoder.loss(States(outputs, mask), target).total.item())
            flat[place] = kept
            assert slope.reshape(-1)[place].item() == pytest.approx((sides[0] - sides[1]) / 2e-5, abs=1e-6, rel=1e-5)


def test_smoothing_is_for_training_alone() -> None:
    spec = PARALLEL.model_copy(update={"label_smoothing": 0.3, "dropout": 0.0})
    decoder, encoded, target = build(spec), states([3]), targets([4])
    plain = decoder.loss(encoded, target).total.item()
    assert plain == pytest.approx(decoder.nats(encoded, target).sum().item())
    even, state = 0.0, AttentionDecoderSteps(decoder, encoded)
    for token in target[:, :-1].T:
        logs, _ = state.step(token)
        even -= logs.mean().item()
    assert decoder.train().loss(encoded, target).total.item() == pytest.approx(0.7 * plain + 0.3 * even)


@pytest.mark.parametrize("spec", [PARALLEL, FEEDING], ids=["parallel", "feeding"])
def test_one_batch_is_learned_and_found_again(spec: Attention) -> None:
    torch.manual_seed(4)
    encoder = Lstm(size=8).build(8)
    table = nn.Embedding(TOKENS, 8)
    sizes = {"size": 24, "dropout": 0.0, "layers": spec.layers, "input_feeding": spec.input_feeding}
    decoder = Attention.model_validate({**sizes, "embedding_size": 8}).build(16, TOKENS)
    source = torch.tensor([[3, 4, 5, 6], [7, 8, 9, 0], [4, 6, 0, 0]])
    mask = source != 0
    target = torch.tensor([[BEGIN, 6, 5, 4, 3, END], [BEGIN, 9, 8, 7, END, 0], [BEGIN, 6, 4, END, 0, 0]])
    modules = nn.ModuleList([encoder, table, decoder])
    optimizer = torch.optim.Adam(modules.parameters(), lr=0.03)
    for _ in range(70):
        optimizer.zero_grad()
        loss = decoder.loss(encoder(table(source), mask), target)
        loss.mean.backward()
        optimizer.step()
    assert loss.mean.item() < 0.05
    modules.eval()
    with torch.no_grad():
        encoded = encoder(table(source), mask)
        for beam in 1, 4, TOKENS + 5:  # also a beam wider than the vocabulary
            found = AttentionDecoder.search([(decoder, encoded)], Search(beam=beam))
            assert [each[0].tokens for each in found] == [[6, 5, 4, 3], [9, 8, 7], [6, 4]]
        assert [each[0].tokens for each in decoder.predict(encoded)] == [[6, 5, 4, 3], [9, 8, 7], [6, 4]]
        assert found[0][0].logprob == pytest.approx(-decoder.nats(encoded, target)[0].sum().item(), abs=1e-4)


@pytest.mark.parametrize("spec", [PARALLEL, FEEDING], ids=["parallel", "feeding"])
@FEW
@given(lengths=st.lists(st.integers(1, 5), min_size=2, max_size=4), beam=st.integers(1, 4), seed=st.integers(0, 30))
def test_a_sentence_is_translated_alone_as_in_a_batch(
    spec: Attention, lengths: list[int], beam: int, seed: int
) -> None:
    decoder = build(spec)
    torch.manual_seed(seed)
    encoded, how = states(lengths), Search(beam=beam, n_best=beam, max_ratio=1.0, max_extra=2)
    for row, together in enumerate(AttentionDecoder.search([(decoder, encoded)], how)):
        single = States(encoded.outputs[row : row + 1, : lengths[row]], encoded.mask[row : row + 1, : lengths[row]])
        (alone,) = AttentionDecoder.search([(decoder, single)], how)
        assert [each.tokens for each in alone] == [each.tokens for each in together]
        for one, other in zip(alone, together, strict=True):
            assert one.score == pytest.approx(other.score)
            torch.testing.assert_close(torch.from_numpy(one.attention), torch.from_numpy(other.attention))


def test_dropout_is_drawn_anew_and_only_while_training() -> None:
    for spec in PARALLEL, FEEDING:
        decoder = build(spec)
        encoded, target = states([3, 2]), targets([2, 4])
        assert decoder.loss(encoded, target).total == decoder.loss(encoded, target).total
        decoder.train()
        assert decoder.loss(encoded, target).total != decoder.loss(encoded, target).total


def test_tables_are_shared_as_asked() -> None:
    table = nn.Parameter(torch.randn(TOKENS, 6))
    decoder = PARALLEL.build(WIDTH, TOKENS, table)
    assert decoder.embedding.weight is table
    assert decoder.output.weight is table
    untied = PARALLEL.model_copy(update={"tied": False}).build(WIDTH, TOKENS, table)
    assert untied.embedding.weight is table
    assert untied.output.weight.shape == (TOKENS, 8)


@pytest.mark.parametrize(
    ("settings", "width", "shared", "message"),
    [
        ({"attention": "dot", "size": 10}, 8, None, "size: dot compares vectors of one width: the encoder gives 8"),
        ({"heads": 3, "size": 9}, 8, None, "heads: 3 can't share out 9 features"),
        ({"embedding_size": 6}, 8, 5, "embedding_size: 6 features can't share a table of vectors with 5"),
    ],
)
def test_widths_that_do_not_fit(settings: dict[str, object], width: int, shared: int | None, message: str) -> None:
    table = None if shared is None else nn.Parameter(torch.randn(TOKENS, shared))
    with pytest.raises(ValueError, match=message):
        Attention.model_validate(settings).build(width, TOKENS, table)


@pytest.mark.bf16
def test_bfloat16_is_near() -> None:
    decoder = build(PARALLEL).float()
    encoded, target = states([3, 2]), targets([2, 4])
    given = States(encoded.outputs.float(), encoded.mask)
    exact = decoder.loss(given, target).total
    with torch.autocast("cpu", torch.bfloat16, cache_enabled=False):
        near = decoder.loss(given, target).total
    assert near.dtype == torch.float32
    assert near.item() == pytest.approx(exact.item(), rel=0.03)
