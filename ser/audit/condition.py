"""What condition a recording is in: level, clipping, DC offset, silence, container."""

from pathlib import PurePath

from ser.audio.containers import mismatch
from ser.audit.findings import Finding, Limits
from ser.dataset.condition import Condition

USUAL_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000)


def describe(condition: Condition, path: PurePath, limits: Limits) -> list[Finding]:
    """List what is unusual about a recording, in the vocabulary of `ser.audit.findings.FINDINGS`.

    Args:
        condition: what `measure_condition` gave.
        path: of the recording; only its extension is looked at.
        limits: where a value becomes a finding.
    """
    c = condition
    edges = [name for name, level in (("begins", c.start_db), ("ends", c.end_db)) if level > limits.max_edge_db]
    wrong = mismatch(path, c.container)
    alike = "both the same" if c.channels == 2 else "all the same"
    found = {
        "wrong container": (bool(wrong), wrong),
        "odd sampling rate": (c.sampling_rate not in USUAL_RATES, f"{c.sampling_rate:,} Hz is not a usual rate"),
        "stereo": (
            c.channels > 1,
            f"expected one channel, found {c.channels}, {alike if c.equal_channels else 'not the same'}",
        ),
        "clipped": (
            c.clipped_share > limits.max_clipped_share,
            f"{c.clipped_share:.3%} of the samples are cut off at the top, peak {c.peak_db:.1f} dBFS",
        ),
        "dc offset": (c.dc_offset > limits.max_dc_offset, f"the mean is {c.dc_offset:.1%} of full scale away from 0"),
        "quiet": (c.rms_db < limits.min_rms_db, f"{c.rms_db:.1f} dBFS RMS, peak {c.peak_db:.1f} dBFS"),
        "mostly silence": (
            c.voice < limits.min_voice,
            f"sound on {c.voice:.2f} s of {c.duration:.2f} s",
        ),
        "cut off": (bool(edges), f"{' and '.join(edges)} in the midst of sound"),
        "very short": (c.duration < limits.min_seconds, f"{c.duration:.2f} s"),
        "very long": (c.duration > limits.max_seconds, f"{c.duration:.1f} s"),
    }
    return [Finding(kind, detail) for kind, (present, detail) in found.items() if present]
