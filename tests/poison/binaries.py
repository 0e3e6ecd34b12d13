"""Files of other formats in a table's clothes: told by their content, whatever their name."""

from __future__ import annotations

import pickle

from tests.poison.case import Case, refused

BOMB = b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY l2 "&lol;&lol;&lol;">]><lolz>&l2;</lolz>'
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, ("touch /tmp/poison-was-here",)


HEADS: dict[str, tuple[bytes, str]] = {
    "xml_entities": (BOMB, "XML or HTML"),
    "xml_external_entity": (OUTSIDE, "XML or HTML"),
    "xml_without_declaration": (b"<rows>\n  <row><x>1</x></row>\n</rows>", "XML or HTML"),
    "xml_utf16": (b"\xff\xfe" + '<?xml version="1.0"?><a>1,2</a>'.encode("utf-16-le"), "XML or HTML"),
    "html": (b"<!DOCTYPE html><html><body>Access denied, sorry</body></html>", "XML or HTML"),
    "html_upper_case": (b"\n <HTML><BODY>1,2</BODY></HTML>", "XML or HTML"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "XML or HTML"),
    "pdf": (b"%PDF-1.7\n1 0 obj\n", "a PDF"),
    "postscript": (b"%!PS-Adobe-3.0\n", "PostScript"),
    "rtf": (b"{\\rtf1\\ansi hello}", "RTF"),
    "elf": (b"\x7fELF\x02\x01\x01" + b"\0" * 50, "ELF program"),
    "windows_program": (b"MZ\x90\0\x03\0\0\0\x04" + b"\0" * 60, "Windows program"),
    "java_class": (b"\xca\xfe\xba\xbe\0\0\0\x41", "Java class"),
    "wasm": (b"\0asm\x01\0\0\0", "WebAssembly"),
    "script": (b"#!/bin/sh\nrm -rf /, now\n", "a script"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG image"),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG image"),
    "gif": (b"GIF89a\x01\0\x01\0", "GIF image"),
    "bmp": (b"BM\x36\0\0\0\0\0\0\0\x36\0", "BMP image"),
    "tiff": (b"II*\0\x08\0\0\0", "TIFF image"),
    "webp": (b"RIFF\x24\0\0\0WEBPVP8 ", "WebP"),
    "mp4": (b"\0\0\0\x20ftypisom", "MP4"),
    "mp3": (b"ID3\x03\0\0\0\0\0\0", "MP3"),
    "excel_old": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel workbook or another"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\x04", "7z archive"),
    "rar": (b"Rar!\x1a\x07\x01\0", "rar archive"),
    "zstd": (b"(\xb5/\xfd\x04\0", "zstd archive"),
    "lz4": (b"\x04\x22\x4d\x18\x64\x40", "lz4 archive"),
    "avro": (b"Obj\x01\x04\x14avro.codec", "Avro"),
    "orc": (b"ORC\x08\x03\x10\0", "ORC"),
    "arrow": (b"ARROW1\0\0\xff\xff\xff\xff", "Arrow file"),
    "hdf5": (b"\x89HDF\r\n\x1a\n", "HDF5"),
    "numpy": (b"\x93NUMPY\x01\0v\0{'descr': '<f8'}", "NumPy array"),
    "sqlite": (b"SQLite format 3\0\x10\0", "SQLite"),
    "java_object": (b"\xac\xed\0\x05sr\0\x11java.util.HashMap", "serialised Java object"),
    "pem": (b"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n", "PEM key"),
    "git_lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "Git LFS pointer"),
    "encrypted_parquet": (b"PARE" + b"\0" * 20 + b"PARE", "encrypted Parquet"),
    "pickle_4": (pickle.dumps(_Evil(), 4), "Python pickle"),
    "pickle_2": (pickle.dumps({"x": [1, 2]}, 2), "Python pickle"),
    "pickle_0": (b"cos\nsystem\n(S'touch /tmp/poison-was-here'\ntR.", "Python pickle"),
    "random": (bytes(range(128, 256)) * 40 + bytes(range(256)) * 8, "NUL byte|neither UTF-8|longer"),
}

CASES: list[Case] = [refused(f"binary_{name}", head, reason) for name, (head, reason) in HEADS.items()]
