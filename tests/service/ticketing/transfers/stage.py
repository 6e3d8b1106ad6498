"""What the tests of passing on share: one evening, and whom it is about."""

from culture_connect.contracts import Admission
from tests.service.ticketing.harness import NEXT_YEAR
from tests.unit.ticketing.news import evening

NIGHT = evening(NEXT_YEAR, capacity=2, admission=Admission.ON_REQUEST)
DAY_OF_NIGHT = NEXT_YEAR.date()
BO = "bo@example.com"
