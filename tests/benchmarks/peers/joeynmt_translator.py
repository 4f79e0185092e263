"""JoeyNMT's recurrent model: a BiLSTM of 320 units, an LSTM of 448 with Luong's attention and input feeding.

Byte-pair encoding of 8,000 pieces of both languages, tied embeddings of 256, batches of 64 pairs, Adam at 1e-3. The
score is BLEU of greedy translations, on words as the corpus has split them.
"""

import argparse
import json
import signal
import time
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from joeynmt.config import parse_global_args
from joeynmt.helpers import set_seed
from joeynmt.prediction import predict, prepare
from joeynmt.training import TrainManager

SOURCE, TARGET = "en", "de"


def settings(options: argparse.Namespace, pieces: Path) -> dict[str, Any]:
    side = {
        "max_length": 60,
        "level": "bpe",
        "tokenizer_type": "sentencepiece",
        "tokenizer_cfg": {"model_file": str(pieces)},
        "voc_file": str(pieces.with_suffix(".txt")),
    }
    layers = {"rnn_type": "lstm", "num_layers": 1}
    return {
        "name": "multi30k",
        "joeynmt_version": "2.3.0",
        "model_dir": str(options.out),
        "use_cuda": False,
        "random_seed": 1,
        "data": {
            "train": str(options.train),
            "dev": str(options.test),
            "test": str(options.test),
            "dataset_type": "plain",
            "src": {"lang": SOURCE, **side},
            "trg": {"lang": TARGET, **side},
        },
        "training": {
            "optimizer": "adam",
            "learning_rate": 1e-3,
            "scheduling": "exponential",  # there must be one; this one keeps the rate
            "decrease_factor": 1.0,
            "label_smoothing": 0.1,
            "clip_grad_norm": 1.0,
            "normalization": "tokens",
            "batch_size": 64,
            "batch_type": "sentence",
            "epochs": 10_000,
            "validation_freq": 1_000_000,
            "logging_freq": 1_000,
        },
        "testing": {
            "batch_size": 64,
            "batch_type": "sentence",
            "min_output_length": 3,  # it refuses translations without any letters
            "max_output_length": 60,
            "eval_metrics": ["bleu"],
            "sacrebleu_cfg": {"tokenize": "none"},
        },
        "model": {
            "tied_embeddings": True,
            "encoder": {
                **layers, "type": "recurrent", "hidden_size": 320, "bidirectional": True, "dropout": 0.3,
                "embeddings": {"embedding_dim": 256},
            },
            "decoder": {
                **layers, "type": "recurrent", "hidden_size": 448, "attention": "luong", "input_feeding": True,
                "init_hidden": "bridge", "dropout": 0.3, "hidden_dropout": 0.3,
                "embeddings": {"embedding_dim": 256},
            },
        },
    }  # fmt: skip


def learn_pieces(train: Path, folder: Path) -> Path:
    """The model of sentencepiece and, beside it, the vocabulary that JoeyNMT reads."""
    sentencepiece.SentencePieceTrainer.train(
        input=[f"{train}.{SOURCE}", f"{train}.{TARGET}"],
        model_prefix=str(folder / "pieces"),
        model_type="bpe",
        vocab_size=8000,
        character_coverage=1.0,
        minloglevel=2,
    )
    learned = sentencepiece.SentencePieceProcessor(model_file=str(folder / "pieces.model"))
    pieces = [learned.id_to_piece(number) for number in range(learned.get_piece_size())]
    special = ["<unk>", "<s>", "</s>"]
    (folder / "pieces.txt").write_text("\n".join(piece for piece in pieces if piece not in special) + "\n")
    return folder / "pieces.model"


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt  # as if a user stopped it: JoeyNMT then ends in good order


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path, help="beginning of the names of the two files")
    parser.add_argument("test", type=Path)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True, help="a folder")
    options = parser.parse_args()
    subwords = options.out / "subwords"  # JoeyNMT copies it into its own folder
    subwords.mkdir(parents=True)
    args = parse_global_args(settings(options, learn_pieces(options.train, subwords)), mode="train")
    set_seed(1)
    model, train, dev, test = prepare(args, rank=0, mode="train")
    device = torch.device("cpu")
    manager = TrainManager(
        0, model, args.model_dir, device, autocast=args.autocast, train_args=args.train, dev_args=args.test
    )
    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, options.seconds)
    begun = time.perf_counter()
    manager.train_and_validate(train, dev)
    seconds = time.perf_counter() - begun
    scores = predict(model, test, device, 0, args=args.test, autocast=args.autocast)[0]
    print(json.dumps({"items": manager.stats.total_tokens, "seconds": seconds, "score": scores["bleu"]}))


if __name__ == "__main__":
    main()
