import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from ser.parallel import parallel_map


def square(number: int) -> int:
    return number * number


def test_results_come_in_the_order_of_the_items() -> None:
    assert list(parallel_map(square, range(50), "squares")) == [number * number for number in range(50)]


def test_nothing_gives_nothing() -> None:
    assert list(parallel_map(square, [], "squares")) == []


def test_the_other_processes_end_with_this_one_even_if_it_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from ser.parallel import parallel_map\n"
        "def work(n):\n"
        "    Path(sys.argv[1], str(os.getpid())).touch()\n"
        "    time.sleep(60)\n"
        "list(parallel_map(work, range(2), 'work', n_jobs=2))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    try:
        until = time.monotonic() + 60
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < until:
            time.sleep(0.1)
        workers = [int(path.name) for path in tmp_path.iterdir()]
        assert len(workers) == 2
        assert parent.pid not in workers
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    until = time.monotonic() + 20
    while any(map(is_alive, workers)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(is_alive, workers))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
