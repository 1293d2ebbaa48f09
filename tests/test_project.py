"""project.yml: what it names exists, and its steps feed each other."""

from pathlib import Path

import pytest
import srsly

ROOT = Path(__file__).parent.parent
weasel = pytest.importorskip("weasel")


@pytest.fixture(scope="module")
def project():
    from weasel.util.config import load_project_config

    return load_project_config(ROOT)


def test_workflows_name_commands(project):
    commands = {command["name"] for command in project["commands"]}
    assert commands >= {step for steps in project["workflows"].values() for step in steps}


def test_configs_exist(project):
    deps = {dep for command in project["commands"] for dep in command.get("deps", [])}
    configs = {dep for dep in deps if dep.startswith("configs/")}
    assert configs == {"configs/default-model.cfg", "configs/luke.cfg"}
    assert all((ROOT / config).is_file() for config in configs)


def test_steps_of_the_default_model_feed_each_other(project):
    steps = {command["name"]: command for command in project["commands"]}
    made = {"configs/default-model.cfg"}
    for name in project["workflows"]["default-model"]:
        missing = set(steps[name].get("deps", [])) - made
        assert not missing, f"{name} needs {missing}, which no earlier step makes"
        made |= {*steps[name].get("outputs", []), *steps[name].get("outputs_no_cache", [])}


def test_our_commands_exist(project):
    import typer.main

    from spacy_luke.cli import app

    known = set(typer.main.get_command(app).commands)
    lines = [line for command in project["commands"] for line in command["script"]]
    used = {line.split("spacy luke ")[1].split()[0] for line in lines if "spacy luke " in line}
    assert used
    assert used <= known


def test_yaml_has_checksums_for_all_assets():
    assets = srsly.read_yaml(ROOT / "project.yml")["assets"]
    assert all(len(asset["checksum"]) == 32 for asset in assets)
