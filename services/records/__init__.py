"""What both services do with records: know those that were seen, set dead ones aside, send what is to leave.

Each service has the tables in its own schema; the migrations of each make them.
"""
