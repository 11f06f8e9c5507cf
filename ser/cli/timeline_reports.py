"""A timeline in writing: a table to be read, or CSV, JSON and RTTM for other programs.

Where an emotion's probability is below the smallest that is asked for, `ser.inference.predictor.UNSURE` stands in its
place.
"""

import csv
import io
import json
from pathlib import PurePath
from typing import Any

from ser.console import bar, printable, spreadsheet_cell
from ser.inference.predictor import UNSURE
from ser.inference.timeline import Segment, Timeline, clock

BAR_WIDTH = 20


def as_text(recording: str, timeline: Timeline, min_confidence: float = 0.0) -> str:
    """Lay out a line per segment, with a bar as long as its emotion is probable."""
    voice = (timeline.voice[:, 1] - timeline.voice[:, 0]).sum()
    lines = [f"{printable(recording)}: {clock(timeline.duration)}, voice in {clock(voice)} of it"]
    segments = _segments(timeline, min_confidence)
    width = max(map(len, (UNSURE, "emotion", *timeline.classes)))
    times = len(clock(max(timeline.duration, 600), 1))
    if segments:
        lines.append(f"{'from':>{times}}  {'to':>{times}}  {'emotion':<{width}}  probability")
    for start, end, emotion, confidence in segments:
        row = f"{clock(start, 1):>{times}}  {clock(end, 1):>{times}}  {emotion:<{width}}  {confidence:4.0%}"
        lines.append(f"{row} {bar(round(BAR_WIDTH * confidence))}".rstrip())
    return "\n".join(lines) + "\n"


def as_rttm(recording: str, timeline: Timeline, min_confidence: float = 0.0) -> str:
    """Write a line per segment, with the emotion in the place of the speaker's name.

    Source:
        NIST, "The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan", appendix A: type, file,
        channel, onset, duration, orthography, subtype, name, confidence, look-ahead time; no field holds a space.
    """
    name = printable("_".join(PurePath(recording).stem.split())) or "_"
    return "".join(
        f"SPEAKER {name} 1 {start:.3f} {end - start:.3f} <NA> <NA> {'_'.join(emotion.split())} {confidence:.6f} <NA>\n"
        for start, end, emotion, confidence in _segments(timeline, min_confidence)
    )


def as_csv(timeline: Timeline, min_confidence: float = 0.0) -> str:
    """Write a row per window."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["start", "end", "emotion", "confidence", *(f"p_{name}" for name in timeline.classes)])
    for window in _windows(timeline, min_confidence):
        values = [window["confidence"], *window["probabilities"].values()]
        times = [f"{window[edge]:.3f}" for edge in ("start", "end")]
        writer.writerow([*times, spreadsheet_cell(window["emotion"]), *(f"{value:.6f}" for value in values)])
    return text.getvalue()


def as_json(recording: str, timeline: Timeline, min_confidence: float = 0.0) -> str:
    """Write an object with everything; times are in seconds."""
    content = {
        "path": recording,
        "duration": timeline.duration,
        "window": timeline.window,
        "hop": timeline.hop,
        "voice": [{"start": start, "end": end} for start, end in timeline.voice.round(3).tolist()],
        "segments": [segment._asdict() for segment in _segments(timeline, min_confidence)],
        "windows": _windows(timeline, min_confidence),
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _segments(timeline: Timeline, min_confidence: float) -> list[Segment]:
    return [
        segment if segment.confidence >= min_confidence else segment._replace(emotion=UNSURE)
        for segment in timeline.segments()
    ]


def _windows(timeline: Timeline, min_confidence: float) -> list[dict[str, Any]]:
    rows = []
    for start, end, probabilities in zip(timeline.starts, timeline.ends, timeline.probabilities, strict=True):
        best = int(probabilities.argmax())
        confidence = float(probabilities[best])
        rows.append(
            {
                "start": round(float(start), 3),
                "end": round(float(end), 3),
                "emotion": timeline.classes[best] if confidence >= min_confidence else UNSURE,
                "confidence": confidence,
                "probabilities": dict(zip(timeline.classes, probabilities.tolist(), strict=True)),
            }
        )
    return rows
