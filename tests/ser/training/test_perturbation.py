import numpy as np
import pytest
import torch

from ser.front_ends.contours_functionals import N_ROWS
from ser.front_ends.whisper_log_mel import BEHIND_THE_END, LOWEST
from ser.params import NO_PERTURBATION
from ser.training.perturbation import perturb, perturb_contours, perturb_spectrograms, perturb_whisper_log_mel


def changed(features: torch.Tensor, **changes: object) -> torch.Tensor:
    torch.manual_seed(0)
    return perturb_spectrograms(features, NO_PERTURBATION.model_copy(update=changes))


def spectrograms(n: int = 64) -> torch.Tensor:
    """A loud spot at band 8, frame 20 on a quiet floor: (n, 16, 60), dB, the loudest cell at 0."""
    features = torch.full((n, 16, 60), -80.0)
    features[:, 8, 20] = 0.0
    features[:, 7:10, 19:22] = features[:, 7:10, 19:22].clamp(min=-10)
    return features


def loudest(features: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Band and frame of the loudest cell of each."""
    places = features.flatten(1).argmax(dim=1).numpy()
    return places // features.shape[2], places % features.shape[2]


def arrays() -> dict[str, torch.Tensor]:
    return {"log_mel": spectrograms(), "contours": numbered(), "functionals": torch.rand(64, 7)}


def test_nothing_asked_for_is_nothing_changed_and_nothing_drawn() -> None:
    state = torch.get_rng_state()
    given = arrays()
    found = perturb(given, NO_PERTURBATION)
    torch.set_rng_state(state)
    assert all(torch.equal(found[name], array) for name, array in arrays().items())


def test_each_array_is_changed_in_its_own_way_and_those_that_have_none_stay() -> None:
    params = NO_PERTURBATION.model_copy(update={"shift_frames": 5})
    given = arrays()
    torch.manual_seed(0)
    found = perturb(given, params)
    torch.manual_seed(0)
    assert torch.equal(found["log_mel"], perturb_spectrograms(given["log_mel"], params))
    assert torch.equal(found["contours"], perturb_contours(given["contours"], params))
    assert torch.equal(found["functionals"], given["functionals"])
    assert not torch.equal(found["log_mel"], given["log_mel"])
    assert not torch.equal(found["contours"], given["contours"])


def test_a_shift_moves_every_spectrogram_by_itself() -> None:
    bands, frames = loudest(changed(spectrograms(), shift_mels=3, shift_frames=5))
    assert set(bands) == set(range(5, 12))
    assert {min(frames), max(frames)} <= set(range(15, 26))
    assert len(set(frames)) > 6


def test_a_stretch_moves_what_is_late_later() -> None:
    _, frames = loudest(changed(spectrograms(), stretch=(0.8, 1.25)))
    assert frames.min() == pytest.approx(0.8 * 20, abs=1)
    assert frames.max() == pytest.approx(1.25 * 20, abs=1)


def test_what_moves_in_from_outside_is_silence() -> None:
    loud = torch.zeros(32, 16, 60)
    loud[:, :, 59] = -80.0
    moved = changed(loud, shift_frames=10)
    late = moved[:, 0, 0] < -70  # the beginning comes later
    assert 0.2 < late.float().mean() < 0.8
    assert (moved[late][:, :, 0] == -80).all()


def test_a_tilt_changes_high_against_low_by_up_to_the_amount() -> None:
    flat = torch.zeros(200, 16, 60)
    flat[0, 0, 59] = -80.0  # so that there is room below
    tilted = changed(flat, tilt_db=12.0)
    difference = tilted[:, -1, 0] - tilted[:, 0, 0]
    assert difference.min() == pytest.approx(-12, abs=0.5)
    assert difference.max() == pytest.approx(12, abs=0.5)
    assert abs(float(difference.mean())) < 1.5


def test_noise_fills_what_is_quiet_and_leaves_what_is_loud() -> None:
    noisy = changed(spectrograms(), noise_db=(-40.0, -40.0))
    assert noisy.amax(dim=(1, 2)) == pytest.approx(torch.zeros(64))
    middle = noisy[:, 7:9, 40].mean(dim=1)  # whatever its spectrum's slope, in the middle the noise has its level
    assert middle.numpy() == pytest.approx(np.full(64, -40.0), abs=0.2)
    assert noisy[:, 0, 40].std() > 3  # and the slope differs


def test_powers_add_up() -> None:
    flat = torch.zeros(4, 16, 60)
    flat[:, :, 30:] = -20.0
    noisy = changed(flat, noise_db=(-20.0, -20.0))
    # In the middle 0 dB and -20 dB give 0.04 dB; -20 and -20 give 3 dB more, -17; the loudest cell is 0 again.
    step = noisy[:, 7:9, 0].mean(dim=1) - noisy[:, 7:9, 40].mean(dim=1)
    assert step.numpy() == pytest.approx(np.full(4, 0.043 + 17.0), abs=0.1)


def test_masks_are_one_run_of_frames_and_one_of_bands() -> None:
    masked = changed(torch.zeros(100, 16, 60) - torch.eye(16, 60) * 80, mask_frames=10, mask_mels=4) == -80
    frames, bands = masked.all(dim=1), masked.all(dim=2)
    for runs, longest in ((frames, 10), (bands, 4)):
        lengths = runs.sum(dim=1)
        assert lengths.max() <= longest
        assert lengths.float().mean() == pytest.approx(longest / 2, abs=1)
        edges = torch.diff(runs.int(), dim=1).abs().sum(dim=1)
        assert edges.max() <= 2


def test_the_form_stays_and_the_loudest_cell_is_zero_decibels() -> None:
    features = -80 * torch.rand(8, 16, 60)
    everything = changed(
        features, noise_db=(-50.0, -20.0), tilt_db=6.0, stretch=(0.85, 1.18), shift_frames=5, shift_mels=3
    )
    assert everything.shape == features.shape
    assert everything.amax(dim=(1, 2)) == pytest.approx(torch.zeros(8), abs=1e-5)
    assert everything.min() >= features.min()


def changed_contours(features: torch.Tensor, **changes: object) -> torch.Tensor:
    torch.manual_seed(0)
    return perturb_contours(features, NO_PERTURBATION.model_copy(update=changes))


def numbered(n: int = 64) -> torch.Tensor:
    """Contours that rise by 1 from frame to frame, from 1 on: (n, N_ROWS, 60)."""
    return torch.arange(1.0, 61.0).expand(n, N_ROWS, -1).clone()


def test_contours_move_together() -> None:
    moved = changed_contours(numbered(), shift_frames=5, stretch=(0.8, 1.25), mask_frames=10)
    assert torch.equal(moved, moved[:, :1].expand(-1, N_ROWS, -1))


def test_a_shift_moves_every_recording_s_contours_by_itself() -> None:
    moved = changed_contours(numbered(), shift_frames=5)[:, 0]
    shifts = (torch.arange(1.0, 61.0) - moved)[:, 30]
    assert len(set(shifts.tolist())) > 6
    assert shifts.abs().max() <= 5
    late = moved[shifts == 3][0]
    assert torch.equal(late, torch.cat([torch.zeros(3), torch.arange(1.0, 58.0)]))


def test_a_stretch_of_contours_makes_what_is_late_later() -> None:
    moved = changed_contours(numbered(), stretch=(0.8, 1.25))[:, 0]
    found = (moved[:, 40] - 1) / 40  # the place that is read there
    assert found.min() == pytest.approx(0.8, abs=0.03)
    assert found.max() == pytest.approx(1.25, abs=0.03)
    assert (moved[:, -1] == 0).float().mean() == pytest.approx(0.5, abs=0.2)  # faster: what follows is not heard


def test_a_run_of_frames_is_hidden_in_contours() -> None:
    hidden = changed_contours(numbered(), mask_frames=20)[:, 0] == 0
    lengths = hidden.sum(dim=1)
    assert 15 < lengths.max() <= 20
    assert len(set(lengths.tolist())) > 10
    starts = (hidden[:, 1:] & ~hidden[:, :-1]).sum(dim=1) + hidden[:, 0]
    assert starts.max() == 1


def whisper_log_mel(n: int = 64, n_heard: int = 40) -> torch.Tensor:
    """The same spots, as Whisper has them, 40 frames long: a step of 1 is 40 dB, the loudest cell 0.7."""
    mel = (spectrograms(n) / 40 + 0.7).clamp(min=LOWEST)
    mel[:, :, n_heard:] = BEHIND_THE_END
    return mel


def changed_mel(mel: torch.Tensor, **changes: object) -> torch.Tensor:
    torch.manual_seed(0)
    return perturb_whisper_log_mel(mel, NO_PERTURBATION.model_copy(update=changes))


def ends(mel: torch.Tensor) -> torch.Tensor:
    """Frames before each end; behind it, nothing else is."""
    heard = mel[:, 0] > BEHIND_THE_END
    counts = heard.sum(dim=1)
    assert all(torch.equal(row, torch.arange(60) < count) for row, count in zip(heard, counts, strict=True))
    assert (mel[~heard[:, None].expand_as(mel)] == BEHIND_THE_END).all()
    assert (mel[heard[:, None].expand_as(mel)] >= LOWEST).all()
    return counts


def test_what_whisper_reads_is_changed_as_a_spectrogram_is_and_its_end_moves_with_it() -> None:
    mel = whisper_log_mel()
    torch.testing.assert_close(changed_mel(mel, stretch=(1.0, 1.0)), mel)
    stretched = changed_mel(mel, stretch=(0.8, 1.25))
    _, frames = loudest(stretched)
    assert {int(ends(stretched).min()), int(ends(stretched).max())} <= set(range(32, 51))
    np.testing.assert_allclose(frames, ends(stretched).numpy() * 20 / 40, atol=1)
    shifted = changed_mel(mel, shift_frames=5)
    _, frames = loudest(shifted)
    assert set(ends(shifted).numpy() - frames) == {20, 21}  # frames are read in between
    assert len(set(frames)) > 6
    bands, _ = loudest(changed_mel(mel, shift_mels=3))
    assert set(bands) == set(range(5, 12))


def test_the_loudest_cell_stays_as_loud_and_what_is_hidden_is_the_lowest() -> None:
    mel = whisper_log_mel()
    mel[:, :, :40] = (mel[:, :, :40] + torch.linspace(-0.5, 0.5, 64)[:, None, None]).clamp(min=LOWEST)
    for changes in ({"tilt_db": 12.0}, {"noise_db": (-30.0, -20.0)}, {"stretch": (0.9, 1.1), "shift_mels": 2}):
        found = changed_mel(mel, **changes)
        ends(found)
        torch.testing.assert_close(found.amax(dim=(1, 2)), mel.amax(dim=(1, 2)))
    loud = torch.full((64, 16, 60), 0.5)
    hidden = changed_mel(loud, mask_frames=20)
    lengths = (hidden[:, 0] == LOWEST).sum(dim=1)
    assert lengths.max() > 15
    assert ((hidden == LOWEST) | hidden.isclose(torch.tensor(0.5))).all()
