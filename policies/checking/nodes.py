"""Checking the rule tree node by node: from the data of a document to ``policies.language.tree``.

Every node is checked where it stands, and always yields a node. One that could not be checked leaves a *hole* (a check with no text), so
its problem hides no other. A definition is written out at each use, in the scope of that use. Source: docs/en/semantics.md sections 4 to
8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from policies.checking.leaves import Leaves
from policies.language.models import BothTexts
from policies.language.names import NameScope
from policies.language.shapes import (
    QUANTIFIERS,
    SHAPE_OF_KEY,
    AgeShape,
    AllShape,
    AnyShape,
    CheckShape,
    DateShape,
    FieldShape,
    NodeShape,
    NoneShape,
    RuleShape,
    UseShape,
)
from policies.language.tree import All, AnyOf, Check, Meta, Node, NoneOf, Unless
from policies.limits import CRITERIA, LEVELS
from policies.problems.problems import comma_list, suggestion, value_text
from policies.values import Text
from policies.yaml.document import Document, Path
from policies.yaml.marks import word_for
from policies.yaml.report import Reporter
from policies.yaml.structure import not_a_map, validate_part

_CONNECTIVES = {word: form for form, words in {
    "all": "and all_of both 并且 且 而且 全部 都", "any": "or any_of one_of either 或 或者 任一",
    "none": "not nor none_of neither 非 不 都不",
}.items() for word in words.split()}  # fmt: skip
"""How people write the kinds that join criteria: ``and`` is spelt nearly like ``any``, and means ``all``."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a node stands: its place in the document, its path as an occurrence, the scope, and what a ``use`` gives it."""

    path: Path
    at: str
    scope: NameScope
    level: int = 0
    within: tuple[str, ...] = ()  # the definitions being written out
    use_meta: Meta | None = None

    def down(self, *keys: str | int, scope: NameScope | None = None) -> Spot:
        """The spot of a child."""
        at = self.at + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
        return Spot((*self.path, *keys), at, scope or self.scope, self.level + 1, self.within)


