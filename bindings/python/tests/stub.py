"""Writes `evergrant/machine.pyi`: what the generated module is, for type checkers.

The generator of UniFFI annotates its functions, but makes the variants of an enum
subclasses of it behind the checkers' back.
"""

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "evergrant"
STUB = PACKAGE / "machine.pyi"

HEAD = '''# Written by the tests: UPDATE_EXPECT=1 pytest tests/test_stub.py
import enum
import typing

'''


def stub(names):
    """The text of the stub for these names of the generated module."""
    module = ast.parse((PACKAGE / "_native/evergrant.py").read_text())
    found = {}
    for node in module.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            # The first one: a later class of the same name is a trick of the generator.
            found.setdefault(node.name, node)
    found["Refusal"] = next(node for node in module.body[::-1] if getattr(node, "name", "") == "Refusal")
    lines = [f"__all__ = {sorted(names)!r}".replace("'", '"'), ""]
    for name in sorted(names):
        node = found[name]
        lines += function(node, "") if isinstance(node, ast.FunctionDef) else a_class(node)
        lines.append("")
    return HEAD + "\n".join(lines)


def a_class(node):
    variants = [each for each in node.body if isinstance(each, ast.ClassDef)]
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef) and is_public(each)]
    bases = [ast.unparse(base) for base in node.bases]
    if node.name == "Refusal":
        yield "class Refusal(Exception):"
    elif "enum.Enum" in bases:
        yield f"class {node.name}(enum.Enum):"
        for each in node.body:
            if isinstance(each, ast.Assign):
                yield f"    {ast.unparse(each)}"
    elif "Exception" in bases:
        yield f"class {node.name}(Exception):"
    else:
        yield f"class {node.name}:"
    if node.name == "Sealing":
        yield "    PLAIN: typing.ClassVar[Sealing]"
    for variant in variants:
        yield f"    class {variant.name}({node.name}):"
        yield from members(variant, "        ")
    if variants:
        methods = [each for each in methods if each.name != "__init__"]
    elif any(each.name == "__init__" for each in methods):
        if not any(base.endswith("Protocol") for base in bases):
            yield from fields(node, "    ")
    for method in methods:
        yield from function(method, "    ")
    if not variants and not methods and "enum.Enum" not in bases:
        yield "    ..."


def members(variant, indent):
    lines = list(fields(variant, indent))
    yield from lines
    made = [each for each in variant.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
    for each in made:
        yield from function(each, indent)
    if not lines and not made:
        yield f"{indent}..."


def fields(node, indent):
    for init in node.body:
        if isinstance(init, ast.FunctionDef) and init.name == "__init__":
            for each in [*init.args.args[1:], *init.args.kwonlyargs]:
                yield f"{indent}{each.arg}: {type_of(each)}"


def function(node, indent):
    for decorator in node.decorator_list:
        yield f"{indent}@{ast.unparse(decorator)}"
    args, shown = node.args, []
    required = len(args.args) - len(args.defaults)
    for at, each in enumerate(args.args):
        typed = each.arg if each.annotation is None else f"{each.arg}: {type_of(each)}"
        shown.append(typed + (" = ..." if at >= required else ""))
    if args.kwonlyargs:
        shown.append("*")
    for each, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        shown.append(f"{each.arg}: {type_of(each)}" + (" = ..." if default else ""))
    returns = "None" if node.returns is None else ast.unparse(node.returns).strip("'\"")
    yield f"{indent}def {node.name}({', '.join(shown)}) -> {returns}: ..."


def type_of(argument):
    """Without the mark that a default may be given."""
    text = ast.unparse(argument.annotation).strip("'\"")
    return text.removeprefix("typing.Union[object, ").removesuffix("]") if text.startswith("typing.Union[object") else text


def is_public(node):
    return node.name == "__init__" or not node.name.startswith("_")
