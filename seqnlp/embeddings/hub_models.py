"""Pretrained transformers of the Hugging Face Hub or a local folder: safetensors only, and no remote code."""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from seqnlp.codecs.pieces import PieceTokenizer
from seqnlp.codecs.text import Origin
from seqnlp.embeddings.base import PathResolver
from seqnlp.errors import DataError, SeqnlpError, UsageError
from seqnlp.nn.device import to_numpy

PATIENCE = 10
"""Timeout of the Hub's first answer, in seconds."""

WINDOW = 512
"""Pieces of a window, special ones included, where neither network nor tokenizer has a limit."""

UNLIMITED = 1_000_000
"""Limits of tokenizers above this mean that there is none."""

ATTENTION = ("eager", "sdpa")
"""Implementations of attention that are in torch. All others are packages or kernels, code of the Hub."""

NO_CODE = {"trust_remote_code": False}
"""Argument of all loading: without it, `transformers` would ask on the terminal."""

LOADING = {"dtype": torch.float32, "ignore_mismatched_sizes": True, "output_loading_info": True}
"""Arguments of `from_pretrained`: weights that do not fit are told, see `_misfit`."""


@dataclass(frozen=True)
class HubModel:
    """A transformer with its tokenizer and provenance."""

    config: dict[str, Any]
    """Content of its `config.json`."""
    tokenizer: PieceTokenizer
    network: nn.Module
    layers: int
    """Number of its hidden states; the first is its own embedding."""
    window: int
    """Pieces of a window, special ones included."""
    origin: Origin


def load_model(name: str, revision: str | None, find: PathResolver) -> HubModel:
    """Load a transformer of a local folder, or else of the Hub.

    Raises:
        seqnlp.errors.UsageError: the package `transformers` is missing.
        seqnlp.errors.DataError: there is none, or no network; no fast tokenizer, no safetensors, code of its own,
            weights or a tokenizer that do not fit its configuration.
    """
    transformers = import_transformers()
    folder = _local_folder(name, find)
    if folder is not None and revision is not None:
        raise DataError("a folder has no revision", folder, hint="leave embedding.transformer.revision out")
    known = _Repository.local(folder) if folder is not None else _Repository.ask(name, revision)
    place = str(folder or name)
    arguments = known.arguments
    with _loading(place, known):
        config = transformers.AutoConfig.from_pretrained(place, **arguments)
        if config.is_encoder_decoder:
            raise DataError(f"{config.model_type} is an encoder-decoder; expected an encoder", place)
        _without_kernels(config)
        found = transformers.AutoTokenizer.from_pretrained(place, use_fast=True, **arguments)
        if not found.is_fast:
            raise DataError(
                f"{type(found).__name__} is no fast tokenizer, which tells the words of its pieces",
                place,
                hint="expected one with a tokenizer.json",
            )
        network, told = transformers.AutoModel.from_pretrained(
            place, config=config, use_safetensors=True, **LOADING, **arguments
        )
        network = _without_pooler(network).eval()
        if problem := _misfit(network, told):
            raise DataError(f"its weights do not fit its config.json: {problem}", place)
        tokenizer = PieceTokenizer(Tokenizer.from_str(found.backend_tokenizer.to_str()))
        rows = network.get_input_embeddings().num_embeddings
        if len(tokenizer) > rows:
            raise DataError(f"its tokenizer has {len(tokenizer):,} pieces, but the network embeds {rows:,}", place)
        with torch.inference_mode():
            probe = network(input_ids=torch.zeros(1, 1, dtype=torch.long), output_hidden_states=True)
        if not probe.hidden_states:
            raise DataError(f"{config.model_type} gives no hidden states", place)
        origin = Origin(known.title, _file_digest(place, arguments, network), known.license)
        window = _window(network, found.model_max_length)
    return HubModel(_plain(config), tokenizer, network, len(probe.hidden_states), window, origin)


