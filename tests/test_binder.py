"""What Binder would build, as repo2docker renders it. Rendering needs no container engine."""

import contextlib
import re
import stat

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from repo2docker.app import Repo2Docker
from test_project import ROOT, project, requirements

BINDER = ROOT / ".binder"


@pytest.fixture(scope="module")
def rendered():
    """The build pack that repo2docker chooses for this repository, and its Dockerfile."""
    app = Repo2Docker()
    with contextlib.chdir(ROOT):
        pack = next(pack for pack in (kind(app.base_image) for kind in app.buildpacks) if pack.detect())
        pack.platform = "linux/amd64"
        return pack, pack.render({})


def test_the_python_pack_reads_the_binder_folder(rendered):
    """Another pack, or a file at the root that shadows the folder, would install something else."""
    pack, dockerfile = rendered
    assert type(pack).__name__ == "PythonBuildPack"
    assert pack.binder_dir == ".binder" and pack.python_version == "3.11"  # the default is another Python
    assert re.search(r'pip install .*-r "?\.binder/requirements\.txt', dockerfile)


def test_package_is_installed_after_the_build(rendered):
    """The requirements are a layer of their own; the package comes on top, without pulling in anything."""
    pack, dockerfile = rendered
    assert pack.get_post_build_scripts() == [".binder/postBuild"]
    assert "RUN ./.binder/postBuild" in dockerfile
    assert "--no-deps" in (BINDER / "postBuild").read_text()


def test_start_script_sets_the_threads(rendered):
    """One core, one thread; and the server must still be started."""
    pack, dockerfile = rendered
    assert pack.get_start_script().endswith("/.binder/start")
    assert re.search(r'ENV R2D_ENTRYPOINT=".*/\.binder/start"', dockerfile)
    start = (BINDER / "start").read_text()
    assert "export OMP_NUM_THREADS=1" in start and start.rstrip().endswith('exec "$@"')


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_scripts_can_be_run(name):
    """Git keeps the bit, and repo2docker needs it."""
    path = BINDER / name
    assert path.read_text().startswith("#!/bin/bash\n")
    assert path.stat().st_mode & stat.S_IXUSR


def test_requirements_are_a_stable_layer(rendered):
    """They are installed before the rest of the repository is there, so that a commit leaves the layer alone."""
    dockerfile = rendered[1]
    assert dockerfile.index(".binder/requirements.txt ") < dockerfile.index("COPY --chown=1000:1000 src/ ")
    # A reference to another file would force everything to be copied first.
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    options = [line for line in lines if line.startswith("-")]
    assert options == ["--extra-index-url https://download.pytorch.org/whl/cpu"]


def test_pins_are_those_of_the_root():
    """Binder runs the versions that the tests ran, and the CPU builds of the two frameworks."""
    root, binder = requirements("requirements.txt"), requirements(".binder/requirements.txt")
    assert binder.pop("torch") == f"{root['torch']}+cpu"
    assert binder.pop("tensorflow-cpu") == root["tensorflow"]
    assert binder == {name: root[name] for name in binder}


def test_pins_cover_the_package():
    """``--no-deps`` installs nothing, so each dependency of the package must be pinned for Binder."""
    needed = {canonicalize_name(Requirement(line).name) for line in project()["dependencies"]}
    assert needed <= requirements(".binder/requirements.txt").keys()
