"""Constants that the tests of transfers share: one evening and its people."""

from culture_connect.contracts import Admission
from tests.service.ticketing.harness import NEXT_YEAR
from tests.unit.ticketing.registration_events import evening

NIGHT = evening(NEXT_YEAR, capacity=2, admission=Admission.ON_REQUEST)
DAY_OF_NIGHT = NEXT_YEAR.date()
BO = "bo@example.com"
