"""What a file is, by its first bytes; names and content types lie."""

from __future__ import annotations

import re

#: Enough for every pattern here, a tar's among them.
HEAD_BYTES = 1024

_PREFIXES = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"PK\x07\x08", "a part of a zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"(\xb5/\xfd", "a zstd archive"),
    (b"\x04\x22\x4d\x18", "an lz4 archive"),
    (b"\x1f\x9d", "a compress (.Z) archive"),
    (b"MSCF\x00", "a cabinet archive"),
    (b"!<arch>\n", "an ar archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook or another Office document"),
    (b"PARE", "an encrypted Parquet file"),
    (b"Obj\x01", "an Avro file"),
    (b"ARROW1\x00\x00", "an Arrow file"),
    (b"FEA1", "a Feather file"),
    (b"\x89HDF\r\n", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"GGUF", "a GGUF model"),
    (b"%PDF-", "a PDF"),
    (b"%!PS", "a PostScript document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x7fELF", "an ELF program"),
    (b"\x00asm", "a WebAssembly program"),
    (b"\xca\xfe\xba\xbe", "a Java class or Mach-O program"),
    (b"\xfe\xed\xfa", "a Mach-O program"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O program"),
    (b"\xac\xed\x00\x05", "a serialised Java object"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"OggS\x00", "an Ogg file"),
    (b"fLaC\x00", "a FLAC file"),
    (b"\x1aE\xdf\xa3", "a Matroska video"),
    (b"-----BEGIN ", "a PEM key or certificate"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file that it stands for"),
    (b"#!", "a script"),
)
_PATTERNS = (
    (re.compile(rb"BZh[1-9]1AY&SY"), "a bzip2 archive"),
    (re.compile(rb"MZ.{0,62}\x00", re.DOTALL), "a Windows program"),
    (re.compile(rb"ORC.{0,16}[\x00-\x08]", re.DOTALL), "an ORC file"),
    (re.compile(rb"BM.{4}\x00\x00\x00\x00", re.DOTALL), "a BMP image"),
    (re.compile(rb"RIFF.{4}(?:WEBP|WAVE|AVI )", re.DOTALL), "a WebP, WAV or AVI file"),
    (re.compile(rb".{4}ftyp", re.DOTALL), "an MP4 or HEIC file"),
    (re.compile(rb"ID3[\x02-\x04]"), "an MP3 file"),
    (re.compile(rb"\x80[\x02-\x05](?:[\x95\]\x7d\x28cX\x8cKGN])", re.DOTALL), "a Python pickle"),
    (re.compile(rb"(?:c[\w.]+\n[\w.]+\n|[(\]}][dl]?p[0-9]+\n)"), "a Python pickle"),
    (re.compile(rb"\s*<(?:\?xml|!doctype|!entity|!--|html|svg)", re.IGNORECASE), "XML or HTML"),
    (re.compile(rb"\s*<[a-z][\w:.-]*(?:\s[^<>]*)?>\s*<", re.IGNORECASE), "XML or HTML"),
    (re.compile(rb".{257}ustar", re.DOTALL), "a tar archive"),
)
_TAR_BLOCK = 512


def binary_kind(head: bytes) -> str | None:
    """What a file that begins with `head` is, if it is a known format other than a text table or Parquet."""
    for prefix, meaning in _PREFIXES:
        if head.startswith(prefix):
            return meaning
    for pattern, meaning in _PATTERNS:
        if pattern.match(head):
            return meaning
    return "a tar archive" if _old_tar(head[:_TAR_BLOCK]) else None


def _old_tar(block: bytes) -> bool:
    """Whether it is the head of a tar's member, by its checksum: the oldest tars have no magic."""
    if len(block) < _TAR_BLOCK or b"\0" not in block[:100]:
        return False
    field = block[148:156].strip(b" \0")
    if not re.fullmatch(rb"[0-7]+", field):
        return False
    return int(field, 8) == sum(block[:148]) + sum(block[156:]) + 8 * 0x20
