import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import WhisperConfig, WhisperForConditionalGeneration, WhisperModel

from ser.errors import InputError
from ser.front_ends.whisper_log_mel import BEHIND_THE_END
from ser.models.whisper import Network, _sinusoids
from ser.params import WhisperParams
from tests.ser.front_ends.encoders import WHISPER, write_encoder

N_FRAMES = 60
SIZES = {"d_model": 128, "encoder_attention_heads": 2, "encoder_ffn_dim": 512, "encoder_layers": 3}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Whisper of three layers, 128 wide, with random weights."""
    folder = tmp_path_factory.mktemp("whisper")
    return write_encoder("whisper", folder, **SIZES)


def network(encoder: Path | str, **settings: object) -> Network:
    values = {
        "encoder": str(encoder),
        "width": 128,
        "layers": 3,
        "tuned_layers": 2,
        "encoder_rate": 0.5,
        "dropout": 0.0,
    }
    return Network(4, [(80, N_FRAMES)], WhisperParams.model_validate(values | settings))


def begun(encoder: Path | str, **settings: object) -> Network:
    made = network(encoder, **settings)
    made.load_initial_weights()
    return made.eval()


def spectrograms(*lengths: int) -> torch.Tensor:
    """Random, each as long as said, (n, 80, N_FRAMES)."""
    torch.manual_seed(0)
    mel = torch.rand(len(lengths), 80, N_FRAMES) * 2 - 1.4
    for row, length in enumerate(lengths):
        mel[row, :, length:] = BEHIND_THE_END
    return mel


@torch.inference_mode()
def test_the_states_are_those_of_the_published_encoder_which_hears_the_clip_alone(published: Path) -> None:
    states, heard = begun(published).encoder(spectrograms(60, 34))
    encoder = WhisperModel.from_pretrained(published).encoder.eval()
    for row, length in enumerate((60, 34)):
        n_steps = length // 2
        assert heard[row, :, 0].tolist() == [1.0] * n_steps + [0.0] * (30 - n_steps)
        encoder.embed_positions.num_embeddings = encoder.config.max_source_positions = n_steps
        expected = encoder(spectrograms(60, 34)[row : row + 1, :, :length], output_hidden_states=True).hidden_states
        for number in range(3):  # behind the last there is another normalisation
            torch.testing.assert_close(states[number, row, :n_steps], expected[number][0], rtol=1e-4, atol=1e-4)


def test_a_clip_gives_the_same_whatever_it_is_padded_to(published: Path) -> None:
    made, mel = begun(published), spectrograms(33, 60)
    short = Network(4, [(80, 33)], made.settings).eval()
    weights = made.state_dict() | {"encoder.positions": made.encoder.positions[:17]}
    short.load_state_dict(weights)
    torch.testing.assert_close(made(mel)[:1], short(mel[:1, :, :33]), rtol=1e-4, atol=1e-5)


def test_positions_are_those_that_are_published() -> None:
    config = WhisperConfig(**WHISPER | SIZES)
    expected = WhisperModel(config).encoder.embed_positions.weight
    torch.testing.assert_close(_sinusoids(1500, 128), expected, rtol=0, atol=1e-3)
    torch.testing.assert_close(_sinusoids(100, 128), expected[:100], rtol=0, atol=1e-5)


def test_only_the_last_layers_learn_and_at_a_rate_of_their_own(published: Path) -> None:
    made = begun(published).train()
    slow, others = made.parameter_groups(0.1)
    assert (slow["lr"], others["lr"]) == (0.05, 0.1)
    learn = {name for name, weights in made.named_parameters() if weights.requires_grad}
    assert {name.split(".")[2] for name in learn if name.startswith("encoder.layers")} == {"1", "2"}
    assert not any(name.startswith("encoder.conv") for name in learn)
    assert {"layer_logits", "linear.weight", "linear.bias"} <= learn
    before = {name: weights.clone() for name, weights in made.named_parameters()}
    optimizer = torch.optim.AdamW([slow, others])
    nn.functional.cross_entropy(made(spectrograms(60, 40, 20)), torch.tensor([0, 1, 2])).backward()
    optimizer.step()
    changed = {name for name, weights in made.named_parameters() if not torch.equal(weights, before[name])}
    assert changed == learn


def test_mean_and_deviation_are_of_what_is_heard(published: Path) -> None:
    made, mel = begun(published), spectrograms(60, 20)
    seen: list[torch.Tensor] = []
    made.norm.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    made(mel)
    states, _ = made.encoder(mel)
    mixed = states.mean(dim=0)  # at first, every layer weighs the same
    for row, n_steps in enumerate((30, 10)):
        deviation, mean = torch.std_mean(mixed[row, :n_steps], dim=0, correction=0)
        torch.testing.assert_close(seen[0][row], torch.cat([mean, deviation]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_weights_of_any_precision_are_computed_with_in_float32(
    published: Path, dtype: torch.dtype, tmp_path: Path
) -> None:
    expected = {name: tensor.to(dtype) for name, tensor in load_file(published / "model.safetensors").items()}
    save_file(expected, tmp_path / "model.safetensors")
    made = begun(tmp_path)
    assert {weights.dtype for weights in made.parameters()} == {torch.float32}
    torch.testing.assert_close(made.encoder.conv1.weight, expected["encoder.conv1.weight"].float())


@pytest.mark.parametrize("layers", [1, 3])
def test_a_checkpoint_in_parts_and_one_with_a_head_for_words_are_read(layers: int, tmp_path: Path) -> None:
    whole = WhisperForConditionalGeneration(WhisperConfig(**WHISPER | SIZES))
    whole.save_pretrained(tmp_path, max_shard_size="300KB")
    assert (tmp_path / "model.safetensors.index.json").exists()
    made = begun(tmp_path, layers=layers, tuned_layers=0)
    for number in range(layers):
        expected = whole.model.encoder.layers[number].fc1.weight
        torch.testing.assert_close(made.encoder.layers[number].fc1.weight, expected)


def test_an_encoder_that_does_not_fit_is_one_line(published: Path, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"expected a Whisper whose conv1.weight has shape \[64, 80, 3\], found shape \[128, 80, 3\]"
    ):
        begun(published, width=64)
    with pytest.raises(InputError, match=r"layers\.3\..* found none; see width, layers and n_mels"):
        begun(published, layers=4)
    with pytest.raises(InputError, match="no such folder"):
        begun(tmp_path / "nowhere")


def hide_in_a_pickle(folder: Path) -> None:
    (folder / "pytorch_model.bin").touch()


def hide_in_an_index(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "../model.safetensors"}}))


def damage(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{{{{{{{{")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (hide_in_a_pickle, "found pytorch_model.bin: a pickle can run any code, and is not opened"),
        (hide_in_an_index, "index.json: it names other files than safetensors beside it"),
        (damage, "no encoder that can be loaded"),
    ],
)
def test_weights_that_are_not_safe_to_open_are_refused(
    make: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    make(tmp_path)
    with pytest.raises(InputError, match=message):
        begun(tmp_path)


def test_no_more_layers_learn_than_there_are() -> None:
    with pytest.raises(ValueError, match="expected at most 3 tuned_layers, of as many layers, got 4"):
        network("x", tuned_layers=4)
