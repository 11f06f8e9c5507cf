"""A network that begins with the encoder of a published Whisper, and is tuned from there."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ser.errors import InputError
from ser.front_ends.whisper_log_mel import END
from ser.models.blocks import Shapes, SourceNorm
from ser.params import WhisperParams
from ser.published import WHISPER_PREFIXES, read_tensors

HEAD_WIDTH = 64
"""Values that one head of attention has, in every Whisper."""


class Network(nn.Module):
    """Whisper's encoder up to some layer; a learned mean of its layers; mean and deviation over time; linear.

    The encoder hears the clip alone: what is behind a signal's end takes no part in convolution, attention and mean, so
    that a clip gives the same in any duration that holds it.

    Args:
        n_classes: number of emotions.
        shapes: of array ``whisper_log_mel``, (n_mels, n_frames).
        settings: ``encoder`` gives the weights that training starts from, the network's own are random; ``width`` and
            ``layers`` are of the encoder, as far as it is used; ``tuned_layers``: how many of these learn, from the
            last; ``encoder_rate``: the share of the learning rate at which they do; ``dropout``: share of values
            dropped before the linear layer.

    Source:
        Radford et al., "Robust speech recognition via large-scale weak supervision", 2022. Layers weighted as in
        Yang et al., "SUPERB", Interspeech 2021.
    """

    standardises_input = True

    def __init__(self, n_classes: int, shapes: Shapes, settings: WhisperParams) -> None:
        super().__init__()
        ((n_mels, n_frames),) = shapes
        width = settings.width
        self.settings = settings
        self.encoder = _Encoder(n_mels, n_frames, width, settings.layers)
        self.layer_logits = nn.Parameter(torch.zeros(1 + settings.layers))
        self.norm = SourceNorm(2 * width)
        self.dropout = nn.Dropout(settings.dropout)
        self.linear = nn.Linear(2 * width, n_classes)
        self.encoder.requires_grad_(False)
        for layer in list(self.encoder.layers)[settings.layers - settings.tuned_layers :]:
            layer.requires_grad_(True)

    def load_initial_weights(self) -> None:
        """Begin with the encoder's published weights.

        Raises:
            InputError: the encoder cannot be had, is no Whisper, or has another width or fewer layers.
        """
        own = {name: tensor for name, tensor in self.encoder.state_dict().items() if name != "positions"}
        published = read_tensors(self.settings.encoder, own, WHISPER_PREFIXES)
        for name, tensor in own.items():
            if name not in published or published[name].shape != tensor.shape:
                found = f"shape {[*published[name].shape]}" if name in published else "none"
                raise InputError(
                    f"train.network.whisper.encoder: {self.settings.encoder}: expected a Whisper whose {name} has shape"
                    f" {[*tensor.shape]}, found {found}; see width, layers and n_mels"
                )
        self.encoder.load_state_dict({name: tensor.float() for name, tensor in published.items()}, strict=False)

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """The encoder's weights, which learn at ``encoder_rate`` of the learning rate, and all others."""
        encoder = list(self.encoder.parameters())
        others = [weights for name, weights in self.named_parameters() if not name.startswith("encoder.")]
        return [
            {"params": encoder, "lr": self.settings.encoder_rate * learning_rate},
            {"params": others, "lr": learning_rate},
        ]

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        """Map (batch, n_mels, n_frames) to logits (batch, n_classes)."""
        if self.training:  # nothing is behind the end of the longest; a network in use has the one length of its file
            mel = mel[:, :, : int((mel[:, 0] > END).sum(dim=1).amax())]
        layers, heard = self.encoder(mel)
        mixed = torch.einsum("l,lbtw->btw", self.layer_logits.softmax(dim=0), layers)
        count = heard.sum(dim=1)
        mean = (mixed * heard).sum(dim=1) / count
        variance = ((mixed - mean[:, None]) ** 2 * heard).sum(dim=1) / count
        pooled = torch.cat([mean, variance.clamp(min=1e-6).sqrt()], dim=1)
        logits: torch.Tensor = self.linear(self.dropout(self.norm(pooled)))
        return logits


class _Encoder(nn.Module):
    """Two convolutions, positions, layers; the names of the weights are those of `transformers`."""

    positions: torch.Tensor

    def __init__(self, n_mels: int, n_frames: int, width: int, n_layers: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(n_mels, width, kernel_size=3, padding=1)
        self.conv2 = nn.Conv1d(width, width, kernel_size=3, stride=2, padding=1)
        self.layers = nn.ModuleList(_Layer(width) for _ in range(n_layers))
        self.register_buffer("positions", _sinusoids((n_frames + 1) // 2, width))

    def forward(self, mel: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Map a spectrogram (batch, n_mels, n_frames) to states and what of them is heard.

        Returns:
            States before the first layer and behind each, (1 + n_layers, batch, n_steps, width), of 20 ms; and 1.0 for
            steps of the signal, 0.0 for those behind its end, (batch, n_steps, 1).
        """
        heard = (mel[:, :1] > END).to(mel.dtype)  # (batch, 1, n_frames)
        found = functional.gelu(self.conv1(mel * heard)) * heard
        steps = functional.gelu(self.conv2(found)).transpose(1, 2)  # (batch, n_steps, width)
        state = steps + self.positions[: steps.shape[1]]
        heard = heard[:, :, ::2]
        hidden = (heard[:, None] - 1) * 1e4  # (batch, 1, 1, n_steps), added before a softmax
        states = [state]
        for layer in self.layers:
            state = layer(state, hidden)
            states.append(state)
        return torch.stack(states), heard.transpose(1, 2)


class _Layer(nn.Module):
    """Attention to all steps, and two dense layers, each beside a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.self_attn = _Attention(width)
        self.self_attn_layer_norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, state: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        state = state + self.self_attn(self.self_attn_layer_norm(state), hidden)
        added: torch.Tensor = state + self.fc2(functional.gelu(self.fc1(self.final_layer_norm(state))))
        return added


class _Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.n_heads = width // HEAD_WIDTH
        self.k_proj = nn.Linear(width, width, bias=False)
        self.v_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, state: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        query = self._heads(self.q_proj(state) * HEAD_WIDTH**-0.5)
        key, value = self._heads(self.k_proj(state)), self._heads(self.v_proj(state))
        weights = (query @ key.transpose(2, 3) + hidden).softmax(dim=3)  # (batch, n_heads, n_steps, n_steps)
        mixed: torch.Tensor = self.out_proj((weights @ value).transpose(1, 2).flatten(2))
        return mixed

    def _heads(self, values: torch.Tensor) -> torch.Tensor:
        """(batch, n_steps, width) as (batch, n_heads, n_steps, HEAD_WIDTH)."""
        return values.view(values.shape[0], -1, self.n_heads, HEAD_WIDTH).transpose(1, 2)


def _sinusoids(n_steps: int, width: int) -> torch.Tensor:
    """Whisper's positions, shape (n_steps, width)."""
    rates = torch.exp(torch.arange(width // 2) * (-torch.log(torch.tensor(10_000.0)) / (width // 2 - 1)))
    angles = torch.arange(n_steps)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)
