"""Results as JSON, one object a line."""

from __future__ import annotations

import json


def json_line(content: object) -> str:
    """As the commands print it: UTF-8 as it is, no line break inside."""
    return json.dumps(content, ensure_ascii=False)
