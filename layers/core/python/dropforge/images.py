"""URIs of the SageMaker images that Dropforge uses, by region (image_uris.json; tools/image_uris.py made it)."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any


class ImageRegionError(Exception):
    """AWS does not publish that image in that region; the message lists the regions where it does."""


class UnknownFrameworkError(Exception):
    """image_uris.json has no image of that name; the message lists the names."""


# [<registry>/]<path/of/repository>[:<tag>][@<digest>]
_URI = re.compile(r"^(?:(?P<registry>[^/]+[.:][^/]+)/)?(?P<repository>[^:@]+)(?::[^@]+)?(?:@.+)?$")


@functools.cache
def _data() -> dict[str, Any]:
    text = Path(__file__).with_name("image_uris.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def image_uri(framework: str, region: str) -> str:
    """Return the ECR URI of AWS's image for `framework` (`xgboost`, `sklearn`, …) in `region`.

    Raises UnknownFrameworkError, and ImageRegionError for a region in which AWS does not publish it.
    """
    frameworks = _data()["frameworks"]
    if framework not in frameworks:
        raise UnknownFrameworkError(f"no image for {framework!r}: image_uris.json has {', '.join(frameworks)}")
    image = frameworks[framework]
    account = image["accounts"].get(region)
    if account is None:
        raise ImageRegionError(
            f"AWS publishes no {framework} image in {region!r}; it does in {', '.join(image['accounts'])}"
        )
    domains = _data()["domains"]
    tag = f":{image['tag']}" if image["tag"] else ""
    return f"{account}.dkr.ecr.{region}.{domains.get(region, domains['*'])}/{image['repository']}{tag}"


def framework_of(uri: str) -> str | None:
    """Return which of AWS's frameworks an image URI is (`xgboost`, …), None for any other image.

    The repository's name decides, so that a copy in the user's own registry counts as well.
    """
    match = _URI.match(uri)
    if match is None:
        return None
    repository = match["repository"].rsplit("/", 1)[-1]
    return next((n for n, image in _data()["frameworks"].items() if image["repository"] == repository), None)
