import csv
import io
import json

import numpy as np
import pytest

from ser.cli.timeline_reports import as_csv, as_json, as_rttm, as_text
from ser.inference.timeline import Timeline
from tests.ser.inference.test_timeline import toy


@pytest.fixture
def timeline() -> Timeline:
    return toy([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.45, 0.55]], [(1.3, 7.4), (9, 9.7)], [1.3, 2.3, 4.4, 9])


def test_the_table_has_a_line_per_segment(timeline: Timeline) -> None:
    lines = as_text("a b.wav", timeline).splitlines()
    assert lines[0] == "a b.wav: 0:20, voice in 0:07 of it"
    assert [line.split()[:4] for line in lines[2:]] == [
        ["0:01.3", "0:05.3", "calm", "80%"],
        ["0:05.3", "0:07.4", "angry", "90%"],
        ["0:09.0", "0:09.7", "angry", "55%"],
    ]
    assert lines[2].endswith(" " + "█" * 16)


def test_below_the_smallest_confidence_an_emotion_is_unsure(timeline: Timeline) -> None:
    assert [line.split()[2] for line in as_text("a.wav", timeline, 0.85).splitlines()[2:]] == [
        "unsure",
        "angry",
        "unsure",
    ]
    assert [line.split()[7] for line in as_rttm("a.wav", timeline, 0.85).splitlines()] == ["unsure", "angry", "unsure"]
    rows = list(csv.DictReader(io.StringIO(as_csv(timeline, 0.85))))
    assert [row["emotion"] for row in rows] == ["calm", "calm", "angry", "unsure"]
    content = json.loads(as_json("a.wav", timeline, 0.85))
    assert [one["emotion"] for one in content["segments"]] == ["unsure", "angry", "unsure"]
    assert [one["emotion"] for one in content["windows"]] == ["calm", "calm", "angry", "unsure"]


def test_rttm_has_ten_fields_and_no_space_in_any(timeline: Timeline) -> None:
    lines = as_rttm("calls/my first call.wav", timeline).splitlines()
    assert all(len(line.split(" ")) == 10 for line in lines)
    assert lines[2] == "SPEAKER my_first_call 1 9.000 0.700 <NA> <NA> angry 0.550000 <NA>"


def test_csv_has_a_row_per_window(timeline: Timeline) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(timeline))))
    assert list(rows[0]) == ["start", "end", "emotion", "confidence", "p_calm", "p_angry"]
    assert rows[2] == {
        "start": "4.400",
        "end": "7.400",
        "emotion": "angry",
        "confidence": "0.900000",
        "p_calm": "0.100000",
        "p_angry": "0.900000",
    }
    assert len(rows) == 4


def test_json_has_everything(timeline: Timeline) -> None:
    content = json.loads(as_json("a.wav", timeline))
    assert {name: content[name] for name in ("path", "duration", "window", "hop")} == {
        "path": "a.wav",
        "duration": 20.0,
        "window": 3.0,
        "hop": 1.0,
    }
    assert content["voice"] == [{"start": 1.3, "end": 7.4}, {"start": 9.0, "end": 9.7}]
    assert content["segments"][2] == {"start": 9.0, "end": 9.7, "emotion": "angry", "confidence": 0.55}
    assert content["windows"][3]["probabilities"] == {"calm": 0.45, "angry": 0.55}


def test_a_recording_without_voice_is_written_in_every_format() -> None:
    silent = toy([], [], [])
    assert as_text("a.wav", silent) == "a.wav: 0:20, voice in 0:00 of it\n"
    assert as_rttm("a.wav", silent) == ""
    assert as_csv(silent) == "start,end,emotion,confidence,p_calm,p_angry\n"
    assert json.loads(as_json("a.wav", silent))["segments"] == []
    assert np.isnan(silent.probabilities_at(np.array([1.0]))).all()
