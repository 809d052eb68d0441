"""Where the tests find what lies in files: paths in this checkout, or in an unpacked archive of it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
EXAMPLES = TESTS / "contract" / "examples"
CHANNEL_PAYLOADS = TESTS / "contract" / "channel_payloads"
SCENARIOS = TESTS / "acceptance" / "data"
LOCALHOST_PEM = TESTS / "tls" / "localhost.pem"
RULEBOOKS = ROOT / "services" / "scheduler" / "rulebooks"
SAMPLES = ROOT / "schemas" / "samples"
