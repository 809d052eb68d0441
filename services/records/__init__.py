"""What both services do with records: know those that were seen, set dead ones aside, publish the outbox.

Each service has the tables in its own schema; see `tables.py` for why.
"""
