"""How the names of files end that are sound."""

SUFFIXES = (
    *(".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".rf64", ".snd", ".w64"),
    *(".wav", ".wave"),
)
"""How the names of files end that libsndfile decodes."""

FFMPEG_SUFFIXES = (".3gp", ".aac", ".amr", ".m4a", ".mka", ".mkv", ".mov", ".mp4", ".webm", ".wma")
"""How the names of files end that the program ffmpeg is asked to decode, where it is installed."""

UNREAD_SUFFIXES = (
    *(".aax", ".ac3", ".alac", ".ape", ".dff", ".dsf", ".dss", ".dts", ".dvf", ".gsm", ".m4b", ".mid", ".midi"),
    *(".mp1", ".mp2", ".mpa", ".mpc", ".msv", ".nist", ".ofr", ".pcm", ".qcp", ".ra", ".raw", ".rm", ".sd2", ".shn"),
    *(".sph", ".spx", ".tak", ".tta", ".voc", ".vox", ".wv"),
)
"""How the names of files end that are sound, too, and that nothing here decodes."""
