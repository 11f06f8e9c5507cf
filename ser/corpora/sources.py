"""Where a corpus comes from: what a command may fetch, and what to do where none may."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from ser.params import Printable, Section

Line = Annotated[str, Field(max_length=500), Printable]


class Source(Section):
    """Where a corpus comes from.

    Attributes:
        how_to: steps for the user where no command fetches the corpus.
        url: the archive that a command fetches; empty where there is none.
        file: the archive's name.
        checksum: of the archive, as its publisher states it: ``algorithm:hexadecimal``.
        n_bytes: size of the archive.
        n_unpacked_bytes: size of the recordings in it, approximately.
        suffixes: which of its files are unpacked: the recordings, and the table if there is one.
    """

    how_to: list[Line] = Field(default_factory=list, max_length=20)
    url: Line = ""
    file: Annotated[str, Field(pattern=r"^([\w-][\w.-]*)?$", max_length=100)] = ""
    checksum: Annotated[str, Field(pattern=r"^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})?$")] = ""
    n_bytes: Annotated[int, Field(ge=0)] = 0
    n_unpacked_bytes: Annotated[int, Field(ge=0)] = 0
    suffixes: list[Line] = Field(default=[".wav"])

    @model_validator(mode="after")
    def _fetched_or_explained(self) -> Self:
        if bool(self.url) == bool(self.how_to):
            raise ValueError("expected either a url to fetch or how_to, the steps to get it")
        if self.url and not (self.file and self.checksum and self.n_bytes):
            raise ValueError("expected file, checksum and n_bytes of what the url leads to")
        return self
