"""What seals secrets, loaded when the first one is set or handed out."""

from formicary.ports import RootKeys, SecretSealer


def aes_gcm_sealer(root_keys: RootKeys) -> SecretSealer:
    """Return what seals with keys derived from root keys."""
    from formicary.adapters.aes_gcm_sealer import AesGcmSealer  # noqa: PLC0415 - slow to load

    return AesGcmSealer(root_keys)
