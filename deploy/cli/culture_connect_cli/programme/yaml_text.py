"""YAML with text values only, so that 19:30 and `no` stay as written."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml


class InvalidYamlError(ValueError):
    """The text is not valid YAML; the message says where."""


def read(text: str) -> tuple[Any, list[str]]:
    """The document of texts, lists and mappings, and the problems of repeated keys.

    Raises InvalidYamlError.
    """
    try:
        loader = _Loader(text)
        return loader.get_single_data(), loader.repeated
    except yaml.YAMLError as error:
        raise InvalidYamlError(_where(error)) from None
    except RecursionError:
        raise InvalidYamlError("is nested too deeply") from None


class _Loader(yaml.BaseLoader):
    """Reports repeated keys, of which PyYAML silently takes the last."""

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
