"""What a script may raise to refuse a content type."""


class UnsupportedFormatError(Exception):
    """The content type is not supported."""

    def __init__(self, content_type: str) -> None:
        super().__init__(f"Content type {content_type} is not supported by this framework.")
