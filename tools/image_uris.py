"""Generate layers/core/python/dropforge/image_uris.json from the image data of the `sagemaker-core` package.

AWS publishes the registry accounts of its images nowhere else in a machine-readable form. The package is
downloaded to a temporary directory and read as data; it is not installed.

    .venv/bin/python tools/image_uris.py            # the newest version of the package
    .venv/bin/python tools/image_uris.py 2.27.0     # that version
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import botocore.session

TARGET = Path(__file__).parents[1] / "layers/core/python/dropforge/image_uris.json"
FOLDER = "sagemaker/core/image_uri_config/"
# The frameworks that the rows use: the package's file, and where in it the versions are.
FRAMEWORKS = {
    "xgboost": "training",
    "sklearn": "training",
    "blazingtext": None,
    "clarify": "processing",
    "debugger": None,
    "model-monitor": None,
}


class ImageDataError(Exception):
    """The package's data does not look as this tool expects; the message names the file and field."""


def download(version: str | None, folder: Path) -> Path:
    """Download the wheel of `sagemaker-core` (the newest without a version) and return its path."""
    wanted = f"sagemaker-core=={version}" if version else "sagemaker-core"
    command = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--dest",
        str(folder),
    ]
    subprocess.run([sys.executable, *command, wanted], check=True)  # noqa: S603 (arguments are ours)
    return next(folder.glob("*.whl"))


def newest(versions: dict[str, Any]) -> str:
    """Return the newest version that every SageMaker Python can run: `3.2-0` above `1.7-1` above `1`."""
    plain = [v for v in versions if all(part.isdigit() for part in v.replace("-", ".").split("."))]
    if not plain:  # one version without a number: model-monitor's is "", debugger's "latest"
        return next(iter(versions))
    return max(plain, key=lambda v: [int(part) for part in v.replace("-", ".").split(".")])


def entry(name: str, config: dict[str, Any], scope: str | None) -> dict[str, Any]:
    """Return what the JSON says of one framework: its version, repository, tag and account by region."""
    scoped = config[scope] if scope else config
    version = newest(scoped["versions"])
    chosen = scoped["versions"][version]
    if scope == "training" and version not in config["inference"]["versions"]:
        raise ImageDataError(f"{name}.json: version {version} trains but does not serve; choose another")
    processors = chosen.get("processors") or []
    pythons = chosen.get("py_versions") or []
    # The package's own rule (image_uris._format_tag): version, processor, python; what is absent is left out.
    parts = [chosen.get("tag_prefix", version), *(["cpu"] if "cpu" in processors else []), *pythons[-1:]]
    tag = "-".join(part for part in parts if part)
    return {
        "repository": chosen["repository"],
        "tag": tag,
        "accounts": dict(sorted(chosen["registries"].items())),
    }


def registry_domains(regions: set[str]) -> dict[str, str]:
    """Return the DNS suffix of each region's partition (from botocore), except the usual amazonaws.com."""
    resolver = botocore.session.get_session().get_component("endpoint_resolver")
    found = {}
    for region in sorted(regions):
        suffix = resolver.get_partition_dns_suffix(resolver.get_partition_for_region(region))
        if suffix != "amazonaws.com":
            found[region] = suffix
    return found


def generate(wheel: Path) -> dict[str, Any]:
    """Read the wheel's image data and return the content of image_uris.json."""
    images: dict[str, Any] = {}
    with zipfile.ZipFile(wheel) as archive:
        for name, scope in FRAMEWORKS.items():
            images[name] = entry(name, json.loads(archive.read(f"{FOLDER}{name}.json")), scope)
    regions = {region for image in images.values() for region in image["accounts"]}
    return {
        "source": f"PyPI sagemaker-core {wheel.name.split('-')[1]}, {FOLDER}*.json",
        "generated": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "by": "tools/image_uris.py",
        "domains": {"*": "amazonaws.com", **registry_domains(regions)},
        "frameworks": images,
    }


def main() -> None:
    """Write image_uris.json anew."""
    with tempfile.TemporaryDirectory() as folder:
        content = generate(download(sys.argv[1] if len(sys.argv) > 1 else None, Path(folder)))
    TARGET.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"{TARGET}: {content['source']}")


if __name__ == "__main__":
    main()
