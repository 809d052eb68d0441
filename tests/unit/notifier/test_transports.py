"""A channel that is written but not registered would never be chosen: here it is found and named."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from services.notifier import channels
from services.notifier.gateways.transport import Transport
from services.notifier.transports import TRANSPORTS

# Built by the composition from the notifier's own settings (wiring/choosing.py); they declare no transport.
BUILT_FROM_THE_SETTINGS = {"canonical", "smtp"}


def test_every_transport_that_a_channel_file_declares_is_registered() -> None:
    declared: list[Transport] = []
    without: set[str] = set()
    for module in pkgutil.iter_modules(channels.__path__):
        found = vars(import_module(f"{channels.__name__}.{module.name}"))
        if "TRANSPORTS" in found:
            declared += found["TRANSPORTS"]
        elif any(
            hasattr(found_class, "send") and hasattr(found_class, "close")
            for found_class in _classes_of(found)
        ):
            without.add(module.name)
    assert without == BUILT_FROM_THE_SETTINGS, "a channel without TRANSPORTS at its end"
    missing = [
        f"{transport.slot}/{transport.name}"
        for transport in declared
        if transport not in TRANSPORTS
    ]
    assert not missing, f"add to services/notifier/transports.py: {missing}"


def test_no_two_transports_have_one_name_in_a_slot() -> None:
    names = [(transport.slot, transport.name) for transport in TRANSPORTS]
    assert len(names) == len(set(names))


def _classes_of(found: dict[str, object]) -> list[type]:
    """The classes that the module itself defines."""
    return [
        value
        for value in found.values()
        if isinstance(value, type) and value.__module__ == found["__name__"]
    ]
