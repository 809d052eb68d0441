"""The notifier's named queries, read once."""

from services.runtime.postgres import Queries

QUERIES = Queries("services.notifier.sql")