@dataclass(slots=True)
class Nodes:
    """Checks the nodes of one policy. ``places`` maps each occurrence to its place in the document."""

    document: Document
    definitions: Mapping[str, object]
    leaves: Leaves
    reporter: Reporter
    places: dict[str, Path] = field(default_factory=dict)
    full: bool = False
    used: set[str] = field(default_factory=set)
    _names: dict[str, tuple[str, int]] = field(default_factory=dict)

    def check_node(self, data: object, spot: Spot) -> Node:
        """The checked node, or a hole."""
        if spot.level > LEVELS:
            self.reporter.add("too-many-levels", spot.path, limit=LEVELS)
            return _hole(Meta(spot.at, spot.at))
        if len(self.places) >= CRITERIA:
            if not self.full:
                self.reporter.add("too-many-nodes", spot.path, limit=f"{CRITERIA:,}")
            self.full = True
            return _hole(Meta(spot.at, spot.at))
        self.places[spot.at] = spot.path
        shape = self._shape(data, spot.path)
        if shape is None:
            return _hole(self._meta(NodeShape(), spot))
        meta = self._meta(shape, spot)
        node = self._node(shape, data, meta, spot) or _hole(meta)
        self._check_id(node, shape, spot)
        return node

    def _shape(self, data: object, path: Path) -> NodeShape | None:
        if not isinstance(data, dict):
            not_a_map(data, path, SHAPE_OF_KEY, self.reporter)
            return None
        telling = [key for key in SHAPE_OF_KEY if key in data]
        if len(telling) > 1:
            self.reporter.add("form-several", path, found=comma_list(telling))
            return None
        if not telling:
            keys = [key for key in data if key not in NodeShape.model_fields]
            near = next(
                (hint for key in keys if (hint := suggestion(_CONNECTIVES.get(str(key).lower(), key), SHAPE_OF_KEY)).en), suggestion("", [])
            )
            self.reporter.add("form-missing", path, meant=near, choices=comma_list(SHAPE_OF_KEY))
            return None
        return self._validate_shape(telling[0], data, path)

    def _validate_shape(self, key: str, data: dict[str, object], path: Path) -> NodeShape | None:
        if key != "quantifier":
            return validate_part(SHAPE_OF_KEY[key], data, path, self.reporter)
        word = str(data["quantifier"])
        if word not in QUANTIFIERS and (typed := word_for(word, QUANTIFIERS)) is not None:
            self.reporter.add("word-form", (*path, key), given=value_text(word), typed=typed)
            return None
        if word not in QUANTIFIERS:
            self.reporter.add(
                "word-unknown", (*path, key), word=value_text(word), meant=suggestion(word, QUANTIFIERS), choices=comma_list(QUANTIFIERS)
            )
            return None
        return validate_part(QUANTIFIERS[word], data, path, self.reporter)

    def _meta(self, shape: NodeShape, spot: Spot) -> Meta:
        use_meta = spot.use_meta or Meta("", spot.at)
        label = None if shape.label is None else _text(shape.label)
        line = use_meta.line or self.document.position(spot.path)[0]
        papers = use_meta.papers or tuple(map(_text, shape.papers))
        return Meta(use_meta.id or shape.id or spot.at, spot.at, use_meta.cite or shape.cite, use_meta.label or label, line, papers)

    def _node(self, shape: NodeShape, data: object, meta: Meta, spot: Spot) -> Node | None:
        match shape:
            case AllShape():
                return All(meta, self._children(shape.all, "all", spot))
            case AnyShape():
                return AnyOf(meta, self._children(shape.any, "any", spot))
            case NoneShape():
                return NoneOf(meta, self._children(shape.none, "none", spot))
            case RuleShape():
                return Unless(meta, self.check_node(shape.rule, spot.down("rule")), self.check_node(shape.unless, spot.down("unless")))
            case UseShape():
                return self._use(shape, meta, spot)
            case CheckShape():
                return self._check(shape, meta, spot)
            case FieldShape():
                return self.leaves.compare(shape, meta, spot.scope, spot.path)
            case AgeShape():
                return self.leaves.age(shape, meta, spot.scope, spot.path)
            case DateShape():
                return self.leaves.date(shape, meta, spot.scope, spot.path)
            case _:
                return self._over(shape, meta, spot)

    def _over(self, shape: NodeShape, meta: Meta, spot: Spot) -> Node | None:
        """A quantifier or a sum: the set, then ``where`` in the scope of its elements, then the rest."""
        element_set = self.leaves.elements(shape, spot.scope, spot.path)
        where_data = getattr(shape, "where", None)
        if element_set is None:
            return None
        where = None if where_data is None else self.check_node(where_data, spot.down("where", scope=element_set.element))
        return self.leaves.quantifier_or_sum(shape, element_set, where, meta, spot.scope, spot.path)

    def _children(self, criteria: list[object], key: str, spot: Spot) -> tuple[Node, ...]:
        return tuple(self.check_node(child, spot.down(key, position)) for position, child in enumerate(criteria))

    def _use(self, shape: UseShape, meta: Meta, spot: Spot) -> Node | None:
        name = shape.use
        if name not in self.definitions:
            self.reporter.add("definition-unknown", (*spot.path, "use"), word=name, meant=suggestion(name, self.definitions))
            return None
        self.used.add(name)
        if name in spot.within:
            self.reporter.add("definition-recursive", (*spot.path, "use"), chain=" → ".join((*spot.within, name)))
            return None
        body = self.definitions[name]
        if isinstance(body, dict) and body.get("id") is not None:
            self.reporter.add("definition-id", ("definitions", name, "id"), word=value_text(body["id"]), name=name)
        use_meta = replace(meta, id=(spot.use_meta.id if spot.use_meta else None) or shape.id or name)
        inner = Spot(("definitions", name), spot.at, spot.scope, spot.level + 1, (*spot.within, name), use_meta)
        return self.check_node(body, inner)

    def _check(self, shape: CheckShape, meta: Meta, spot: Spot) -> Node | None:
        if spot.scope.inside:
            self.reporter.add_at_key("check-inside-where", (*spot.path, "check"))
            return None
        return Check(meta, _text(shape.check))

    def _check_id(self, node: Node, shape: NodeShape, spot: Spot) -> None:
        """Report an id that names two different criteria, or two different checks."""
        id = node.meta.id
        if isinstance(shape, UseShape) or id == node.meta.path:
            return
        sign = f"check {node.text.zh} {node.text.en}" if isinstance(node, Check) else f"node {spot.path}"
        first, line = self._names.setdefault(id, (sign, node.meta.line))
        if first != sign:
            both = isinstance(node, Check) and first.startswith("check ")
            place = (*spot.path, "id") if isinstance(shape.id, str) and not spot.use_meta else spot.path
            self.reporter.add("check-conflict" if both else "id-repeated", place, id=id, line=line)


def _text(both: BothTexts) -> Text:
    return Text(both.zh, both.en)


def _hole(meta: Meta) -> Check:
    return Check(meta, Text("", ""))
