"""Keeping accounts' keys encrypted at rest."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from levelhead.kernel.errors import ConfigurationError


def _box() -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"levelhead channel secrets v1")
    return Fernet(base64.urlsafe_b64encode(derived.derive(settings.SECRET_KEY.encode())))


def seal(secrets: Mapping[str, str]) -> str:
    """Encrypt an account's keys."""
    if not secrets:
        return ""
    return _box().encrypt(json.dumps(dict(secrets)).encode()).decode("ascii")


def unseal(sealed: str) -> dict[str, str]:
    """Decrypt an account's keys. Raises ConfigurationError where the secret key has changed."""
    if not sealed:
        return {}
    try:
        opened = json.loads(_box().decrypt(sealed.encode("ascii")))
    except InvalidToken as error:
        raise ConfigurationError(
            "The keys of a channel cannot be read: the secret key is not the one they were kept "
            "with. Put back the old secret.key, or connect the channel again."
        ) from error
    return {str(name): str(value) for name, value in opened.items()}
