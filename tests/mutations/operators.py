"""Small faults of every kind, made by turning a module's syntax tree: what somebody could get wrong in one place.

Turned around: comparisons, ``and`` and ``or``, ``not``, conditions, plus and minus. Changed: numbers by one, ``True``
and ``False``, what is returned (nothing instead), and tuples, lists and sets (each element left out once). Left alone:
types, decorators, docstrings and words for people, because no test should hold to those.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_SUMS: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv}
# What is inside these brackets is a type.
_TYPES = frozenset({"Annotated", "Callable", "ClassVar", "Literal", "Mapping", "dict", "frozenset", "set", "tuple"})


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: where it is, what was done, and the whole module with it."""

    file: str
    line: int
    what: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.what}"


def mutants(file: str, source: str) -> list[Mutant]:
    """Every fault of this module, in the order of its lines."""
    tree = ast.parse(source)
    made = []
    for number, node in enumerate(_nodes(tree)):
        for choice, what in enumerate(_choices(node)):
            turned = copy.deepcopy(tree)
            twin = list(_nodes(turned))[number]
            _turn(twin, choice)
            text = ast.unparse(ast.fix_missing_locations(turned))
            made.append(Mutant(file, getattr(node, "lineno", 0), what, text))
    return made


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that may be changed: none of a type, a decorator or an ``__all__``."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        if isinstance(tree, ast.Subscript) and name == "slice" and _is_type(tree.value):
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST) and not _is_export(each):
                yield each
                yield from _nodes(each)


def _is_type(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in _TYPES


def _is_export(node: ast.AST) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(each, ast.Name) and each.id == "__all__" for each in targets)


def _choices(node: ast.AST) -> list[str]:
    """What can be done wrong at this node, in words."""
    match node:
        case ast.Compare():
            return [f"comparison {number} turned" for number in range(len(node.ops))]
        case ast.BoolOp():
            return ["and for or"]
        case ast.UnaryOp(op=ast.Not()):
            return ["not left out"]
        case ast.If() | ast.IfExp() | ast.comprehension(ifs=[_, *_]):
            return ["condition turned"]
        case ast.BinOp() if type(node.op) in _SUMS and not _is_union(node):
            return ["plus for minus"]
        case ast.Constant(value=bool()):
            return ["True for False"]
        case ast.Constant(value=int()):
            return ["one more"]
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            return ["nothing returned"]
        case (
            ast.Tuple(elts=elements, ctx=ast.Load()) | ast.List(elts=elements, ctx=ast.Load()) | ast.Set(elts=elements)
        ):
            return [f"element {number} left out" for number in range(len(elements))] if len(elements) > 1 else []
    return []


def _is_union(node: ast.BinOp) -> bool:
    return isinstance(node.op, ast.BitOr)


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _turn(node: ast.AST, choice: int) -> None:
    match node:
        case ast.Compare():
            node.ops[choice] = _TURNED[type(node.ops[choice])]()
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.UnaryOp():
            # ``not x`` becomes ``not not x``: the truth of x.
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        case ast.If() | ast.IfExp():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case ast.comprehension():
            node.ifs[0] = ast.UnaryOp(ast.Not(), node.ifs[0])
        case ast.BinOp():
            node.op = _SUMS[type(node.op)]()
        case ast.Constant(value=bool() as value):
            node.value = not value
        case ast.Constant(value=int() as value):
            node.value = value + 1
        case ast.Return():
            node.value = ast.Constant(None)
        case ast.Tuple() | ast.List() | ast.Set():
            del node.elts[choice]
