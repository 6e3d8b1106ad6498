from pathlib import Path

import pytest

from tests.unit.http.kit import TOKENS, write_tokens


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    return write_tokens(tmp_path / "tokens.json", TOKENS)
