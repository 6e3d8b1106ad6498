"""The Dockerfiles: pinned, unprivileged, and with everything in the image that the program imports."""

import fnmatch
import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.deploy.files import ROOT, SERVICES, compose, copies, dockerfile

DOCKERFILES = {
    service["build"]["dockerfile"]: service["image"] for service in compose()["services"].values() if "build" in service
}
# What each image runs, and the packages of ours that belong in it.
PROGRAMS = {
    **{f"services/{name}/Dockerfile": (f"{name}.app", {name, "culture_connect"}) for name in SERVICES},
    "deploy/docker/tools/Dockerfile": ("culture_connect_cli.main", {"culture_connect_cli", "culture_connect"}),
}
INSTALL = "deploy/docker/install"
OURS = {"culture_connect", "culture_connect_cli", *SERVICES}
_PIN = re.compile(r"^(?P<name>[a-z0-9._-]+)(\[[a-z,]+\])?==(?P<version>[^ ;\\]+)", re.MULTILINE)


@pytest.fixture(params=PROGRAMS)
def path(request: pytest.FixtureRequest) -> str:
    """Each Dockerfile."""
    chosen: str = request.param
    return chosen


def test_there_is_a_dockerfile_for_every_image_that_is_built() -> None:
    assert set(DOCKERFILES) == set(PROGRAMS)
    assert len(set(DOCKERFILES.values())) == len(PROGRAMS)


def test_every_base_image_is_pinned_to_a_release(path: str) -> None:
    bases = {stage[0].words[0] for stage in dockerfile(path)}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", bases.pop())


def test_the_program_does_not_run_as_root(path: str) -> None:
    users = [instruction.text for instruction in dockerfile(path)[-1] if instruction.name == "USER"]
    assert users[-1] == "10001:10001"


def test_only_locked_packages_are_installed(path: str) -> None:
    first, last = dockerfile(path)
    (install,) = [each.text for each in first if each.name == "RUN" and "install" in each.text]
    assert install.removesuffix(" dkimpy") == "/build/install /build/requirements.txt"
    script = (ROOT / INSTALL).read_text(encoding="utf-8")
    assert script.count("-m pip ") == 1
    assert "--require-hashes --only-binary :all:" in script
    assert not any("install" in instruction.text for instruction in last)


def test_the_production_packages_are_those_that_were_tested(path: str) -> None:
    locked = _pins(ROOT / "requirements.txt")
    shipped = _pins(_requirements(path))
    assert shipped
    assert {name: version for name, version in shipped.items() if locked.get(name) != version} == {}
    text = _requirements(path).read_text(encoding="utf-8")
    assert text.count("--hash=sha256:") >= len(shipped)
    assert "://" not in text, "no file names the host of a package index"


def test_what_is_copied_exists_and_is_let_into_the_build(path: str) -> None:
    for stage in dockerfile(path):
        for source, _ in copies(stage):
            assert (ROOT / source).exists()
            assert _let_in(source), f".dockerignore keeps {source} out"


@pytest.mark.parametrize("kept_out", [".local/stack.json", ".git/config", ".venv/pyvenv.cfg", "tests/conftest.py"])
def test_nothing_private_is_let_into_the_build(kept_out: str) -> None:
    assert not _let_in(kept_out)


def test_the_image_holds_what_the_program_imports(path: str, tmp_path: Path) -> None:
    """The program's composition root is imported from a copy of the image's /app, and from nowhere else of ours."""
    for source, target in copies(dockerfile(path)[0]):
        if target.startswith("/app"):
            shutil.copytree(ROOT / source, tmp_path / Path(target).relative_to("/app"))
    module, packages = PROGRAMS[path]
    origins = _imported(module, tmp_path, installed=set(_pins(_requirements(path))))
    if path.startswith("services/"):
        # Where `migrations_of` looks: beside the package.
        assert (tmp_path / "migrations" / "env.py").is_file()
    ours = {name: origin for name, origin in origins.items() if name.partition(".")[0] in OURS}
    assert {name.partition(".")[0] for name in ours} == packages
    assert [origin for origin in ours.values() if origin and not Path(origin).is_relative_to(tmp_path)] == []


def _imported(module: str, app: Path, installed: set[str]) -> dict[str, str | None]:
    """Imports the module where only the `installed` distributions exist; module to file of all that came with it."""
    names = {_normal(name) for name in installed}
    missing = [
        package
        for package, distributions in packages_distributions().items()
        if not names & {_normal(distribution) for distribution in distributions} and package not in OURS
    ]
    program = f"""
import importlib, json, sys

class NotInTheImage:
    missing = {missing!r}
    def find_spec(self, name, path=None, target=None):
        if name in self.missing:
            raise ModuleNotFoundError("not in the image: " + name, name=name)

sys.meta_path.insert(0, NotInTheImage())
importlib.import_module({module!r})
print(json.dumps({{name: getattr(each, "__file__", None) for name, each in list(sys.modules.items())}}))
"""
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=app,
        env={"PYTHONPATH": str(app), "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert result.returncode == 0, result.stderr
    found: dict[str, str | None] = json.loads(result.stdout)
    return found


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _requirements(path: str) -> Path:
    (source,) = [source for source, _ in copies(dockerfile(path)[0]) if source.endswith("requirements.txt")]
    return ROOT / source


def _pins(path: Path) -> dict[str, str]:
    return {match["name"]: match["version"] for match in _PIN.finditer(path.read_text(encoding="utf-8"))}


def _let_in(path: str) -> bool:
    """True when .dockerignore admits the path: the last line that matches it or a folder above it decides."""
    parts = Path(path).parts
    candidates = ["/".join(parts[: length + 1]) for length in range(len(parts))]
    let_in = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pattern = line.removeprefix("!")
            if any(fnmatch.fnmatchcase(candidate, pattern) for candidate in candidates):
                let_in = line.startswith("!")
    return let_in
