"""project.yml: what it names exists, and its steps feed each other."""

from importlib import import_module
from pathlib import Path

import pytest
import srsly

ROOT = Path(__file__).parent.parent
weasel = pytest.importorskip("weasel")


def load_project(**overrides):
    from weasel.util.config import load_project_config

    return load_project_config(ROOT, overrides={f"vars.{name}": value for name, value in overrides.items()})


def script(project, name):
    [command] = [command for command in project["commands"] if command["name"] == name]
    return " ".join(command["script"])


@pytest.fixture(scope="module")
def project():
    return load_project()


def test_workflows_name_commands(project):
    commands = {command["name"] for command in project["commands"]}
    assert commands >= {step for steps in project["workflows"].values() for step in steps}


def test_configs_exist(project):
    deps = {dep for command in project["commands"] for dep in command.get("deps", [])}
    configs = {dep for dep in deps if dep.endswith(".cfg")}
    assert configs == {"scripts/default-model.cfg", "configs/luke.cfg"}
    assert all((ROOT / config).is_file() for config in configs)


def test_steps_of_the_default_model_feed_each_other(project):
    steps = {command["name"]: command for command in project["commands"]}
    made = {"scripts/default-model.cfg"}
    for name in project["workflows"]["default-model"]:
        missing = set(steps[name].get("deps", [])) - made
        assert not missing, f"{name} needs {missing}, which no earlier step makes"
        made |= {*steps[name].get("outputs", []), *steps[name].get("outputs_no_cache", [])}


@pytest.mark.parametrize(
    ("program", "module"), [("spacy luke", "spacy_luke.cli"), ("scripts", "scripts.__main__")]
)
def test_our_commands_exist(project, program, module):
    import typer.main

    known = set(typer.main.get_command(import_module(module).app).commands)
    lines = [line for command in project["commands"] for line in command["script"]]
    calls = [line.split(f"python -m {program} ")[1] for line in lines if f"python -m {program} " in line]
    used = {call.split()[0] for call in calls}
    assert used
    assert used <= known


def test_yaml_has_checksums_for_all_assets():
    assets = srsly.read_yaml(ROOT / "project.yml")["assets"]
    assert all(len(asset["checksum"]) == 32 for asset in assets)


def test_the_default_model_is_what_the_wheel_holds(project):
    import spacy_luke

    installed = Path(spacy_luke.__file__).parent.parent  # not always what lies here: checks remove that
    assert (installed / project["vars"]["package"] / "model.safetensors").is_file()
    assert f" {project['vars']['package']}" in script(project, "tune")
    assert f"--checkpoint {project['vars']['package']}" in script(project, "evaluate")


def test_a_trial_changes_steps_and_leaves_the_package_alone():
    project = load_project(
        package="training/trial", steps=20, second_steps=10, eval_frequency=5, mixed_precision=False
    )
    assert "--training.max_steps 20 --training.eval_frequency 5" in script(project, "train")
    assert "mixed_precision false" in script(project, "train")
    assert "--training.max_steps 10 --training.eval_frequency 220" in script(project, "train-second")
    assert "--training.max_steps 180 --training.eval_frequency 180" in script(project, "train-last")
    assert "luke_small" not in script(project, "tune") + script(project, "evaluate")
