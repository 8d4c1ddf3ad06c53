"""JSON Schemas of the policy and case formats, for editors, forms and other tools.

They are made from the classes that check the documents, so the two always agree. Chinese descriptions stand beside the English ones as
``x-zh``. Source: JSON Schema 2020-12.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from policies.cases.forms import CaseFile
from policies.language.models import ParamRef, PolicyModel
from policies.language.shapes import SHAPES

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def policy_schema() -> dict[str, Any]:
    """The schema of a policy document.

    Example:
        >>> sorted(policy_schema()["$defs"]["Node"])
        ['oneOf']
    """
    schema = _schema_of(PolicyModel)
    definitions = schema.setdefault("$defs", {})
    models: tuple[type[BaseModel], ...] = (*SHAPES, ParamRef)
    for model in models:
        model_schema = _schema_of(model)
        definitions.update(model_schema.pop("$defs", {}))
        model_schema.pop("$schema")
        definitions[model.__name__] = model_schema
    definitions["Node"] = {"oneOf": [{"$ref": f"#/$defs/{shape.__name__}"} for shape in SHAPES]}
    return schema


def cases_schema() -> dict[str, Any]:
    """The schema of a file of cases."""
    return _schema_of(CaseFile)


def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    schema: dict[str, Any] = _referring(model.model_json_schema(by_alias=True))
    return {"$schema": DIALECT, **schema}


def _referring(part: Any) -> Any:
    """``x-ref`` as ``$ref``: pydantic refuses references to what it did not draw itself."""
    if isinstance(part, dict):
        if "x-ref" in part:
            return {"$ref": f"#/$defs/{part['x-ref']}", **{key: value for key, value in part.items() if key != "x-ref"}}
        return {key: _referring(value) for key, value in part.items()}
    return [_referring(value) for value in part] if isinstance(part, list) else part
