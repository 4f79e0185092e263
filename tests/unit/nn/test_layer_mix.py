"""Learned mixes of layers: one computation, in modules whose weights have the names that saved runs have."""

import torch

from seqnlp.embeddings.transformer import TransformerEmbedder
from seqnlp.nn.layer_mix import mix_layers
from seqnlp.tasks.lm.embedding import LayerMix


def test_the_mix_is_a_weighted_mean_and_scaled() -> None:
    states, logits, scale = torch.randn(2, 3, 4, 5), torch.randn(4), torch.tensor(1.5)
    weights = torch.exp(logits) / torch.exp(logits).sum()
    expected = sum(1.5 * weights[layer] * states[:, :, layer] for layer in range(4))
    torch.testing.assert_close(mix_layers(states, logits, scale), expected)
    torch.testing.assert_close(mix_layers(states[:, :, :1], None, scale), 1.5 * states[:, :, 0])


def test_it_begins_as_the_plain_mean_in_both_embeddings() -> None:
    states = torch.randn(2, 3, 4, 5)
    torch.testing.assert_close(LayerMix(4, 5)(states.flatten(2)), states.mean(2))
    torch.testing.assert_close(LayerMix(1, 20)(states.flatten(2)), states.flatten(2))


def test_weights_have_the_names_of_saved_runs() -> None:
    assert list(LayerMix(2, 5).state_dict()) == ["logits", "scale"]
    assert list(LayerMix(1, 5).state_dict()) == []
    assert list(TransformerEmbedder(2, 5, None, None).state_dict()) == ["weights", "scale"]
    assert list(TransformerEmbedder(1, 5, None, None).state_dict()) == ["scale"]
