"""What kinds of values settings have, and the words for one that can never be used (contract 12).

The words follow the variable's name and hold no value, which may be secret. That nobody answers at an address now is no
fault of the setting, and is not looked at here.
"""

from __future__ import annotations

import re
import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.parse import SplitResult, parse_qs, urlsplit

from pydantic import AfterValidator, SecretStr

# A keyed hash is as secret as its key (contract 14.2): 32 bytes is what HMAC-SHA-256 can use in full.
STRONG_KEY_CHARACTERS_MIN = 32
# 32 random hexadecimal digits have 14 different ones on average, and fewer than 8 never.
STRONG_KEY_DIFFERENT_CHARACTERS_MIN = 8
# The key of the commands that run without services (services/cli/fold.py), and what stands where a key should be put.
_PUBLISHED_KEY = re.compile(r"^public:|(change|replace).?me|your.?(key|secret)", re.IGNORECASE)
_HOST_CHARACTERS_MAX = 253
_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_HOST_AND_PORT = re.compile(r"(?:\[(?P<address>[^\]]+)\]|(?P<name>[^\[\]:/]+)):(?P<port>\d{1,5})")
_PORTS = range(1, 65536)
# Visible ASCII without what no address has in it; urlsplit passes over line breaks and tabs in silence.
_URL = re.compile(r"[!#-;=?-\[\]_a-z~]+")
_TOKEN = re.compile(r"[!-~]+")
# What OpenSSL says of a key that is not the certificate's; the second, where it is of another kind.
_OTHER_KEY = frozenset({"KEY_VALUES_MISMATCH", "NO_CERTIFICATE_ASSIGNED", "KEY_TYPE_MISMATCH"})
_DATABASE_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")


def is_host(text: str) -> bool:
    """Whether this is an IPv4 or IPv6 address, without brackets, or can be a host's name."""
    if ":" in text or text.rstrip(".").rpartition(".")[2].isdigit():
        try:
            ip_address(text)
        except ValueError:
            return False
        return True
    return len(text) <= _HOST_CHARACTERS_MAX and _HOST.fullmatch(text) is not None


def _host(text: str) -> str:
    if not is_host(text):
        raise ValueError("must be the name or the address of a host, and nothing else")
    return text


def _web_address(url: str) -> str:
    parts = url_parts(url)
    plain = parts is not None and not (
        parts.username or parts.password or parts.query or parts.fragment
    )
    if parts is None or parts.scheme not in ("http", "https") or not plain:
        raise ValueError(
            "must be http(s)://host:port/path, with a port from 1 to 65535, no user and no query"
        )
    if not is_host(parts.hostname or ""):
        raise ValueError("must have the name or the address of a host after http(s)://")
    return url.rstrip("/")


def url_parts(url: str) -> SplitResult | None:
    """None for what is no address, or has a port outside 1 to 65535."""
    if not _URL.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        port_is_right = parts.port is None or parts.port in _PORTS
    except ValueError:  # its text would hold the value
        return None
    return parts if port_is_right else None


def _kafka_servers(servers: str) -> str:
    addresses = [address.strip() for address in servers.split(",")]
    for address in addresses:
        match = _HOST_AND_PORT.fullmatch(address)
        if match is None or not is_host(match["address"] or match["name"]):
            raise ValueError("must be host:port, separated by commas")
        if int(match["port"]) not in _PORTS:
            raise ValueError("must have ports from 1 to 65535")
    return ",".join(addresses)


def _database_url(secret: SecretStr) -> SecretStr:
    url = secret.get_secret_value()
    scheme, _, rest = url.partition("://")
    place, _, query = rest.partition("?")
    hosts, _, database = place.rpartition("@")[2].partition("/")
    if scheme not in ("postgresql", "postgres") or not database:
        raise ValueError("must be postgresql://… with the name of a database")
    for address in hosts.split(","):
        host, colon, port = _host_and_port(address)
        if colon and not (port.isascii() and port.isdigit() and int(port[:6]) in _PORTS):
            raise ValueError("must have a port from 1 to 65535")
        # Empty, or with %-signs, it is a socket's folder.
        if host and "%" not in host and not is_host(host):
            raise ValueError("must have the name or the address of a host")
    options = parse_qs(query)
    for name in _DATABASE_FILES:
        for file in options.get(name, ()):
            _open(Path(file), f"names in {name} a file that")
    return secret


def _host_and_port(address: str) -> tuple[str, str, str]:
    if address.startswith("["):
        host, _, rest = address[1:].partition("]")
        return host, *rest.partition(":")[1:]
    return address.partition(":")


def _readable_file(path: Path) -> Path:
    _open(path, "names a file that")
    return path


def _open(path: Path, which: str) -> None:
    try:
        path.open("rb").close()
    except FileNotFoundError:
        raise ValueError(f"{which} is not there") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{which} cannot be read ({type(error).__name__})") from None


def _certificates(path: Path) -> Path:
    _readable_file(path)
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise ValueError("names a file without a certificate in PEM form") from None
    return path


def key_fault(certificate: Path, key: Path) -> str | None:
    """What is wrong with a private key, whose certificate has been read; None for one that belongs to it."""

    def refuse_encrypted() -> NoReturn:
        # Without this OpenSSL would ask for the password at the terminal.
        raise _EncryptedKey

    try:
        ssl.create_default_context().load_cert_chain(certificate, key, refuse_encrypted)
    except _EncryptedKey:
        return "names an encrypted key, and its password cannot be given"
    except ssl.SSLError as error:
        if error.reason in _OTHER_KEY:
            return "is not the key of the certificate"
        return "names a file without a private key in PEM form"
    return None


class _EncryptedKey(Exception):
    """A private key that cannot be read without a password."""


def _strong_key(secret: SecretStr) -> SecretStr:
    key = secret.get_secret_value()
    if len(key) < STRONG_KEY_CHARACTERS_MIN:
        raise ValueError(f"must have {STRONG_KEY_CHARACTERS_MIN} characters or more")
    if len(set(key)) < STRONG_KEY_DIFFERENT_CHARACTERS_MIN:
        raise ValueError("is too easily guessed; make one with `openssl rand -hex 32`")
    if _PUBLISHED_KEY.search(key):
        raise ValueError("is an example's; make one with `openssl rand -hex 32`")
    return secret


def _token(secret: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(secret.get_secret_value()):
        raise ValueError(
            "must have letters, digits and signs of ASCII only, and no blank or line break"
        )
    return secret


Host = Annotated[str, AfterValidator(_host)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
"""http or https, without a slash at its end."""
KafkaServers = Annotated[str, AfterValidator(_kafka_servers)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
CertificateFile = Annotated[Path, AfterValidator(_certificates)]
ReadableFile = Annotated[Path, AfterValidator(_readable_file)]
StrongKey = Annotated[SecretStr, AfterValidator(_strong_key)]
Token = Annotated[SecretStr, AfterValidator(_token)]
"""What is sent in a header."""
StrongToken = Annotated[SecretStr, AfterValidator(_strong_key), AfterValidator(_token)]
