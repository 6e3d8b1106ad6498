"""The five houses, as people find them."""

import asyncio
from typing import Any

from tests.service.registration.harness import Harness

SLUGS = ["beelden-aan-zee", "het-nationale-theater", "ndt", "paard", "residentie-orkest"]
ENTRANCE = {"nl": "Vanavond via de zij-ingang.", "en": "Tonight by the side entrance."}


async def listed(harness: Harness, **params: Any) -> dict[str, Any]:
    answer = await harness.api.get("/venues", params=params, headers={"authorization": "Bearer acme"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_there_are_five_houses_with_an_address_and_how_to_get_in(harness: Harness) -> None:
    venues = (await listed(harness))["items"]
    assert [each["slug"] for each in venues] == SLUGS
    assert {each["slug"]: each["name"] for each in venues}["paard"] == "PAARD"
    for each in venues:
        assert set(each) == {"slug", "name", "address", "entrance", "version"}
        assert each["address"].endswith("Den Haag")
        assert each["version"] == 1
        assert set(each["entrance"]) == {"nl", "en"}
        assert each["entrance"]["nl"] != each["entrance"]["en"]

    seen, page = [], await listed(harness, limit=2)
    while True:
        assert len(page["items"]) <= 2
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        page = await listed(harness, limit=2, cursor=page["next_cursor"])
    assert seen == venues
    for wrong in ({"cursor": "x"}, {"limit": 0}):
        assert (await harness.api.get("/venues", params=wrong)).status_code == 422


async def test_how_a_house_is_described_can_be_changed_unless_somebody_was_faster(harness: Harness) -> None:
    before = next(each for each in (await listed(harness))["items"] if each["slug"] == "paard")

    async def patch(changes: Any, etag: str | None = None, slug: str = "paard") -> Any:
        headers = {"if-match": etag} if etag else {}
        return await harness.api.patch(f"/venues/{slug}", json=changes, headers=headers)

    answer = await patch({"entrance": ENTRANCE}, '"1"')
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert answer.json() == {**before, "entrance": ENTRANCE, "version": 2}
    same = await patch({"entrance": ENTRANCE, "name": "PAARD"}, '"2"')
    assert (same.status_code, same.json(), same.headers["etag"]) == (200, answer.json(), '"2"')
    stale = await patch({"name": "Paard van Troje"}, '"1"')
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
    both = await asyncio.gather(*(patch({"address": f"Prinsegracht {n}, Den Haag"}, '"2"') for n in (12, 14)))
    assert sorted(each.status_code for each in both) == [200, 412]
    [done] = [each.json() for each in both if each.status_code == 200]
    assert [each for each in (await listed(harness))["items"] if each["slug"] == "paard"] == [done]
    assert (done["version"], done["entrance"]) == (3, ENTRANCE)

    for changes, field in [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"address": "Prinsegracht 12\r\nDen Haag"}, "address"),
        ({"entrance": None}, "entrance"),
        ({"entrance": {"nl": "Alleen Nederlands"}}, "entrance.en"),
        ({"slug": "paard-2"}, "slug"),
        ({"version": 7}, "version"),
    ]:
        refused = await patch(changes)
        assert refused.status_code == 422, changes
        assert [error["field"] for error in refused.json()["errors"]] == [field]
    unknown = await patch({"name": "Concertgebouw"}, slug="concertgebouw")
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "path.slug")
    assert (await harness.api.post("/venues", json={"slug": "new"})).status_code == 405
    assert len((await listed(harness))["items"]) == 5
