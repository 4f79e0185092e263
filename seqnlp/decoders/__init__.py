"""Decoders make of encoded steps what the task asks for."""

from seqnlp.decoders.base import DecoderModule, Loss
from seqnlp.decoders.tags import Linear, TagDecoder, Tags

__all__ = ["DecoderModule", "Linear", "Loss", "TagDecoder", "Tags"]
