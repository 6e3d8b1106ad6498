"""Files that name everybody who takes part: whoever is not in them is withdrawn, unless it looks like a mistake."""

from tests.service.registration.files import counts, file, line, lines, named, standings, take_in, told
from tests.service.registration.harness import Harness, counted


async def test_many_withdrawals_must_be_confirmed_by_their_number(harness: Harness) -> None:
    await harness.register("acme", places=20)
    await take_in(harness, file(*lines(range(10))))
    heard = len(await told(harness))
    fewer = file(*lines(range(7)), line("e-10"))

    looked = (await take_in(harness, fewer, full=True, dry_run=True)).json()
    assert looked["withdrawals_to_confirm"] == looked["counts"]["leaving"] == 3
    assert [each["employee_ref"] for each in looked["leaving"]] == ["e-7", "e-8", "e-9"]

    for wrong in ({}, {"confirm_withdrawals": 2}, {"confirm_withdrawals": 4}, {"on_error": "skip"}):
        refused = await take_in(harness, fewer, full=True, **wrong)
        assert named(refused, 409, "withdrawals-not-confirmed") == [("confirm_withdrawals", "not_confirmed")]
        assert refused.json()["detail"] == "3 of 10 active participants would be withdrawn"
        assert refused.json()["errors"][0]["message"] == "must be 3 to confirm that"
    assert named(await take_in(harness, fewer, full=True, confirm_withdrawals=-1), 422, "invalid-request") == [
        ("query.confirm_withdrawals", "too_small")
    ]
    assert set((await standings(harness)).values()) == {"enrolled"}
    assert len(await told(harness)) == heard

    assert await counts(harness, fewer, full=True, confirm_withdrawals=3) == {"unchanged": 7, "added": 1, "leaving": 3}
    assert counted((await told(harness))[heard:]) == {"participant.withdrawn": 3, "participant.enrolled": 1}
    assert [ref for ref, standing in sorted((await standings(harness)).items()) if standing == "withdrawn"] == [
        "e-7",
        "e-8",
        "e-9",
    ]


async def test_a_fifth_may_leave_unconfirmed_and_a_file_that_is_not_complete_withdraws_nobody(harness: Harness) -> None:
    await harness.register("acme")
    await take_in(harness, file(*lines(range(10))))
    eight = file(*lines(range(8)))
    assert await counts(harness, eight) == {"unchanged": 8}
    assert await counts(harness, eight, full=True) == {"unchanged": 8, "leaving": 2}
    # Those who have left are nobody's fifth any more, and leave once.
    assert await counts(harness, eight, full=True) == {"unchanged": 8}
    assert named(await take_in(harness, file(), full=True), 409, "withdrawals-not-confirmed") == [
        ("confirm_withdrawals", "not_confirmed")
    ]
    assert await counts(harness, file(), full=True, confirm_withdrawals=8) == {"leaving": 8}


async def test_those_who_leave_make_room_for_those_who_come(harness: Harness) -> None:
    await harness.register("acme", places=5)
    await take_in(harness, file(*lines(range(5))))
    data = file(line("e-9", email="e-0@example.org"), *lines(range(1, 5)))
    assert named(await take_in(harness, data), 422, "import-refused") == [
        ("line 2: email", "email_in_use"),
        ("line 2", "no_places_left"),
    ]
    assert await counts(harness, data, full=True) == {"added": 1, "unchanged": 4, "leaving": 1}
    people = {each["employee_ref"]: each for each in await harness.participants("acme")}
    assert people["e-9"]["email"] == people["e-0"]["email"] == "e-0@example.org"
    assert (people["e-9"]["standing"], people["e-0"]["standing"]) == ("enrolled", "withdrawn")
    assert (await harness.api.get("/partners/acme")).json()["active"] == 5


async def test_nobody_is_withdrawn_for_a_fault_in_their_line(harness: Harness) -> None:
    await harness.register("acme")
    await take_in(harness, file(*lines(range(5))))
    heard = len(await told(harness))
    faulty = file(*lines(range(3)), "e-3;Noor;de Vries;nowhere;nl", "e-4;Noor")
    assert await counts(harness, faulty, full=True, on_error="skip") == {"unchanged": 3, "faulty": 2}

    # Whose line it is cannot be told, so they would be taken for absent.
    nameless = file(*lines(range(4)), ";Noor;de Vries;e-4@example.org;nl")
    for on_error in ("abort", "skip"):
        refused = await take_in(harness, nameless, full=True, on_error=on_error, confirm_withdrawals=1)
        assert named(refused, 422, "import-refused") == [("line 6: employee_ref", "missing")]
    looked = await counts(harness, nameless, full=True, dry_run=True)
    assert looked == {"unchanged": 4, "leaving": 1, "faulty": 1}
    assert set((await standings(harness)).values()) == {"enrolled"}
    assert len(await told(harness)) == heard
