"""The spectrogram that is shown of what a model hears."""

from ser.params import FeatureParams, LogMelParams


def spectrogram_settings(params: FeatureParams) -> LogMelParams:
    """The model's own, if it hears through a log-mel spectrogram or cepstra of one; else what shows a voice well."""
    own = (settings for settings in params.front_ends.used.values() if isinstance(settings, LogMelParams))
    return next(own, None) or LogMelParams(
        n_fft=2 * round(0.0125 * params.sampling_rate),
        hop_length=round(0.01 * params.sampling_rate),
        n_mels=64,
        f_min=50.0,
        f_max=min(8000.0, params.sampling_rate / 2),
        top_db=80.0,
    )
