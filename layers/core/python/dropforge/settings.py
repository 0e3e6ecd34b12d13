"""The environment of a function, read once at its cold start."""

from __future__ import annotations

import os
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from dropforge.errors import SettingsError


class Settings(BaseModel):
    """Base of the one settings class of each function: field `kms_key_arn` is variable `KMS_KEY_ARN`."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def read(cls) -> Self:
        """The settings from the environment.

        Raises:
            SettingsError: a variable is missing or malformed; names each.
        """
        found = {n: os.environ[n.upper()] for n in cls.model_fields if n.upper() in os.environ}
        try:
            return cls.model_validate(found)
        except ValidationError as error:
            wrong = "; ".join(f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
            raise SettingsError(f"Environment of the function: {wrong}. Set it in the row's stack.") from None
