"""All that registration holds of one employee, over HTTP."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from culture_connect.http import not_found
from culture_connect.http.subject_access import HeldView, Operator, answer, held
from culture_connect.messaging import Database
from registration.http.access import PartnerSlug
from registration.http.enrolments import Employee
from registration.store import participants
from registration.store.subject_access import HOLDINGS
from registration.store.tombstones import Tombstones

router = APIRouter(prefix="/partners/{slug}", tags=["participants"])


@router.get("/participants/{employee_ref:path}/export", response_model=HeldView)
async def export(request: Request, slug: PartnerSlug, employee_ref: Employee, caller: Operator) -> Response:
    """Everything that is held of this employee, also of one who was erased (GDPR, article 15).

    With the id in it the other services are asked: `GET /participants/{participant_id}/export`.
    """
    database: Database = request.app.state.database
    tombstones: Tombstones = request.app.state.tombstones
    async with database.snapshot() as work:
        known = await participants.known(work, slug, refs=[employee_ref], email_keys=())
        tombstone = (await tombstones.load(work, slug, [employee_ref])).get(employee_ref)
        participant_id = known[0].participant_id if known else tombstone.participant_id if tombstone else None
        if participant_id is None:
            raise not_found("employee")
        wanted = {"participant": participant_id, "partner": slug, "employee_ref": employee_ref}
        found = await held(work, HOLDINGS, wanted)
    return answer(participant_id, found, caller)
