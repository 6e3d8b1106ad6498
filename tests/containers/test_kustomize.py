"""The manifests as the real kustomize renders them: Debian's, which needs a newer Debian than the tests."""

from collections.abc import Iterable

import pytest
import yaml

from tests.containers.base_images import TRIXIE
from tests.containers.engine import docker
from tests.deploy.kubernetes.rendering import FOLDER, OVERLAYS, Manifest, overlay

pytestmark = pytest.mark.timeout(300)

INSTALL = "apt-get update -q >&2 && apt-get install -q -y --no-install-recommends kustomize >&2"


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_rendering_of_the_tests_is_that_of_kustomize(name: str) -> None:
    render = f"{INSTALL} && kustomize build /manifests/overlays/{name}"
    rendered = docker("run", "--rm", f"--volume={FOLDER}:/manifests:ro", TRIXIE, "sh", "-c", render)
    assert by_name(overlay(name)) == by_name(yaml.safe_load_all(rendered))


def by_name(manifests: Iterable[Manifest]) -> dict[tuple[str, str], Manifest]:
    """The manifests by kind and name."""
    return {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in manifests}
