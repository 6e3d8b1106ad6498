"""The mailbox: every mail is kept as it came, shown without running anything in it, and found again."""

from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx
import pytest

from culture_connect_cli.mailbox.pages import create_app
from culture_connect_cli.mailbox.store import Store
from culture_connect_cli.stack.ports import choose_ports
from culture_connect_cli.stack.program import Program

PNG = bytes.fromhex("89504e470d0a1a0a")

CALENDAR = """BEGIN:VCALENDAR\r
METHOD:REQUEST\r
BEGIN:VTIMEZONE\r
TZID:Europe/Amsterdam\r
BEGIN:STANDARD\r
DTSTART:19961027T030000\r
END:STANDARD\r
END:VTIMEZONE\r
BEGIN:VEVENT\r
UID:evening-1\r
DTSTART;TZID=Europe/Amsterdam:20261203T193000\r
SUMMARY:De stad als podium\\, en wat er\r
  achter ligt\r
END:VEVENT\r
END:VCALENDAR\r
"""


def letter(subject: str = "Je kaartje voor 3 december: één plaats") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "avond@cultureconnect.example"
    message["To"] = "sanne@zeebank.example"
    message["Subject"] = subject
    message["Message-ID"] = "<letter-1@cultureconnect.example>"
    message.set_content("Dag Sanne")
    message.add_alternative('<p>Dag <b>Sanne</b></p><img src="cid:code"><script>alert(1)</script>', subtype="html")
    message.get_payload()[1].add_related(PNG, "image", "png", cid="<code>")  # type: ignore[index,union-attr]
    message.add_alternative(CALENDAR.encode(), "text", "calendar")
    message.add_attachment(b"ticket", "application", "pdf", filename="kaartje & meer.pdf")
    return message


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "mails")


@pytest.fixture
async def client(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(store))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


def put(store: Store, *to: str, message: EmailMessage | None = None) -> str:
    return store.add("avond@cultureconnect.example", to, (message or letter()).as_bytes()).id


async def test_mails_are_found_by_recipient_and_moment(store: Store, client: httpx.AsyncClient) -> None:
    first = put(store, "sanne@zeebank.example")
    second = put(store, "daan@zeebank.example")
    everything = (await client.get("/api/messages")).json()
    assert [mail["id"] for mail in everything] == [first, second]
    assert everything[0]["subject"] == "Je kaartje voor 3 december: één plaats"
    assert everything[0]["message_id"] == "<letter-1@cultureconnect.example>"
    to_daan = (await client.get("/api/messages", params={"to": "DAAN@zeebank.example"})).json()
    assert [mail["id"] for mail in to_daan] == [second]
    later = (await client.get("/api/messages", params={"since": everything[1]["received_at"]})).json()
    assert [mail["id"] for mail in later] == [second]
    assert (await client.get("/api/messages", params={"since": "2026-01-01T00:00:00"})).status_code == 422


async def test_a_mail_comes_back_with_its_parts_and_its_source(store: Store, client: httpx.AsyncClient) -> None:
    message = letter()
    mail = put(store, "sanne@zeebank.example", message=message)
    found = (await client.get(f"/api/messages/{mail}")).json()
    assert found["text"].strip() == "Dag Sanne"
    assert found["calendar"] == {
        "METHOD": "REQUEST",
        "UID": "evening-1",
        "DTSTART": "20261203T193000",
        "SUMMARY": "De stad als podium, en wat er achter ligt",
    }
    assert [each["name"] for each in found["attachments"]] == ["kaartje & meer.pdf"]
    assert found["source"] == message.as_string()
    number = found["attachments"][0]["number"]
    download = await client.get(f"/messages/{mail}/attachments/{number}")
    assert download.content == b"ticket"
    assert download.headers["content-disposition"].startswith("attachment; filename*=UTF-8''kaartje%20%26%20meer")


