"""An answer that takes several statements shows one moment, whatever is committed between them."""

import httpx
import pytest

from tests.service.ticketing.harness import NEXT_YEAR, Harness
from tests.support.between_statements import Interruption
from tests.unit.http.kit import bearer
from tests.unit.ticketing.registration_events import enrolled, evening, evening_changed, partner, withdrawn

NIGHT = evening(NEXT_YEAR, capacity=60)


@pytest.fixture(autouse=True)
async def _tonight(harness: Harness) -> None:
    await harness.apply(
        partner(places=40), partner("zeebank", places=20), enrolled("ans"), enrolled("bo", partner="zeebank")
    )
    await harness.apply(NIGHT)


@pytest.mark.parametrize("capacity", [10, 200])
async def test_the_seats_of_an_evening_add_up_while_its_capacity_changes(
    api: httpx.AsyncClient, harness: Harness, monkeypatch: pytest.MonkeyPatch, capacity: int
) -> None:
    path, headers = f"/evenings/{NIGHT.evening_id}", bearer("desk")
    before = (await api.get(path, headers=headers)).json()
    change = Interruption(monkeypatch, lambda: harness.apply(evening_changed(NIGHT, 2, capacity=capacity)))
    during = (await api.get(path, headers=headers)).json()
    assert change.happened
    assert during == before
    after = (await api.get(path, headers=headers)).json()
    assert (before["capacity"], after["capacity"]) == (60, capacity)
    for seats in (before, after):
        assert seats["common_pool"] + sum(each["allotment"] for each in seats["partners"].values()) == seats["capacity"]
        assert sum(each["issued"] for each in seats["partners"].values()) == seats["issued"]


async def test_the_personal_page_shows_one_moment(
    api: httpx.AsyncClient, harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    [secret] = await harness.secrets("ans", NIGHT)
    before = await api.get(f"/my/{secret}")
    change = Interruption(monkeypatch, lambda: harness.apply(withdrawn("ans", 2, NEXT_YEAR.date())))
    during = await api.get(f"/my/{secret}")
    assert change.happened
    assert (during.status_code, during.text) == (before.status_code, before.text)
    assert (await api.get(f"/my/{secret}")).text != before.text


@pytest.mark.parametrize("path", ["tickets", "bundle"])
async def test_a_list_of_tickets_shows_one_moment(
    api: httpx.AsyncClient, harness: Harness, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    address, headers = f"/evenings/{NIGHT.evening_id}/{path}", bearer("paard")
    before = await api.get(address, headers=headers)
    change = Interruption(monkeypatch, lambda: harness.apply(withdrawn("bo", 2, NEXT_YEAR.date())))
    during = await api.get(address, headers=headers)
    assert change.happened
    assert during.headers["etag"] == before.headers["etag"]
    assert (await api.get(address, headers=headers)).headers["etag"] != before.headers["etag"]
