"""What stands in more than one file says the same everywhere."""

import ast
import json
import pkgutil
import re
import sys
import tomllib
from collections import Counter
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import tsattn_lab
import tsattn_tutorial
from notebook_checks import texts
from notebook_dependencies import parse_cell

ROOT = Path(__file__).resolve().parents[1]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
REPOSITORY = CONFIG["repository"]["url"]
NAME = REPOSITORY.removeprefix("https://github.com/")
PAGES = ["book/index.md", "README.md"]
BINDER = f"{CONFIG['launch_buttons']['binderhub_url']}/v2/gh/{NAME}/{CONFIG['repository']['branch']}"


def read(name: str) -> str:
    """Text of a file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def citation() -> dict:
    """The citation file."""
    return yaml.safe_load(read("CITATION.cff"))


def project() -> dict:
    """The package's own description."""
    return tomllib.loads(read("pyproject.toml"))["project"]


def requirements(name: str) -> dict[str, str]:
    """Package -> pin of a requirements file."""
    lines = [line for line in read(name).splitlines() if line and not line.startswith(("#", "-"))]
    return {canonicalize_name(Requirement(line).name): str(Requirement(line).specifier) for line in lines}


def contents() -> set[str]:
    """Every page in the table of contents, without its ending."""
    toc = yaml.safe_load(read("_toc.yml"))
    return {toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])}


def test_address_of_the_repository():
    """The configuration, the citation and the package name one repository."""
    assert citation()["repository-code"] == REPOSITORY
    assert project()["urls"]["Repository"] == REPOSITORY


def test_binder_badge():
    """The badge opens the branch and the folder that the launch buttons open."""
    assert re.search(r"\[!\[Binder\]\([^)]+\)\]\((.+)\)", read("README.md"))[1] == f"{BINDER}?urlpath=lab/tree/book"


def test_no_other_address():
    """Wherever a file names a repository of this name, or one on Binder, it is this one."""
    files = [*ROOT.glob("*.*"), *(ROOT / "book").glob("*.*"), *(ROOT / ".github").rglob("*.yml")]
    others = []
    for path in files:
        if path.suffix not in {".cff", ".ipynb", ".md", ".toml", ".yml"}:
            continue
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"github\.com/([\w-]+/tsattn-tutorial[\w-]*)|mybinder\.org/v2/gh/([\w-]+/[\w-]+)", text)
        others += [(path.name, name) for names in found for name in names if name and name != NAME]
    assert not others


def test_version():
    """The package has the version; the citation and the changelog follow."""
    assert citation()["version"] == tsattn_tutorial.__version__
    assert re.search(r"^## \[([\d.]+)\]", read("CHANGELOG.md"), re.MULTILINE)[1] == tsattn_tutorial.__version__


def test_authors():
    """One name for all of us."""
    authors = CONFIG["author"]
    assert [author["name"] for author in citation()["authors"]] == [authors]
    assert [author["name"] for author in project()["authors"]] == [authors]
    assert f"Copyright (c) 2026 {authors}" in read("LICENSE")


def test_licences():
    """Code under MIT, text and figures under CC BY 4.0: in the licence, the citation, the package and the footer."""
    assert project()["license"] == "MIT"
    assert citation()["license"] == ["MIT", "CC-BY-4.0"]
    for text in (read("LICENSE"), read("README.md"), CONFIG["html"]["extra_footer"]):
        assert "MIT" in text
        assert "CC BY 4.0" in text


def test_ruff_of_pre_commit():
    """One version formats, at a commit and in the checks."""
    (hooks,) = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    assert hooks["rev"].removeprefix("v") == requirements("requirements.txt")["ruff"].removeprefix("==")


def test_pins():
    """Everything is pinned to one exact public version, once."""
    direct, indirect = requirements("requirements.txt"), requirements("constraints.txt")
    assert not direct.keys() & indirect.keys()
    for name, pin in (direct | indirect).items():
        assert re.fullmatch(r"==[\w.]+", pin), (name, pin)


def test_pins_satisfy_the_package():
    """What is installed for the book is what the package says it works with."""
    direct = requirements("requirements.txt")
    extras = project()["optional-dependencies"]
    for line in [*project()["dependencies"], *(item for items in extras.values() for item in items)]:
        needed = Requirement(line)
        assert direct[canonicalize_name(needed.name)].removeprefix("==") in needed.specifier, line


def third_party(*folders: str) -> set[str]:
    """Distributions of others that the files below these folders import."""
    distributions = {
        "PIL": "pillow",
        "bs4": "beautifulsoup4",
        "fontTools": "fonttools",
        "repo2docker": "jupyter-repo2docker",
        "sklearn": "scikit-learn",
        "yaml": "pyyaml",
    }
    own = {path.stem for folder in ("tools", "book/_ext", "tests") for path in (ROOT / folder).glob("*.py")}
    own |= {path.parent.name for path in (ROOT / "book" / "_ext").glob("*/__init__.py")}
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    imported = set()
    for tree in (ast.parse(path.read_text(encoding="utf-8")) for path in files):
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            imported |= {name.partition(".")[0] for name in names}
    others = imported - own - sys.stdlib_module_names - {"", "tsattn_lab", "tsattn_tutorial"}
    return {canonicalize_name(distributions.get(name, name)) for name in others}