def rebuild_network(config: Mapping[str, Any], weights: Mapping[str, Tensor] | None) -> nn.Module:
    """Build the network of a configuration; without weights they are random.

    Raises:
        seqnlp.errors.UsageError: the package `transformers` is missing.
        ValueError: weights of other names or shapes.
    """
    transformers = import_transformers()
    settings = {key: value for key, value in config.items() if key != "model_type"}
    with _quiet():
        built = _without_kernels(transformers.AutoConfig.for_model(config["model_type"], **settings))
        if weights is None:
            fresh: nn.Module = _without_pooler(transformers.AutoModel.from_config(built, **NO_CODE)).eval()
            return fresh
        with torch.device("meta"):
            kind = type(transformers.AutoModel.from_config(built, **NO_CODE))
        network, told = kind.from_pretrained(None, config=built, state_dict=dict(weights), **LOADING)
    rebuilt: nn.Module = _without_pooler(network)
    if problem := _misfit(rebuilt, told):
        raise ValueError(problem)
    return rebuilt.eval()


def arrays_of(network: nn.Module) -> dict[str, NDArray[Any]]:
    """Weights of a network by name."""
    return {name: to_numpy(tensor) for name, tensor in network.state_dict().items()}


def import_transformers() -> Any:
    """Import the package `transformers`, which an extra brings.

    Raises:
        seqnlp.errors.UsageError: it is missing.
    """
    try:
        import transformers
    except ModuleNotFoundError as error:
        raise UsageError(
            f'embedding.transformer needs the package {error.name}: pip install "seqnlp[transformers]"'
        ) from None
    return transformers


def is_path(name: str) -> bool:
    """Test for a path that is no name on the Hub."""
    return re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name) is None or name.startswith(".")


def _local_folder(name: str, find: PathResolver) -> Path | None:
    """Folder of that name; None if there is none, so that it is a name on the Hub.

    Raises:
        seqnlp.errors.DataError: a path that no name on the Hub looks like; a folder with something else.
    """
    try:
        folder = find(f"{name.rstrip('/')}/")
    except DataError:
        if is_path(name) or Path(name).exists():
            raise
        return None
    if not (folder / "config.json").is_file():
        raise DataError("it has no config.json; expected the folder of a transformer", folder)
    return folder


@dataclass(frozen=True)
class _Repository:
    """Description of a repository, before anything of it is loaded."""

    title: str
    license: str
    files: tuple[str, ...] | None
    """Names of its files; None if the Hub did not answer."""
    arguments: dict[str, Any]
    """Arguments of `from_pretrained`."""

    @classmethod
    def local(cls, folder: Path) -> "_Repository":
        """Describe a folder."""
        card = folder / "README.md"
        text = card.read_text("utf-8", "replace") if card.is_file() else ""
        files = tuple(sorted(file.name for file in folder.iterdir()))
        return cls(folder.resolve().name, _license(text), files, {**NO_CODE, "local_files_only": True})

    @classmethod
    def ask(cls, name: str, revision: str | None) -> "_Repository":
        """Ask the Hub about a repository; if it does not answer, only its cache is looked at."""
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError

        arguments = {**NO_CODE, "revision": revision or "main"}
        try:
            info = HfApi().model_info(name, revision=revision, timeout=PATIENCE)
        except (HfHubHTTPError, HFValidationError):  # `from_pretrained` will report it
            return cls(name, "", None, arguments)
        except Exception:  # any error of the libraries below
            return cls(name, "", None, {**arguments, "local_files_only": True})
        commit = info.sha or revision or "main"
        files = tuple(sorted(each.rfilename for each in info.siblings or []))
        license = "" if info.card_data is None else str(info.card_data.get("license") or "")
        return cls(f"{name}@{commit[:12]}", license, files, {**arguments, "revision": commit})


def _license(card: str) -> str:
    """Licence in the front matter of a model card; empty without one."""
    matter = re.match(r"---\s*\n(.*?)\n---", card, re.DOTALL)
    found = re.search(r"(?m)^license:[ \t]*[\"']?([^\s\"']+)", matter[1]) if matter else None
    return found[1] if found else ""


