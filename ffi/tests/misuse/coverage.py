#!/usr/bin/env python3
"""Whether every function of the header is misused in every way that its prototype and
its documentation know of, and documents what it answers then:
coverage.py HEADER SYMBOLS ROWS."""

import re
import sys
from pathlib import Path

# Numbers that are no choices.
PLAIN = {"answer_limit", "burst", "height", "per_minute", "width"}
# What the opening comment of the header says of all functions.
OF_ALL = {"ok", "null_argument", "invalid_utf8", "length_invalid"}
OF_STEPS = {"misuse_entropy_missing", "misuse_entropy_reused"}
# What no row can bring about in the library that is tested.
OUT_OF_REACH = {"not_built", "in_use"}


def prototypes(header):
    """Of each function its documentation and its parameters, as (type, name)."""
    found = {}
    pattern = r"((?://[^\n]*\n)+)[\w *]+?\b(evg_\w+)\(([^)]*)\);"
    for documentation, name, inside in re.findall(pattern, header):
        parameters = [" ".join(part.split()) for part in inside.split(",")]
        parameters = [] if parameters == ["void"] else parameters
        found[name] = " ".join(documentation.replace("//", " ").split()), [re.fullmatch(r"(.*?\W)(\w+)", part).groups() for part in parameters]
    return found


def arguments(text):
    """The arguments of a row: commas within brackets and texts do not count."""
    parts, depth = [""], 0
    for token in re.findall(r'"(?:\\.|[^"\\])*"|.', text):
        depth += (token in "({") - (token in ")}")
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts]


def expected(documentation, parameters):
    """What rows there must be: how an argument is spoilt, and what then is answered."""
    yield from ((at, "NULL", "null_argument") for at, (kind, _) in enumerate(parameters) if "*" in kind)
    for at, (kind, name) in enumerate(parameters):
        if name.endswith(("_len", "_count")) and kind.strip() == "size_t":
            yield at, "SIZE_MAX", "length_invalid"
        if kind == "const char *":
            # What peers have sent is no misuse.
            foreign = "not UTF-8" in documentation and "replaced" in documentation
            yield at, r'"\xff"', None if foreign else "invalid_utf8"
        if kind.strip() == "uint32_t" and name not in PLAIN:
            yield at, "99", "unknown_tag"
    errors = documentation.partition("Errors:")[2]
    for code in re.findall(r"EVG_RESULT_(\w+)", errors):
        if code.lower() not in OUT_OF_REACH:
            yield None, None, code.lower()


def covered(rows, at, argument, answer):
    for given, seen in rows:
        spoilt = at is None or (at < len(given) and given[at] == argument)
        if spoilt and (answer is None or seen == answer or (answer.endswith("_") and seen.startswith(answer))):
            return True
    return False


def undocumented(name, documentation, answers):
    """The answers that came and are not among the errors of the documentation."""
    errors = [code.lower() for code in re.findall(r"EVG_RESULT_(\w+)", documentation.partition("Errors:")[2])]
    general = OF_ALL | (OF_STEPS if name.startswith("evg_connection_step_") else set())
    for answer in sorted(answers - general):
        if not any(answer == code or (code.endswith("_") and answer.startswith(code)) for code in errors):
            yield answer


def main(header, symbols, rows):
    functions = prototypes(Path(header).read_text())
    symbols = Path(symbols).read_text().split()
    rows = [line.split("\t") for line in Path(rows).read_text().splitlines()]
    missing, checks = [], 0
    for name in symbols:
        own = [(arguments(given), answer) for function, answer, given in rows if function == name]
        if name not in functions or not own:
            missing.append(f"{name}: no prototype, or no row at all")
            continue
        documentation, parameters = functions[name]
        # What is freed or named is told of by no result.
        told = not name.endswith(("_free", "_name"))
        for at, argument, answer in expected(documentation, parameters) if told else []:
            checks += 1
            if not covered(own, at, argument, answer):
                what = answer if at is None else f"{parameters[at][1]} = {argument}, {answer}"
                missing.append(f"{name}: {what}")
        for answer in undocumented(name, documentation, {answer for _, answer in own}):
            missing.append(f"{name}: {answer}, which came, in the documentation")
    if missing or not symbols:
        sys.exit("missing are\n" + "\n".join(missing))
    print(f"  {checks} checks hold: all {len(symbols)} functions are misused")


if __name__ == "__main__":
    main(*sys.argv[1:])
