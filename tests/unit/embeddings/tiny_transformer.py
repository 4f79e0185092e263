"""A tiny transformer with random weights, as a folder of the Hugging Face Hub."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

TEXTS = ["the cat sat on the unbelievable mat .", "a dog and the cats were singing in New York !"] * 3
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def wordpiece() -> Tokenizer:
    """A WordPiece tokenizer, trained on `TEXTS`."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(TEXTS, trainers.WordPieceTrainer(vocab_size=60, special_tokens=SPECIAL))
    end, start = SPECIAL.index("[SEP]"), SPECIAL.index("[CLS]")
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", end), ("[CLS]", start))
    return tokenizer


def make_transformer(folder: Path, seed: int = 1, kind: str = "Bert", **config: Any) -> Path:
    """Save a transformer of two layers and 16 features, which reads 32 pieces at once."""
    import transformers

    tokenizer = wordpiece()
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)
    fast.save_pretrained(folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    settings = {"vocab_size": tokenizer.get_vocab_size(), "max_position_embeddings": 32, **sizes, **config}
    torch.manual_seed(seed)
    given = {key: value for key, value in settings.items() if value is not None}
    getattr(transformers, f"{kind}Model")(getattr(transformers, f"{kind}Config")(**given)).save_pretrained(folder)
    return folder
