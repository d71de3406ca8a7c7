"""Seals secrets: AES-256-GCM under a key of the tenant, bound to whose secret it is and its name.

A sealed value reads `1.<id of the root key>.<nonce and ciphertext in base64>`.
"""

import base64
import json
import os
from binascii import Error as BadBase64Error

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from formicary.domain.config import ConfigOwner
from formicary.domain.errors import BrokenSealError
from formicary.ports import RootKeys

_FORM = "1"
_NONCE_BYTES = 12
_KEY_BYTES = 32


class AesGcmSealer:
    """SecretSealer with keys derived from a root key."""

    def __init__(self, root_keys: RootKeys) -> None:
        """Take where root keys come from; each is asked for once."""
        self._root_keys = root_keys
        self._known: dict[str, bytes] = {}
        self._current = ""

    def seal(self, tenant: str, owner: ConfigOwner, name: str, secret: str) -> str:
        """Return a secret sealed; the same one looks different each time."""
        if not self._current:
            self._current, self._known[self._current] = self._root_keys.current()
        nonce = os.urandom(_NONCE_BYTES)
        cipher = self._cipher(tenant, self._current)
        sealed = cipher.encrypt(nonce, secret.encode(), _bound_to(tenant, owner, name))
        return f"{_FORM}.{self._current}.{base64.b64encode(nonce + sealed).decode()}"

    def open(self, tenant: str, owner: ConfigOwner, name: str, sealed: str) -> str:
        """Return the secret; BrokenSealError when anything of it is not as it was sealed."""
        form, _, rest = sealed.partition(".")
        key_id, _, text = rest.partition(".")
        if form != _FORM:
            raise BrokenSealError
        try:
            raw = base64.b64decode(text, validate=True)
            cipher = self._cipher(tenant, key_id)
            opened = cipher.decrypt(
                raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _bound_to(tenant, owner, name)
            )
        except (InvalidTag, BadBase64Error, ValueError):
            raise BrokenSealError from None
        return opened.decode()

    def _cipher(self, tenant: str, key_id: str) -> AESGCM:
        if key_id not in self._known:
            self._known[key_id] = self._root_keys.find(key_id)
        info = b"formicary secrets of " + tenant.encode()
        derived = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info)
        return AESGCM(derived.derive(self._known[key_id]))


def _bound_to(tenant: str, owner: ConfigOwner, name: str) -> bytes:
    return json.dumps([tenant, str(owner.scope), owner.name, name]).encode()
