"""Tiny pretrained encoders with random weights, written as the hub's programs write large ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import (
    HubertConfig,
    HubertModel,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2Model,
    WavLMConfig,
    WavLMModel,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperModel,
)

SIZES: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "conv_dim": (8, 8),
    "conv_kernel": (10, 4),
    "conv_stride": (10, 8),
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
    "vocab_size": 8,
}
WHISPER: dict[str, Any] = {
    "vocab_size": 32,
    "num_mel_bins": 80,
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24,
    "decoder_ffn_dim": 24,
    "max_target_positions": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
}
KINDS: dict[str, Callable[..., tuple[Any, Any]]] = {
    "wav2vec2": lambda **more: (Wav2Vec2Model(Wav2Vec2Config(**SIZES, **more)), Wav2Vec2FeatureExtractor()),
    "hubert": lambda **more: (HubertModel(HubertConfig(**SIZES, **more)), Wav2Vec2FeatureExtractor()),
    "wavlm": lambda **more: (WavLMModel(WavLMConfig(**SIZES, **more)), Wav2Vec2FeatureExtractor()),
    "whisper": lambda **more: (WhisperModel(WhisperConfig(**WHISPER | more)), WhisperFeatureExtractor()),
}
"""Model and feature extractor of each kind: two layers, 16 values wide."""


def write_encoder(kind: str, folder: Path, **settings: object) -> Path:
    torch.manual_seed(0)
    for part in KINDS[kind](**settings):
        part.save_pretrained(folder)
    return folder
