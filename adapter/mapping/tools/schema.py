"""JSON Schema (draft-07) of a mapping file, from the same tables the compiler uses: completion in any editor."""

from __future__ import annotations

from typing import Any

from adapter.dossier.model import Purpose
from adapter.mapping.language.blocks import BLOCK_OPTIONS
from adapter.mapping.language.options import OPTIONS
from adapter.mapping.language.rows import BINDINGS
from adapter.mapping.language.steps import STEPS
from adapter.mapping.loading import field_specs
from adapter.mapping.readiness import OCCASIONS
from adapter.standard.healthbook import book_sections
from adapter.standard.spec import layouts, written_as

_VALUE = {"$ref": "#/definitions/value"}
_EXPR = {"$ref": "#/definitions/expression"}
_TEXT: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
_NAME: dict[str, Any] = {"type": "string", "minLength": 1}
_ORDER: dict[str, Any] = {"anyOf": [_VALUE, {"type": "array", "items": _VALUE}]}
_ON: dict[str, Any] = {"type": "object", "minProperties": 1, "additionalProperties": _VALUE}

# What each option of a step takes; those not named take a value.
_TAKES: dict[str, dict[str, Any]] = {
    "at": _VALUE,
    "column": _NAME,
    "on_missing": {"enum": ["error", "keep", "empty", "report"]},
    "precision": {
        "type": "object",
        "additionalProperties": False,
        "properties": dict.fromkeys(("year_only_when", "month_only_when", "day_only_when"), _EXPR),
    },
    "format": {"anyOf": [_NAME, {"type": "array", "items": _NAME}]},
    "as": {"enum": ["date8", "datetime12"]},
    "birth": {"type": "boolean"},
    "places": {"type": "integer", "minimum": 0, "maximum": 20},
    "scale": {"type": ["number", "string"]},
    "comma": {"enum": ["decimal", "thousands"]},
    "percent": {"type": "boolean"},
    "round": {"type": "boolean"},
    "separator": {"type": "string"},
    "distinct": {"type": "boolean"},
    "where": _EXPR,
    "on": _ON,
    "order_by": _ORDER,
    "by": {"type": "string", "minLength": 1},
    "take": {"type": "integer", "not": {"const": 0}},
    "join": {"type": "string"},
    "path": {"type": ["string", "integer"]},
    "when": _EXPR,
    "charset": {"enum": ["auto", "tcvn3", "vni", "viscii", "cp1258", "unicode"]},
    "chars": {"type": "string", "pattern": "^[1-9][0-9]*-([1-9][0-9]*)?$"},
    "digits_only": {"type": "boolean"},
    "replace": {"type": "object", "additionalProperties": _TEXT},
    "case": {"enum": ["upper", "lower"]},
    "default": _TEXT,
    "pad": {
        "type": "object",
        "additionalProperties": False,
        "required": ["width", "fill"],
        "properties": {"width": {"type": "integer", "minimum": 1, "maximum": 255}, "fill": _TEXT},
    },
    "lines": {"enum": ["keep", "one"]},
    "too_long": {"enum": ["keep", "cut", "error"]},
}

# What each step's own argument takes; those not named take a value.
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "const": _TEXT,
    "expr": _EXPR,
    "lookup": _NAME,
    "join": {"anyOf": [_NAME, {"type": "array", "items": _VALUE, "minItems": 1}]},
    "first": _NAME,
    "last": _NAME,
    "min": {"anyOf": [_NAME, {"type": "array", "items": _VALUE, "minItems": 1}]},
    "max": {"anyOf": [_NAME, {"type": "array", "items": _VALUE, "minItems": 1}]},
    "sum": {"anyOf": [_NAME, {"type": "array", "items": _VALUE, "minItems": 1}]},
    "count": {"anyOf": [_NAME, {"type": "array", "items": _NAME, "minItems": 1}]},
    "field": {"type": "string", "pattern": r"^(XML[0-9]{1,2}\.)?[A-Za-z][A-Za-z0-9_]*$"},
    "choose": {
        "type": "array",
        "minItems": 1,
        "items": {
            "anyOf": [
                {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["when", "then"],
                    "properties": {"when": _EXPR, "then": _VALUE},
                },
                {"type": "object", "additionalProperties": False, "required": ["else"], "properties": {"else": _VALUE}},
            ]
        },
    },
}


def schema() -> dict[str, Any]:
    """The schema document."""
    tables = {name: {"$ref": f"#/definitions/{name}"} for name in field_specs(None)}
    book = {name: {"$ref": f"#/definitions/{section.name}"} for name, section in book_sections().items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://bhyt-adapter.example/schema/mapping.json",
        "title": "bhyt-adapter mapping",
        "type": "object",
        "additionalProperties": False,
        "required": ["mapping"],
        "anyOf": [{"required": ["tables"]}, {"required": ["extends"]}],
        "properties": {
            "mapping": {**_NAME, "description": "tên ánh xạ / name"},
            "standard": {"enum": list(layouts()), "description": "ghim bố cục / pins the layout"},
            "extends": {**_NAME, "description": "ánh xạ gốc / base mapping"},
            "remove": {"anyOf": [_NAME, {"type": "array", "items": _NAME}]},
            "visit_date": _VALUE,
            "source": _source(),
            "lookups": {"type": "object", "additionalProperties": {"$ref": "#/definitions/lookup"}},
            "with": {"type": "object", "additionalProperties": {"$ref": "#/definitions/binding"}},
            "let": {"type": "object", "additionalProperties": _VALUE},
            "tables": {"type": "object", "additionalProperties": False, "properties": tables},
            "healthbook": {"type": "object", "additionalProperties": False, "properties": book},
        },
        "definitions": _definitions(),
    }