@contextmanager
def _loading(place: str, known: _Repository) -> Iterator[None]:
    """Convert errors of loading a model to a `DataError`."""
    try:
        with _quiet():
            yield
    except SeqnlpError:
        raise
    except Exception as error:  # each of the many libraries involved has its own errors
        message = " ".join(str(error).split()) or type(error).__name__
        files = known.files or ()
        hint = ""
        if "trust_remote_code" in message or "custom code" in message:
            message, hint = "it needs code of its own (remote code), which is not run", "take a model of transformers"
        elif files and not any(file.endswith(".safetensors") for file in files):
            pickles = [file for file in files if file.endswith((".bin", ".pt", ".pth", ".ckpt"))]
            found = f"; {pickles[0]} is a pickle, which could run code" if pickles else ""
            message = f"no weights in safetensors{found}"
        elif known.arguments.get("local_files_only") and "revision" in known.arguments:
            message = "there is no such folder, the Hub does not answer, and its cache has no such model"
        raise DataError(f"can't load the transformer: {message:.300}", place, hint=hint) from error


def _misfit(network: nn.Module, told: Mapping[str, Any]) -> str:
    """Describe the first weights that do not fit a network; empty if all do."""
    for name, found, expected in sorted(told["mismatched_keys"]):
        return f"{name!r} has the shape {tuple(found)}, expected {tuple(expected)}"
    missing = sorted(name for name in told["missing_keys"] if name in network.state_dict())
    return f"{missing[0]!r} is missing" if missing else ""


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence `transformers`; it then also asks no Hub to convert pickles."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    before = os.environ.get("DISABLE_SAFETENSORS_CONVERSION")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    os.environ["DISABLE_SAFETENSORS_CONVERSION"] = "1"
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
        if before is None:
            del os.environ["DISABLE_SAFETENSORS_CONVERSION"]
        else:
            os.environ["DISABLE_SAFETENSORS_CONVERSION"] = before


def _without_kernels(config: Any) -> Any:
    """Reset attention by kernels or other packages to that of torch."""
    if config._attn_implementation not in (None, *ATTENTION):
        config._attn_implementation = None
    for name in config.sub_configs:
        if (inner := getattr(config, name, None)) is not None:
            _without_kernels(inner)
    return config


def _without_pooler(network: Any) -> Any:
    """Take off the layer over the first piece: no state of a word passes it, and some weights lack it."""
    if isinstance(getattr(network, "pooler", None), nn.Module):
        network.pooler = None
    return network


def _window(network: Any, limit: int) -> int:
    """Pieces of a window: the smaller one of the limits of network and tokenizer."""
    positions = getattr(network.config, "max_position_embeddings", None) or UNLIMITED
    positions = UNLIMITED if positions < 0 else positions  # XLNet has no limit
    for module in network.modules():
        table = getattr(module, "position_embeddings", None)
        if isinstance(table, nn.Embedding):
            first = 0 if table.padding_idx is None else table.padding_idx + 1  # RoBERTa counts from there
            positions = min(positions, table.num_embeddings - first)
    found = min(positions, limit)
    return WINDOW if found >= UNLIMITED else int(found)


def _plain(config: Any) -> dict[str, Any]:
    """Configuration as JSON, without the place that it was loaded from."""
    found: dict[str, Any] = json.loads(config.to_json_string(use_diff=False))
    for key in ("_name_or_path", "auto_map", "dtype", "torch_dtype", "transformers_version"):
        found.pop(key, None)
    return found


def _file_digest(place: str, arguments: Mapping[str, Any], network: nn.Module) -> str:
    """SHA-256 of the file of weights, as the Hub shows it; of several files that of the weights themselves."""
    from transformers.utils import cached_file

    found = {key: value for key, value in arguments.items() if key != "trust_remote_code"}
    file = cached_file(place, "model.safetensors", _raise_exceptions_for_missing_entries=False, **found)
    if file is not None:
        with open(file, "rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    return weights_digest(network)


def weights_digest(network: nn.Module) -> str:
    """SHA-256 of the weights of a network, by name."""
    weights, digest = network.state_dict(), hashlib.sha256()
    for name in sorted(weights):
        array = to_numpy(weights[name].contiguous())
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
