"""An S3 remote, with a server on this machine that stands for it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("dvc_s3", reason="needs `pip install dvc-s3 'moto[server]'`")
pytest.importorskip("moto.server", reason="needs `pip install dvc-s3 'moto[server]'`")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of theirs

PIPELINE = """stages:
  copy:
    cmd: python -c "import pathlib as p; print('ran'); p.Path('out').write_bytes(p.Path('in').read_bytes())"
    deps: [in]
    outs: [out]
"""


@pytest.fixture
def address() -> Iterator[str]:
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 (it may not be there)

    server = ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_what_is_pushed_with_the_run_cache_need_not_be_run_again(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3  # noqa: PLC0415 (it may not be there)

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    boto3.client("s3", endpoint_url=address).create_bucket(Bucket="bucket")

    def run(folder: Path, *command: str) -> str:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout

    def dvc(folder: Path, *arguments: str) -> str:
        return run(folder, sys.executable, "-m", "dvc", *arguments)

    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    run(here, "git", "init", "--quiet")
    dvc(here, "init")
    dvc(here, "remote", "add", "--default", "storage", "s3://bucket/folder")
    dvc(here, "remote", "modify", "storage", "endpointurl", address)
    (here / "in").write_text("recordings")
    (here / "dvc.yaml").write_text(PIPELINE)
    assert "ran" in dvc(here, "repro")
    dvc(here, "push", "--run-cache")
    shutil.copytree(here, there, ignore=shutil.ignore_patterns("cache", "tmp", "out", "dvc.lock", "runs"))
    dvc(there, "pull", "--run-cache", "--allow-missing")
    assert "ran" not in dvc(there, "repro", "--pull").splitlines()
    assert (there / "out").read_text() == "recordings"
