"""What the models of `project.yaml` have in common.

A section that few projects have is a `part`: its module is imported, and its model built, when a file has it. So the
functions that only train or deploy start as fast as if it were not there.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import core_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

INSTANCE = r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$"
Instance = Annotated[str, Field(pattern=INSTANCE, examples=["ml.m5.large"])]
Share = Annotated[float, Field(ge=0, lt=1)]
Seconds = Annotated[int, Field(ge=0, le=3600)]
Word = Annotated[str, Field(min_length=1, max_length=255)]
# Who does what AWS has closed to new accounts (../shared/aws/availability.md): we, or AWS.
Engine = Literal["builtin", "managed"]
# botocore, sagemaker: VariantName and HyperParameterTuningJobName (32 there).
AWS_NAME = r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$"

_SPELLINGS = {"realtime": "real_time", "async": "asynchronous", "a_b": "ab"}


def _spelt(value: Any) -> Any:
    """`Real-time`, `all at once`, `A/B`: as people write it, to one spelling."""
    if not isinstance(value, str):
        return value
    word = value.strip().lower().translate(str.maketrans(" -/", "___"))
    return _SPELLINGS.get(word, word)


Mode = Literal["real_time", "serverless", "asynchronous", "batch"]
Strategy = Literal["all_at_once", "canary", "linear", "rolling", "ab", "shadow"]
AnyMode = Annotated[Mode, BeforeValidator(_spelt)]
AnyStrategy = Annotated[Strategy, BeforeValidator(_spelt)]


class Section(BaseModel):
    """Base of every part of the file: unknown keys and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True)


class Switched(Section):
    """A part that is on when it is there, unless it says `enabled: false`."""

    enabled: bool = Field(default=True, description="`false` keeps the block without using it.")


class Part:
    """Pydantic's view of a model in a module that is imported when a value comes."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def model(self) -> type[Section]:
        """The model, imported now."""
        found: type[Section] = getattr(import_module(f"dropforge.{self.module}"), self.name)
        return found

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        metadata = {"pydantic_js_functions": [self._json]}
        return core_schema.no_info_plain_validator_function(self._validate, metadata=metadata)

    def _validate(self, value: Any) -> Section:
        # A ValidationError in here keeps its locations: pydantic puts them behind those of the whole.
        return self.model().model_validate(value)

    def _json(self, _: Any, handler: Callable[[Any], JsonSchemaValue]) -> JsonSchemaValue:
        model = self.model()
        model.model_rebuild()
        return handler(model.__pydantic_core_schema__)


def part(module: str, name: str) -> Any:
    """The annotation for a model of `dropforge.<module>` that is imported only when a file has it."""
    return Annotated[Any, Part(module, name)]


def on(block: Switched | None) -> bool:
    """Whether the block is there and not switched off."""
    return block is not None and block.enabled
