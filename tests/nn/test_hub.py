"""Names of checkpoints: folders, downloads from a hub of our own on this machine, and what can go wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from spacy_luke.hub import resolve_checkpoint

ROOT = str(Path(__file__).parents[2])
COMMIT = "0" * 39 + "1"


def test_folder_is_returned_as_it_is(tmp_path):
    assert resolve_checkpoint(tmp_path) == resolve_checkpoint(str(tmp_path)) == tmp_path


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "a/b/c", "~/nowhere", "", "a b/c", "a\\b"])
def test_path_that_does_not_exist(name):
    with pytest.raises(ValueError, match="no folder"):
        resolve_checkpoint(name)


def test_path_object_is_never_a_hub_name(tmp_path):
    with pytest.raises(ValueError, match="no folder"):
        resolve_checkpoint(Path("owner/name"))
    (tmp_path / "config.json").touch()
    with pytest.raises(ValueError, match=r"config.json is a file"):
        resolve_checkpoint(tmp_path / "config.json")


def test_nothing_is_downloaded_when_only_local_files_may_be_used(tmp_path):
    with pytest.raises(ValueError, match="among the downloaded checkpoints"):
        resolve_checkpoint("owner/name", cache_dir=tmp_path, local_files_only=True)


def test_name_that_the_hub_refuses(tmp_path):
    with pytest.raises(ValueError, match=r"'owner/na--me' cannot be downloaded: .*owner/na--me"):
        resolve_checkpoint("owner/na--me", cache_dir=tmp_path, local_files_only=True)


FILES = {
    "owner/safe": [
        "config.json",
        "model.safetensors",
        "pytorch_model.bin",
        "vocab.json",
        "README.md",
        "tf_model.h5",
    ],
    "owner/pickled": ["config.json", "pytorch_model.bin", "flax_model.msgpack"],
}


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as a download asks for."""

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.split("?")[0]
        for repo, files in FILES.items():
            if path.startswith(f"/api/models/{repo}/revision/") or path == f"/api/models/{repo}":
                if path.endswith("/nope"):
                    return self.answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
                siblings = [{"rfilename": name} for name in files]
                return self.answer(
                    200, json.dumps({"id": repo, "sha": COMMIT, "siblings": siblings}).encode()
                )
            if path.startswith(f"/{repo}/resolve/"):
                name = path.rsplit("/", 1)[1]
                return self.answer(200, name.encode(), {"ETag": f'"{name}"', "X-Repo-Commit": COMMIT})
        code = "GatedRepo" if "gated" in path else "RepoNotFound"
        return self.answer(403 if "gated" in path else 404, b"", {"X-Error-Code": code})

    def answer(self, status, body, headers=None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *args):
        pass


CODE = """
import json, sys
from spacy_luke.hub import resolve_checkpoint
results = []
for name, options in json.loads(sys.argv[1]):
    try:
        folder = resolve_checkpoint(name, cache_dir=sys.argv[2], **options)
        results.append(sorted(path.name for path in folder.iterdir()))
    except ValueError as error:
        results.append(str(error))
print(json.dumps(results))
"""


def resolve_in_new_process(calls, cache, endpoint, **env):
    # The endpoint is read when huggingface_hub is imported.
    env = {
        **os.environ,
        "PYTHONPATH": ROOT,
        "HF_ENDPOINT": endpoint,
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        **env,
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE, json.dumps(calls), str(cache)],
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_download(tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        config, *answers = resolve_in_new_process(
            [
                ["owner/safe", {"patterns": ["config.json"]}],
                ["owner/safe", {}],
                ["owner/pickled", {}],
                ["owner/missing", {}],
                ["owner/gated", {}],
                ["owner/safe", {"revision": "nope"}],
            ],
            tmp_path,
            endpoint,
        )
        server.shutdown()
    assert config == ["config.json"]
    assert answers[0] == ["config.json", "model.safetensors", "vocab.json"]
    assert answers[1] == ["config.json", "pytorch_model.bin"]
    assert "neither a folder here nor a checkpoint" in answers[2]
    assert "is gated" in answers[3]
    assert "no revision 'nope'" in answers[4]
    again, unknown = resolve_in_new_process(
        [["owner/safe", {}], ["owner/new", {}]], tmp_path, endpoint, HF_HUB_OFFLINE="1"
    )
    assert again == answers[0]
    assert "hub cannot be reached" in unknown
