"""The guide's example renders, and its commands name what exists."""

import re
import shlex
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from culture_connect_cli.main import app
from tests.deploy.files import ROOT
from tests.deploy.kubernetes.conftest import ADDRESSES
from tests.deploy.kubernetes.rendering import FOLDER, OVERLAYS, Manifest, containers, of_kind, overlay, render
from tests.deploy.kubernetes.validation import VERSIONS, validate

GUIDE: Final = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")


@pytest.fixture
def example(tmp_path: Path) -> list[Manifest]:
    """The overlay of the guide, rendered."""
    (text,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    text = text.replace("../../components", f"{FOLDER}/components").replace("../small", f"{FOLDER}/overlays/small")
    (tmp_path / "kustomization.yaml").write_text(text, encoding="utf-8")
    return render(tmp_path)


def test_the_example_is_valid(example: list[Manifest]) -> None:
    for manifest in example:
        validate(manifest, VERSIONS[0])


def test_the_example_replaces_every_name_of_ours(example: list[Manifest]) -> None:
    assert "cultureconnect.example" not in str(example)
    for manifest in example:
        for container in containers(manifest):
            assert re.fullmatch(r"registry\.example/culture-connect/\w+:\d+\.\d+\.\d+", container["image"])


def test_the_example_opens_the_broker_to_external_clients(example: list[Manifest]) -> None:
    assert "broker-external" in of_kind(example, "Service")


def test_images_are_built_with_the_tag_that_the_manifests_run(example: list[Manifest]) -> None:
    tags = {container["image"].rpartition(":")[2] for manifest in example for container in containers(manifest)}
    assert set(re.findall(r"registry\.example/culture-connect/\S+?:([\d.]+)", GUIDE)) == tags


def test_selectors_of_commands_take_something() -> None:
    labels = {pair for manifest in overlay("small") for pair in manifest["metadata"]["labels"].items()}
    named = re.findall(r"--selector=(\S+?)=(\S+?)[\s`)]", GUIDE)
    assert named
    assert set(named) <= labels


def test_objects_of_commands_exist() -> None:
    names = {f"deployment/{name}" for name in of_kind(overlay("small"), "Deployment")}
    named = set(re.findall(r"\bdeployment/[a-z]+", GUIDE))
    assert named == names


def test_the_secrets_are_made_for_the_names_that_the_services_have_in_the_cluster(tmp_path: Path) -> None:
    commands = set(re.findall(r"^culture-connect (secrets init .*)$", GUIDE, re.MULTILINE))
    (command,) = commands
    words = [str(tmp_path) if word == "$SECRETS" else word for word in shlex.split(command)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    for setting, address in (("core", ADDRESSES.broker), ("database", ADDRESSES.database)):
        url = (tmp_path / "registration" / f"culture_connect_{setting}_url").read_text(encoding="utf-8")
        assert url.split("@")[1].startswith(f"{address}/")
    assert ADDRESSES.broker_tls


def test_the_table_of_secrets_is_complete(cluster_secrets: dict[str, object]) -> None:
    table = GUIDE.partition("| Secret |")[2].partition("\n\n")[0]
    named = {name for line in table.splitlines()[2:] for name in re.findall(r"`([a-z-]+)`", line.split("|")[1])}
    assert named == {*cluster_secrets, "database-ca", "pages-tls", "interfaces-tls"}


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_guide_tells_of_every_overlay_and_component(name: str) -> None:
    assert f"| `{name}` |" in GUIDE
    for component in (FOLDER / "components").iterdir():
        assert f"`{component.name}`" in GUIDE
