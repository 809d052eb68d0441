"""The notifier's named queries, read once."""

from __future__ import annotations

from services.runtime.postgres import Queries

QUERIES = Queries("services.notifier.sql")
