"""YAML whose values are all text: what 19:30 or `no` means is for the reader of the field to say."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml


class NotYaml(ValueError):
    """The text cannot be read; says where, for people."""


def read(text: str) -> tuple[Any, list[str]]:
    """The document, made of nothing but texts, lists and mappings, and what is wrong about its keys.

    Raises NotYaml.
    """
    try:
        loader = _Loader(text)
        return loader.get_single_data(), loader.repeated
    except yaml.YAMLError as error:
        raise NotYaml(_where(error)) from None
    except RecursionError:
        raise NotYaml("is nested too deeply") from None


class _Loader(yaml.BaseLoader):
    """Remembers keys that are there twice, of which PyYAML would silently take the last."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.repeated: list[str] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    self.repeated.append(f"line {key.start_mark.line + 1}: {key.value} is there already")
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "is not YAML"
    return f"line {mark.line + 1}, column {mark.column + 1}: {what}" if mark else str(what)
