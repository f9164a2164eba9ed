"""Files that others read about the project agree with it: citation, recipe, container, workflow."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import engine
from engine.settings import read_toml

ROOT = Path(__file__).resolve().parents[2]
PROJECT = read_toml(ROOT / "pyproject.toml")["project"]
# What conda-forge calls packages whose names differ.
CONDA_NAMES = {"geopandas": "geopandas-base", "matplotlib": "matplotlib-base"}
CONDA_ONLY = {"python", "libgdal-jp2openjpeg"}


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_versions_agree() -> None:
    assert load("CITATION.cff")["version"] == engine.__version__
    assert load("conda/recipe.yaml")["context"]["version"] == engine.__version__


def test_conda_recipe_needs_what_the_package_needs() -> None:
    wanted: dict[str, str] = {}
    for requirement in PROJECT["dependencies"]:
        name, bound = re.match(r"([\w-]+)>=([\d.]+)", requirement).groups()
        name = name.replace("_", "-")
        wanted[CONDA_NAMES.get(name, name)] = bound  # the last one is the newest Python's
    listed = dict(
        re.match(r"([\w-]+)(?: >=([\d.]+))?", line).groups()
        for line in load("conda/recipe.yaml")["requirements"]["run"]
    )
    assert {name: bound for name, bound in listed.items() if name not in CONDA_ONLY} == wanted
    assert f">={listed['python']}" == PROJECT["requires-python"]


@pytest.mark.parametrize(
    ("schema", "pattern"),
    [
        ("vendor.citation-file-format", "CITATION.cff"),
        ("vendor.github-workflows", ".github/workflows/*.yml"),
        ("vendor.github-issue-forms", ".github/ISSUE_TEMPLATE/[!c]*.yml"),
        ("vendor.github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
    ],
)
def test_file_follows_its_schema(schema: str, pattern: str) -> None:
    files = sorted(ROOT.glob(pattern))
    assert files
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_container_copies_what_the_wheel_is_built_from() -> None:
    text = (ROOT / "container" / "Containerfile").read_text(encoding="utf-8")
    copied = [
        source for line in re.findall(r"^COPY (.*)$", text, re.M) for source in line.split()[:-1]
    ]
    assert all((ROOT / source).exists() for source in copied)
    build = read_toml(ROOT / "pyproject.toml")["tool"]["hatch"]
    needed = set(build["build"]["targets"]["sdist"]["include"]) | {"pyproject.toml"}
    assert needed <= set(copied)


def test_workflow_runs_on_three_systems_and_the_oldest_python() -> None:
    jobs = load(".github/workflows/tests.yml")["jobs"]
    matrix = jobs["engine"]["strategy"]["matrix"]
    assert {system.split("-")[0] for system in matrix["os"]} == {"ubuntu", "windows", "macos"}
    assert f">={matrix['python'][0]}" == PROJECT["requires-python"]
    for job in jobs.values():
        (command,) = [step["run"] for step in job["steps"] if "run" in step]
        script, *words = command.removeprefix("python ").split()
        assert (ROOT / script).is_file()
        part = words[words.index("--only") + 1]
        assert f'"{part}"' in (ROOT / script).read_text(encoding="utf-8")
