"""JSON Lines that are broken, odd or hostile."""

from __future__ import annotations

import json

from tests.poison.case import MIB, Case, as_gzip, hollow, read, refused, repeated

AB = ["a", "b"]
FLAT = "one flat object"


def _read(id: str, content: bytes | str, rows: list[list[str]] | int, names: list[str] | None = None) -> Case:  # noqa: A002
    return read(f"json_{id}", content, rows, names or AB, "data.jsonl")


def _refused(id: str, content: bytes | str, reason: str) -> Case:  # noqa: A002
    return refused(f"json_{id}", content, reason, "data.jsonl")


def _keys(start: int, count: int) -> str:
    return json.dumps({f"k{n}": n for n in range(start, start + count)}) + "\n"


CASES: list[Case] = [
    _read("plain", '{"a": 1, "b": "x"}\n{"b": "y", "a": 2}\n', [["1", "x"], ["2", "y"]]),
    read("json_by_content", '{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n', [["1", "x"], ["2", "y"]], AB, "data.csv"),
    _read(
        "keys_come_later",
        '{"a": 1}\n{"b": 2}\n{"c": 3}\n',
        [["1", "", ""], ["", "2", ""], ["", "", "3"]],
        ["a", "b", "c"],
    ),
    _read("null_and_booleans", '{"a": null, "b": true}\n{"a": false, "b": ""}\n', [["", "true"], ["false", ""]]),
    _read("nan_and_infinity", '{"a": NaN, "b": -Infinity}\n', [["NaN", "-Infinity"]]),
    _read("huge_integer", '{"a": ' + "9" * 10_000 + ', "b": 1}\n', [["9" * 10_000, "1"]]),
    _read("huge_exponent", '{"a": 1e999999, "b": -1E-999999}\n', [["1e999999", "-1E-999999"]]),
    _read("numbers_stay_as_written", '{"a": 1.10, "b": 0.1e1}\n', [["1.10", "0.1e1"]]),
    _read("mark_and_crlf", b'\xef\xbb\xbf{"a": 1, "b": 2}\r\n{"a": 3, "b": 4}\r\n', [["1", "2"], ["3", "4"]]),
    _read("utf16", b"\xff\xfe" + '{"a": "ä", "b": 2}\n'.encode("utf-16-le"), [["ä", "2"]]),
    _read("gzipped", as_gzip(b'{"a": 1, "b": 2}\n'), [["1", "2"]]),
    _read("blank_lines", '\n\n{"a": 1, "b": 2}\n\n \n{"a": 3, "b": 4}', [["1", "2"], ["3", "4"]]),
    _read("formula", '{"a": "=CMD()", "b": "<script>"}\n', [["=CMD()", "<script>"]]),
    _read("escaped_controls", '{"a": "x\\u001b[2J", "b": "\\u202ey"}\n', [["x\x1b[2J", "\u202ey"]]),
    _read("brackets_in_strings", '{"a": "' + "[{" * 5000 + '", "b": "\\"[[["}\n', [["[{" * 5000, '"[[[']]),
    _read("prototype_keys", '{"__proto__": 1, "constructor": 2}\n', [["1", "2"]], ["__proto__", "constructor"]),
    _read("look_alike_keys", '{"a": 1, "\u0430": 2}\n', [["1", "2"]], ["a", "\u0430"]),
    _read("emoji", '{"a": "\\ud83d\\ude00", "b": 1}\n', [["😀", "1"]]),
    _read("long_string", json.dumps({"a": "x" * (MIB - 100), "b": 1}) + "\n", 1),
    _read("as_many_keys_as_may_be", _keys(0, 20_000), 1, [f"k{n}" for n in range(20_000)]),
    _refused("deep_lists", '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}\n", "nested more than 32 deep"),
    _refused("deep_objects", '{"a":' * 100_000 + "1" + "}" * 100_000 + "\n", "nested more than 32 deep"),
    _refused("deep_and_unclosed", "[" * 500_000 + "\n", "nested more than 32 deep"),
    _refused(
        "deep_late", '{"a": 1, "b": 2}\n' * 100 + '{"a": ' + "[" * 200 + "]" * 200 + "}\n", "line 101: nested more"
    ),
    _refused("deep_behind_a_broken_string", '{"a": "' + "\\" + '"' + "[" * 50_000 + "\n", "no JSON object"),
    _refused("nested_object", '{"a": 1, "b": {"c": 2}}\n', "'b' holds an object"),
    _refused("nested_list", '{"a": 1, "b": [1, 2]}\n', "'b' holds a list"),
    _refused("double_key", '{"a": 1, "a": 2}\n', "the key 'a' occurs twice"),
    _refused("double_key_escaped", '{"a": 1, "\\u0061": 2}\n', "the key 'a' occurs twice"),
    _refused("nul_in_a_string", '{"a": "x\\u0000y", "b": 1}\n', "holds a NUL"),
    _refused("raw_nul", b'{"a": "x\0y", "b": 1}\n', "a NUL byte"),
    _refused("lone_surrogate", '{"a": "\\ud800", "b": 1}\n', "half a character"),
    _refused("lone_surrogate_in_a_key", '{"\\udfff": 1, "b": 1}\n', "cannot name a column"),
    _refused("empty_key", '{"": 1, "b": 1}\n', "cannot name a column"),
    _refused("very_long_key", json.dumps({"k" * 2000: 1}) + "\n", "cannot name a column"),
    _refused("too_many_keys_in_all", "".join(_keys(n, 2000) for n in range(0, 22_000, 2000)), "different keys so far"),
    _refused("a_list_in_a_file", '[{"a": 1}, {"a": 2}]\n', "an object is expected, found a list"),
    _refused("pretty_printed", '{\n  "a": 1,\n  "b": 2\n}\n', "JSON Lines"),
    refused("json_pretty_printed_as_csv", '{\n  "a": 1,\n  "b": 2\n}\n', "JSON Lines", "data.csv"),
    _refused("single_values", "1\n2\n", "an object is expected, found a single value"),
    _refused("empty_objects", "{}\n{}\n", "no object has a key"),
    _refused("comments", '// data\n{"a": 1, "b": 2}\n', "JSON Lines"),
    _refused("trailing_comma", '{"a": 1, "b": 2,}\n', FLAT),
    _refused("two_objects_in_a_line", '{"a": 1}{"a": 2}\n', FLAT),
    _refused("cut_off", '{"a": 1, "b": 2}\n{"a": 1, "b"', "line 2"),
    _refused("csv_in_a_json_file", "a,b\n1,2\n", "JSON Lines"),
    _refused("raw_control_in_a_string", '{"a": "x\x01y"}\n', "line 1"),
    refused("json_line_of_5_gb", hollow(b'{"a": "', 5 * 1024 * MIB, b'"}\n'), "longer than 1 MiB", "data.jsonl"),
    refused(
        "json_long_line_late",
        repeated(b'{"a": 1, "b": 2}\n', b'{"a": 1, "b": 2}\n' * 100, 50, b'{"a": "' + b"x" * 2 * MIB),
        "line 5002",
        "data.jsonl",
    ),
]