def test_imports_are_pinned():
    """Whatever the packages, the tests, the tools or the extension import is a direct requirement."""
    assert not third_party("src", "tests", "tools", "book/_ext") - requirements("requirements.txt").keys()


@pytest.mark.parametrize("page", PAGES)
def test_install_line(page):
    """It names this repository and extras that exist, and they bring what the classifier imports."""
    extras, address = re.search(r'"tsattn-tutorial\[([\w,]+)\] @ git\+(\S+)"', read(page)).groups()
    assert address == REPOSITORY
    lines = [line for extra in extras.split(",") for line in project()["optional-dependencies"][extra]]
    brought = {canonicalize_name(Requirement(line).name) for line in [*project()["dependencies"], *lines]}
    folders = [f"src/tsattn_tutorial/{name}" for name in ("estimator", "torch", "datasets")]
    assert {"aeon", "torch"} <= third_party(*folders) <= brought


def test_every_chapter_is_in_the_contents():
    """A chapter that nobody can reach is not published."""
    files = {f"book/{path.stem}" for kind in ("*.ipynb", "*.md") for path in (ROOT / "book").glob(kind)}
    assert files == contents()


def test_every_chapter_is_on_the_map():
    """The table of the README shows all chapters; the landing page takes them from the table of contents."""
    for path in (ROOT / "book").glob("*.ipynb"):
        assert f"(book/{path.name})" in read("README.md")


def section(link: str) -> str:
    """What a section of a chapter says and prints, in one line: NAME.ipynb#its-heading."""
    name, _, wanted = link.partition("#")
    inside, kept = 0, []
    for cell in nbformat.read(ROOT / "book" / name, as_version=4).cells:
        prose = cell.cell_type == "markdown"
        for line in "\n".join([cell.source] if prose else texts(cell)).splitlines():
            if heading := re.match("(#+) (.+)", line) if prose else None:
                level, anchor = len(heading[1]), re.sub(r"[^\w -]", "", heading[2].lower()).replace(" ", "-")
                inside = level if anchor == wanted else inside * (level > inside)
            kept += [line] if inside else []
    return re.sub(r"\s+", " ", " ".join(kept)).replace("[ ", "[")


def findings(page: str) -> dict[str, str]:
    """Situation -> what we found, from the table of a first page."""
    table = re.search(r"\| Your series \|.*?\n\n", read(page), re.DOTALL)[0]
    return {cells[1]: cells[2] for cells in (line.split("|") for line in table.strip().splitlines()[2:])}


def without_links(text: str) -> str:
    """Text whose links lead nowhere."""
    return re.sub(r"\]\([^)]+\)", "", text)


def missing(found: str, stated: str) -> list[str]:
    """Numbers of a finding, with their intervals, that do not stand in a text."""
    numbers = re.findall(r"[-+]?\d+(?:[.,]\d+)*(?: ?%| of \d+)?(?: \[[^]]+\])?", without_links(found))
    assert numbers, found
    return [one for one in numbers if not re.search(rf"(?<![\w.]){re.escape(one)}(?![\w.]*\d)", stated)]


def test_findings_are_those_of_the_chapters():
    """Every number of the first page stands, with its interval, in the section that its line links to."""
    assert len(findings("book/index.md")) == 6
    for found in findings("book/index.md").values():
        (link,) = re.findall(r"\]\(([^)]+)\)", found)
        assert not missing(found, section(link)), link


def test_findings_of_the_readme():
    """They are some of the same."""
    known = findings("book/index.md")
    for situation, found in findings("README.md").items():
        assert without_links(found) == without_links(known[situation])


def chapter_imports() -> dict[str, set[str]]:
    """Chapter -> what it imports from our packages, as module.name."""
    found = {}
    for path in (ROOT / "book").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        trees = [parse_cell("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]
        nodes = [node for tree in trees if tree for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        ours = [node for node in nodes if (node.module or "").startswith("tsattn_")]
        found[path.stem] = {f"{node.module}.{alias.name}" for node in ours for alias in node.names}
    return found


def test_chapters_need_few_names():
    """A reader meets at most sixty, and only the chapter on the results needs the lab."""
    imports = chapter_imports()
    assert len(set().union(*imports.values())) <= 60
    assert {chapter for chapter, names in imports.items() if any("tsattn_lab" in name for name in names)} == {"sweep"}


@pytest.mark.parametrize("package", ["tsattn_tutorial", "tsattn_lab"])
def test_no_two_files_share_a_name(package):
    """But for the mirror images of the two frameworks: a stranger who looks for a file finds one."""
    names = Counter(path.name for path in (ROOT / "src" / package).rglob("*.py"))
    assert {name for name, count in names.items() if count > 1} <= {"__init__.py", "__main__.py", "fit.py"}


@pytest.mark.parametrize(
    "module",
    [
        f"{package.__name__}.{module.name}"
        for package in (tsattn_tutorial, tsattn_lab)
        for module in pkgutil.iter_modules(package.__path__)
        if module.name not in ("__main__", "bench")  # command lines
    ],
)
def test_every_module_is_documented(module):
    """A public module without a section on the API page would be hard to find."""
    assert f"automodule:: {module}\n" in read("book/api.md")
