"""The authority of an installation and the certificate of its broker."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from culture_connect_cli.secrets import certificates, installation

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
HOSTS = ("localhost", "127.0.0.1", "::1", "bus.example")


@pytest.fixture
def made() -> dict[str, str]:
    """An authority and a certificate, made at `NOW`."""
    kept: dict[str, str] = {}
    assert certificates.renew(kept, HOSTS, NOW) == ["authority", "broker"]
    return kept


def verify(kept: dict[str, str], host: x509.DNSName | x509.IPAddress, at: datetime) -> None:
    authority, certificate = (x509.load_pem_x509_certificate(kept[name].encode()) for name in ("authority", "broker"))
    PolicyBuilder().store(Store([authority])).time(at).build_server_verifier(host).verify(certificate, [])


def test_the_authority_vouches_for_the_broker_under_each_of_its_hosts(made: dict[str, str]) -> None:
    san = x509.load_pem_x509_certificate(made["broker"].encode()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    names = list(san.value)
    assert [str(name.value) for name in names] == list(HOSTS)
    for name in names:
        assert isinstance(name, x509.DNSName | x509.IPAddress)
        verify(made, name, NOW)


def test_nothing_is_made_anew_while_there_is_time(made: dict[str, str]) -> None:
    before = dict(made)
    assert certificates.renew(made, HOSTS, NOW + timedelta(days=334)) == []
    assert made == before


def test_a_certificate_with_less_than_thirty_days_is_made_anew_and_the_authority_stays(made: dict[str, str]) -> None:
    before = dict(made)
    later = NOW + timedelta(days=336)
    assert certificates.renew(made, HOSTS, later) == ["broker"]
    assert made["authority"] == before["authority"]
    assert made["broker_key"] != before["broker_key"]
    verify(made, x509.DNSName("bus.example"), later + timedelta(days=300))


def test_another_host_takes_another_certificate_of_the_same_authority(made: dict[str, str]) -> None:
    before = dict(made)
    assert certificates.renew(made, ("bus.elsewhere.example",), NOW) == ["broker"]
    assert made["authority"] == before["authority"]
    verify(made, x509.DNSName("bus.elsewhere.example"), NOW)


def test_a_certificate_never_outlives_its_authority(made: dict[str, str]) -> None:
    near_the_end = NOW + certificates.AUTHORITY_LIFETIME - timedelta(days=40)
    assert certificates.renew(made, HOSTS, near_the_end) == ["broker"]
    assert certificates.expires_at(made["broker"]) == certificates.expires_at(made["authority"])
    assert certificates.renew(made, HOSTS, near_the_end + timedelta(days=15)) == ["authority", "broker"]


@pytest.mark.parametrize("host", ["", "bus example", "bus.example:5671", "-bus", "bücher.example", "a" * 254, "bus.\n"])
def test_what_is_no_host_is_named(host: str) -> None:
    with pytest.raises(certificates.CertificateError, match="expected the name of a host"):
        certificates.renew({}, (host,), NOW)


def test_openssl_takes_the_files_and_the_key_is_the_brokers_alone(tmp_path: Path) -> None:
    installation.provision(tmp_path, installation.Addresses(hosts=HOSTS), now=NOW)
    broker = tmp_path / "broker"
    context = ssl.create_default_context(cafile=broker / "ca.pem")
    context.load_cert_chain(broker / "certificate.pem", broker / "certificate_key.pem")
    key = (broker / "certificate_key.pem").read_text()
    holders = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*") if key in path.read_text()}
    assert holders == {"broker/certificate_key.pem"}
    assert (tmp_path / "operator" / "ca.pem").read_text() == (broker / "ca.pem").read_text()


def test_an_installation_renews_its_certificate_and_nothing_else(tmp_path: Path) -> None:
    addresses = installation.Addresses(hosts=HOSTS)
    installation.provision(tmp_path, addresses, now=NOW)
    before = (tmp_path / "operator" / "ca.pem").read_text()
    assert installation.provision(tmp_path, addresses, now=NOW + timedelta(days=10)) == []
    assert installation.provision(tmp_path, addresses, now=NOW + timedelta(days=340)) == ["certificates/broker"]
    assert (tmp_path / "operator" / "ca.pem").read_text() == before