async def test_the_html_of_a_mail_is_shown_with_its_images_and_can_run_nothing(
    store: Store, client: httpx.AsyncClient
) -> None:
    mail = put(store, "sanne@zeebank.example")
    html = await client.get(f"/messages/{mail}/html")
    assert "data:image/png;base64,iVBORw0KGgo=" in html.text
    policy = html.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox;")
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    page = (await client.get(f"/messages/{mail}")).text
    assert f'src="/messages/{mail}/html" sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "<script" not in page


async def test_what_a_mail_says_about_itself_is_text_on_the_page(store: Store, client: httpx.AsyncClient) -> None:
    put(store, "<b>x</b>@zeebank.example", message=letter(subject="<script>alert(1)</script>"))
    page = await client.get("/")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<script" not in page.text
    assert "<b>x" not in page.text
    assert "script-src" not in page.headers["content-security-policy"]


async def test_a_removed_mail_is_gone_and_an_unknown_one_was_never_there(
    store: Store, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    mail = put(store, "sanne@zeebank.example")
    assert (await client.delete(f"/api/messages/{mail}")).status_code == 204
    assert (await client.get(f"/api/messages/{mail}")).status_code == 404
    assert (await client.get("/messages/..%2F..%2Fetc%2Fpasswd")).status_code == 404
    assert list((tmp_path / "mails").iterdir()) == []


async def test_a_page_under_another_name_reads_no_mail(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/messages", headers={"host": "evil.example"})).status_code == 400


def test_mails_survive_a_restart(store: Store, tmp_path: Path) -> None:
    mail = put(store, "sanne@zeebank.example")
    again = Store(tmp_path / "mails").get(mail)
    assert again is not None
    assert again == store.get(mail)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """The mailbox as its own process: SMTP port and address of its pages."""
    ports = choose_ports(["smtp", "http"])
    url = f"http://127.0.0.1:{ports['http']}"
    program = Program(
        name="mailbox",
        module="culture_connect_cli.mailbox",
        arguments=[
            f"--folder={tmp_path / 'mails'}",
            f"--smtp-port={ports['smtp']}",
            f"--http-port={ports['http']}",
        ],
        folder=tmp_path / "run",
        log=tmp_path / "mailbox.log",
        ready_url=f"{url}/api/messages",
    )
    program.start()
    yield ports["smtp"], url
    program.stop()


async def test_a_mail_that_was_accepted_over_smtp_is_kept_as_it_came_and_not_logged(
    running: tuple[int, str], tmp_path: Path
) -> None:
    port, url = running
    content = letter().as_bytes().replace(b"\n", b"\r\n")
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as smtp:
        await smtp.sendmail("avond@cultureconnect.example", ["sanne@zeebank.example"], content)
    async with httpx.AsyncClient(trust_env=False) as client:
        (mail,) = (await client.get(f"{url}/api/messages")).json()
    assert mail["to"] == ["sanne@zeebank.example"]
    kept = (tmp_path / "mails" / f"{mail['id']}.eml").read_bytes()
    assert kept.replace(b"\r\n", b"\n") == content.replace(b"\r\n", b"\n")
    assert "sanne" not in (tmp_path / "mailbox.log").read_text()


async def test_links_of_a_letter_are_links_in_whatever_part_they_stand(store: Store, client: httpx.AsyncClient) -> None:
    message = EmailMessage()
    message["Subject"] = "Links"
    message["List-Unsubscribe"] = "<https://brief.example/uit?a=1&b=2>"
    message.set_content("Kom je? https://mijn.example/my/abc?said=1&lang=nl\n<b>geen</b> javascript:alert(1)\n")
    message.add_alternative(
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nLOCATION:Zie http://127.0.0.1:8002/my/x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        "text",
        "calendar",
    )
    page = (await client.get(f"/messages/{put(store, 'sanne@zeebank.example', message=message)}")).text
    for address in (
        "https://mijn.example/my/abc?said=1&amp;lang=nl",
        "http://127.0.0.1:8002/my/x",
        "https://brief.example/uit?a=1&amp;b=2",
    ):
        assert f'<a href="{address}" rel="noopener" target="_blank">' in page
    assert "&lt;b&gt;geen&lt;/b&gt; javascript:alert(1)" in page
