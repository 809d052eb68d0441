"""Reads the folder of templates; what the words may say is decided in `domain.words`."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

from services.notifier.domain.words.texts import NAV, Sender, Texts, parse_texts


def load_texts(folder: Traversable | None = None, sender: Sender = NAV) -> Texts:
    """All words, from that folder of `.toml` files or the shipped one; BadTexts names every fault in it."""
    source = files("services.notifier").joinpath("texts") if folder is None else folder
    return parse_texts(
        {
            file.name.removesuffix(".toml"): file.read_text("utf-8")
            for file in source.iterdir()
            if file.name.endswith(".toml")
        },
        sender,
    )
