"""The certificate of the broker and the authority of the installation that signs it.

External clients trust the authority, which stays; the certificate is renewed well before it expires. An operator with a
certificate of a public authority configures that instead: see docs/tls.md.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY: Final = "authority"
BROKER: Final = "broker"

AUTHORITY_LIFETIME: Final = timedelta(days=3650)
LIFETIME: Final = timedelta(days=365)
RENEWED_BEFORE: Final = timedelta(days=30)
_CLOCK_SKEW: Final = timedelta(hours=1)

_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.IGNORECASE
)


class CertificateError(ValueError):
    """A certificate cannot be made or read; the text says what is expected and holds no key."""


def renew(kept: dict[str, str], hosts: Sequence[str], now: datetime) -> list[str]:
    """Makes the certificates that are missing, are for other hosts or expire within 30 days; returns their names.

    `kept` has certificates and, as `<name>_key`, their private keys in PEM; it is changed in place. `hosts` are the
    names and IP addresses under which clients reach the broker. Raises CertificateError for an invalid host or PEM.
    """
    made = []
    if _expires_soon(kept.get(AUTHORITY), now):
        kept |= _authority(now)
        made.append(AUTHORITY)
    authority = _read(kept[AUTHORITY])
    wanted = [_general_name(host) for host in dict.fromkeys(hosts)]
    if made or _expires_soon(kept.get(BROKER), now) or _names_of(_read(kept[BROKER])) != set(wanted):
        kept |= _certificate(wanted, authority, kept[f"{AUTHORITY}_key"], now)
        made.append(BROKER)
    return made


def expires_at(pem: str) -> datetime:
    """The expiry of the first certificate in the PEM. Raises CertificateError when there is none."""
    return _read(pem).not_valid_after_utc


def _expires_soon(pem: str | None, now: datetime) -> bool:
    return pem is None or expires_at(pem) - now < RENEWED_BEFORE


def _authority(now: datetime) -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Culture Connect")
    builder = (
        _builder(name, name, key.public_key(), now, now + AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return {AUTHORITY: _pem(builder.sign(key, hashes.SHA256())), f"{AUTHORITY}_key": _pem_of_key(key)}


def _certificate(
    hosts: Sequence[x509.GeneralName], authority: x509.Certificate, authority_key: str, now: datetime
) -> dict[str, str]:
    signing = load_pem_private_key(authority_key.encode(), password=None)
    if not isinstance(signing, ec.EllipticCurvePrivateKey):
        raise CertificateError("the authority's key: expected an elliptic curve key")
    key = ec.generate_private_key(ec.SECP256R1())
    end = min(now + LIFETIME, authority.not_valid_after_utc)
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _builder(_name("Culture Connect broker"), authority.subject, key.public_key(), now, end)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    )
    return {BROKER: _pem(builder.sign(signing, hashes.SHA256())), f"{BROKER}_key": _pem_of_key(key)}


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - _CLOCK_SKEW)
        .not_valid_after(end.astimezone(UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    if not _HOST.fullmatch(host):
        raise CertificateError(f"{host!r}: expected the name of a host, or an IP address")
    return x509.DNSName(host.lower())


def _names_of(certificate: x509.Certificate) -> set[x509.GeneralName]:
    return set(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _read(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise CertificateError("expected a certificate in PEM") from None


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _pem_of_key(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
