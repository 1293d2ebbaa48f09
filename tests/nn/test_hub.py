"""Names of checkpoints: folders, downloads from a hub of our own on this machine, and what can go wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from spacy_luke.nn.hub import resolve_checkpoint

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


def test_a_saved_pipeline_is_no_checkpoint(tmp_path):
    (tmp_path / "config.cfg").write_text("[nlp]\n")
    with pytest.raises(ValueError, match=r"is a saved spaCy pipeline.*spacy\.load"):
        resolve_checkpoint(tmp_path)
    (tmp_path / "config.json").write_text("{}")  # a checkpoint that happens to have a file of that name
    assert resolve_checkpoint(tmp_path) == tmp_path


def test_nothing_is_downloaded_when_only_local_files_may_be_used(tmp_path):
    with pytest.raises(ValueError, match="nor a downloaded checkpoint"):
        resolve_checkpoint("owner/name", cache_dir=tmp_path, local_files_only=True)


def test_name_that_the_hub_refuses(tmp_path):
    with pytest.raises(ValueError, match=r"'owner/na--me' can't be downloaded: .*owner/na--me"):
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
            if path == f"/api/models/{repo}/tree/{COMMIT}":  # asked for by huggingface_hub 2
                tree = [{"type": "file", "path": name, "size": len(name), "oid": "0"} for name in files]
                return self.answer(200, json.dumps(tree).encode())
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
from spacy_luke.nn.hub import resolve_checkpoint
results = []
for name, options in json.loads(sys.argv[1]):
    try:
        folder = resolve_checkpoint(name, cache_dir=sys.argv[2], **options)
        results.append(sorted(path.name for path in folder.iterdir()))
    except ValueError as error:
        results.append(str(error))
print(json.dumps(results))
"""


def resolve_in_new_process(calls, cache, endpoint, code=CODE, **env):
    # The endpoint is read when huggingface_hub is imported.
    env = {
        **os.environ,
        "PYTHONPATH": ROOT,
        "HF_ENDPOINT": endpoint,
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        **env,
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, json.dumps(calls), str(cache)],
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
    assert "neither a local folder nor a checkpoint" in answers[2]
    assert "is gated" in answers[3]
    assert "no revision 'nope'" in answers[4]
    again, unknown = resolve_in_new_process(
        [["owner/safe", {}], ["owner/new", {}]], tmp_path, endpoint, HF_HUB_OFFLINE="1"
    )
    assert again == answers[0]
    assert "hub cannot be reached" in unknown


# --- whole checkpoints -------------------------------------------------------------------

LOAD = """
import json, os, sys, warnings
warnings.simplefilter("ignore")
import torch
from spacy_luke import LukeForMaskedLM, LukeModel, LukeTokenizer
results = []
for what, options in json.loads(sys.argv[1]):
    try:
        options["cache_dir"] = sys.argv[2] + options.pop("other", "")
        if what == "tokenizer":
            loaded = LukeTokenizer.from_pretrained("owner/luke", **options)
            results.append(loaded("Ana met Bob", entity_spans=[(0, 3)], entities=["Ana"]).data)
        else:
            kind = {"model": LukeModel, "head": LukeForMaskedLM}[what]
            loaded = kind.from_pretrained("owner/luke", **options)
            with torch.no_grad():
                results.append(loaded(torch.tensor([[5, 6, 7]]))[0].double().sum().item())
    except (ValueError, OSError) as error:
        results.append(type(error).__name__ + ": " + str(error))
print(json.dumps(results))
"""


def serve_folders(revisions):
    """A hub with one repository, owner/luke, and a folder for each of its revisions."""
    commits = {name: f"{i + 1:040x}" for i, name in enumerate(revisions)}
    by_commit = {commits[name]: folder for name, folder in revisions.items()}
    asked = []

    class Folders(Hub):
        def do_GET(self):
            path = self.path.split("?")[0]
            asked.append(path)
            if path.startswith("/api/models/owner/luke/revision/"):
                name = path.rsplit("/", 1)[1]
                commit = commits.get(name, name)
                if commit not in by_commit:
                    return self.answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
                files = sorted(path for path in by_commit[commit].rglob("*") if path.is_file())
                names = [file.relative_to(by_commit[commit]).as_posix() for file in files]
                info = {"id": "owner/luke", "sha": commit, "siblings": [{"rfilename": n} for n in names]}
                return self.answer(200, json.dumps(info).encode())
            if path.startswith("/owner/luke/resolve/"):
                commit, name = path.removeprefix("/owner/luke/resolve/").split("/", 1)
                file = by_commit[commit] / name
                headers = {"ETag": f'"{commit}-{name}"', "X-Repo-Commit": commit}
                return self.answer(200, file.read_bytes(), headers)
            return self.answer(404, b"", {"X-Error-Code": "RepoNotFound"})

    return Folders, asked


