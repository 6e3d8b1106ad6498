"""The venue of an evening is named once, however its location was written."""

import pytest

from culture_connect.contracts import Venue, venue_names


@pytest.mark.parametrize("venue", Venue)
def test_the_default_location_of_a_venue_does_not_name_it_twice(venue: Venue) -> None:
    location = f"{venue.label}, Straat 1, 2500 AA Den Haag"
    assert venue_names.where(venue, location) == location
    assert venue_names.address(venue, location) == "Straat 1, 2500 AA Den Haag"


@pytest.mark.parametrize(
    ("venue", "location", "written"),
    [
        ("paard", "Prinsegracht 12, Den Haag", "PAARD, Prinsegracht 12, Den Haag"),
        ("paard", "Paard, Prinsegracht 12", "PAARD, Prinsegracht 12"),
        ("paard", "PAARD", "PAARD"),
        ("paard", "PAARD, kleine zaal", "PAARD, kleine zaal"),
        ("paard", "PAARD – kleine zaal", "PAARD, kleine zaal"),
        ("paard", "PAARD (kleine zaal)", "PAARD, (kleine zaal)"),
        ("paard", "Paardenstraat 3", "PAARD, Paardenstraat 3"),
        ("beelden-aan-zee", "beelden  aan zee, Harteveltstraat 1", "Beelden aan Zee, Harteveltstraat 1"),
        ("beelden-aan-zee", "Museum Beelden aan Zee, Harteveltstraat 1", "Beelden aan Zee, Harteveltstraat 1"),
        (
            "beelden-aan-zee",
            "Beelden aan Zee, Beelden aan Zee, Straat 1",
            "Beelden aan Zee, Straat 1",
        ),
        ("beelden-aan-zee", "Beelden aan Zeestraat 5", "Beelden aan Zee, Beelden aan Zeestraat 5"),
        ("het-nationale-theater", "Nationale Theater, Korte Voorhout 3", "Het Nationale Theater, Korte Voorhout 3"),
        ("residentie-orkest", "Het Residentie Orkest, Amare, Spuiplein 150", "Residentie Orkest, Amare, Spuiplein 150"),
        ("ndt", "Amare, Spuiplein 150, Den Haag", "Nederlands Dans Theater, Amare, Spuiplein 150, Den Haag"),
    ],
)
def test_a_location_that_names_the_venue_is_written_with_it_once(venue: str, location: str, written: str) -> None:
    assert venue_names.where(Venue(venue), location) == written