def _definitions() -> dict[str, Any]:
    steps = {f"step_{name}": _step(name) for name in STEPS}
    return {
        "expression": {"type": ["string", "boolean", "number"], "minLength": 1},
        "value": {
            "anyOf": [
                {"type": "string", "description": "cột / column"},
                {"type": "null", "description": "cố ý trống / deliberately empty"},
                {
                    "type": "array",
                    "minItems": 1,
                    "items": _VALUE,
                    "description": "cái đầu tiên không trống / first filled",
                },
                *({"$ref": f"#/definitions/{name}"} for name in steps),
            ]
        },
        "lookup": _lookup(),
        "binding": _binding(),
        **steps,
        **_tables(),
    }


def _step(name: str) -> dict[str, Any]:
    step = STEPS[name]
    properties: dict[str, Any] = {
        o: {**_TAKES.get(o, _VALUE), "description": f"{d.vi} / {d.en}"} for o, d in OPTIONS.items()
    }
    properties.update({o: _TAKES.get(o, _VALUE) for o in step.options})
    properties[name] = {**_ARGUMENTS.get(name, _VALUE), "description": f"{step.vi} / {step.en}"}
    required = [name, "from"] if name == "lookup" else [name, "path"] if name == "json" else [name]
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def _source() -> dict[str, Any]:
    checkin = {
        "anyOf": [
            _EXPR,
            {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(OCCASIONS, _EXPR)},
        ]
    }
    ready = {
        "ready": {
            "type": "object",
            "additionalProperties": False,
            "properties": {p.value: checkin if p is Purpose.CHECKIN else _EXPR for p in Purpose},
        },
        "insured": _EXPR,
        "exempt": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                p.value: {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["when", "reason"],
                        "properties": {"when": _EXPR, "reason": _NAME},
                    },
                }
                for p in Purpose
            },
        },
    }
    return {
        "type": "object",
        "required": ["connector"],
        "properties": {
            "connector": _NAME,
            "encounters": {"type": "object", "properties": ready},
            "collections": {"type": "object", "additionalProperties": {"type": "object"}},
            **ready,
        },
    }


def _lookup() -> dict[str, Any]:
    row = {
        "type": "object",
        "additionalProperties": False,
        "required": ["key", "value"],
        "properties": dict.fromkeys(("key", "value", "from", "to"), _TEXT),
    }
    file = {
        "type": "object",
        "additionalProperties": False,
        "required": ["file"],
        "properties": dict.fromkeys(("file", "key", "value", "from", "to", "delimiter"), _NAME),
    }
    rows = {
        "type": "object",
        "additionalProperties": False,
        "required": ["rows"],
        "properties": {"rows": {"type": "array", "items": row}},
    }
    inline = {
        "type": "object",
        "not": {"anyOf": [{"required": ["file"]}, {"required": ["rows"]}]},
        "additionalProperties": _TEXT,
    }
    return {"anyOf": [_NAME, file, rows, inline]}


def _binding() -> dict[str, Any]:
    options = {"on": _ON, "where": _EXPR, "order_by": _ORDER, "json": _VALUE, "key": _VALUE, "value": _VALUE}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {**dict.fromkeys(BINDINGS, _NAME), **options},
        "oneOf": [{"required": [name]} for name in BINDINGS],
    }


def _tables() -> dict[str, Any]:
    titles = {t.name: f"{t.title_vi} / {t.title_en}" for t in written_as(layouts()[-1]).tables.values()}
    found: dict[str, Any] = {}
    books = {section.name: dict(section.by_name) for section in book_sections().values()}
    for name, specs in {**field_specs(None), **books}.items():
        fields = {
            spec.name: {
                **_VALUE_WITH,
                "description": f"{spec.meaning_vi} / {spec.meaning_en} [{spec.xml_type}, {spec.required}]",
            }
            for spec in specs.values()
        }
        block = {"$ref": f"#/definitions/{name}_block"}
        found[f"{name}_block"] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {**_block_options(name, fields), **fields},
        }
        found[name] = {
            "anyOf": [block, {"type": "array", "minItems": 1, "items": block}],
            "description": titles.get(name, name),
        }
    return found


# a $ref hides its neighbours in draft-07, so the description stands beside an allOf
_VALUE_WITH: dict[str, Any] = {"allOf": [_VALUE]}


def _block_options(table: str, fields: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"anyOf": [_VALUE, {"type": "array", "items": _VALUE}]}
    takes: dict[str, Any] = {
        "each": _NAME,
        "when": _EXPR,
        "with": {"type": "object", "additionalProperties": {"$ref": "#/definitions/binding"}},
        "let": {"type": "object", "additionalProperties": _VALUE},
        "order_by": _ORDER,
        "group_by": values,
        "having": _EXPR,
        "distinct_by": values,
        "on": _ON,
        "inner": {"$ref": f"#/definitions/{table}_block"},
        "keep": _EXPR,
        "rows": {"type": "object", "additionalProperties": False, "properties": fields},
    }
    return {name: takes[name] for name in BLOCK_OPTIONS}