@pytest.fixture
def revisions(tmp_path):
    """Folders of two revisions: one sharded in safetensors, one whole in a pickle."""
    import torch
    from parity_tokenizers import TITLES, vocabulary
    from safetensors.torch import save_file

    from spacy_luke import LukeConfig, LukeForMaskedLM, LukeTokenizer

    sizes = {"vocab_size": 330, "entity_vocab_size": len(TITLES), "hidden_size": 16, "entity_emb_size": 8}
    more = {"num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 32}
    folders = {}
    for i, name in enumerate(("main", "v2")):
        torch.manual_seed(i)
        folders[name] = folder = tmp_path / name
        model = LukeForMaskedLM(LukeConfig(**sizes, **more, initializer_range=0.3))
        model.save_pretrained(folder)
        LukeTokenizer(*vocabulary("tiny"), max_mention_length=i + 4).save_pretrained(folder)
        weights = dict(model.state_dict())
        (folder / "model.safetensors").unlink()
        if name == "v2":
            torch.save(weights, folder / "pytorch_model.bin")
            continue
        names = [key for key in weights if key not in model.tied_weights()]
        places = {key: f"model-0000{j % 2 + 1}-of-00002.safetensors" for j, key in enumerate(names)}
        for file in set(places.values()):
            save_file({key: weights[key] for key in names if places[key] == file}, folder / file)
        index = {"metadata": {}, "weight_map": places}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    return folders


LACKING = {
    "config.json": ("head", "no config.json"),
    "model-00002-of-00002.safetensors": ("head", "names the file 'model-00002-of-00002.safetensors'"),
    "merges.txt": ("tokenizer", "no word vocabulary: it lacks merges.txt"),
    "entity_vocab.json": ("tokenizer", "no entity vocabulary"),
}


def test_models_and_tokenizers_by_name(tmp_path, revisions):
    import torch

    from spacy_luke import LukeForMaskedLM, LukeTokenizer

    def expected(name):
        with torch.no_grad():
            logits = LukeForMaskedLM.from_pretrained(revisions[name])(torch.tensor([[5, 6, 7]])).logits
        tokenizer = LukeTokenizer.from_pretrained(revisions[name])
        inputs = tokenizer("Ana met Bob", entity_spans=[(0, 3)], entities=["Ana"]).data
        return [inputs, pytest.approx(logits.double().sum().item(), abs=1e-3)]

    for name in LACKING:
        shutil.copytree(revisions["main"], tmp_path / name)
        (tmp_path / name / name).unlink()
    deep = shutil.copytree(revisions["main"], tmp_path / "deep" / "a" / "b")
    folders = {**revisions, **{name: tmp_path / name for name in LACKING}, "deep": deep.parents[1]}
    loads = [[what, {"revision": name}] for name in ("main", "v2") for what in ("tokenizer", "head")]
    calls = [["tokenizer", {}], ["head", {}], *loads[2:], ["head", {"revision": f"{2:040x}"}]]
    calls += [[what, {"revision": "deep", "subfolder": "a/b"}] for what in ("tokenizer", "head")]
    calls += [["head", {"revision": "v3"}], *([what, {"revision": n}] for n, (what, _) in LACKING.items())]
    handler, asked = serve_folders(folders)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        found = resolve_in_new_process(calls, tmp_path / "cache", endpoint, code=LOAD)
        server.shutdown()
    wanted = [*expected("main"), *expected("v2")]
    assert found[:4] == wanted
    assert wanted[1] != found[3]
    assert found[4] == found[3]
    assert found[5:7] == wanted[:2]
    assert "no revision 'v3'" in found[7]
    for error, (_, match) in zip(found[8:], LACKING.values(), strict=True):
        assert match in error
    files = [path.rsplit("/", 1)[1] for path in asked if "/resolve/" in path]
    weights = [i for i, name in enumerate(files) if name.startswith(("model", "pytorch_model"))]
    assert "entity_vocab.json" in files[: weights[0]]  # the tokenizer, which came first, fetched no weights

    # The server is gone now.
    local = [
        ["head", {"local_files_only": True}],
        ["head", {"other": "-empty"}],
        ["tokenizer", {"other": "-empty"}],
    ]
    found = resolve_in_new_process(
        [*loads, *local], tmp_path / "cache", endpoint, code=LOAD, HF_HUB_OFFLINE="1"
    )
    assert found[:4] == wanted
    assert found[4] == wanted[1]
    assert all("hub cannot be reached" in error for error in found[5:])
