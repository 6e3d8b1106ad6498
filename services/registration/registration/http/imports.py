"""Files of HR departments over HTTP."""

from http import HTTPStatus
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from culture_connect.http import Answer, Progress, once, with_progress
from culture_connect.messaging import UnitOfWork
from registration.domain.errors import FileNotUsable
from registration.domain.hr_file import FileFault, HrFile
from registration.http import examples
from registration.http.access import PartnerPeople, PartnerSlug
from registration.http.refusals import problem_of
from registration.use_cases.file_thread import in_file_thread, in_workbook_thread
from registration.use_cases.import_file import ImportOptions, Report, take_file
from registration.workbook import is_workbook, sheet_in

router = APIRouter(prefix="/partners/{slug}/enrolments", tags=["participants"])

PATH = "/partners/[^/]+/enrolments/import"
JSON = "application/json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_FILE = 16 * 1024 * 1024  # bytes: far more than the lines that a file may have

_FILE = {
    "requestBody": {
        "required": True,
        "description": "The file as HR exports it, with Dutch or English headers: CSV (UTF-8 or Windows-1252; `;`, `,` "
        "or tab), or an Excel workbook. Which it is shows in its first bytes, whatever the content type says",
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "Personeelsnummer;Voornaam;Tussenvoegsel;Achternaam;E-mail\r\n"
                "E-10442;Noor;de;Wit;noor.dewit@acme.example\r\n",
            },
            XLSX: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


class LineView(BaseModel):
    """A line, and whom it is about."""

    line: int
    employee_ref: str


class ChangedView(LineView):
    """A line that changes somebody; `fields` are others than before."""

    fields: list[str]


class LeavingView(BaseModel):
    """Somebody whom a complete list does not name."""

    employee_ref: str


class FaultView(BaseModel):
    """One thing wrong with one line; the header is line 1."""

    model_config = ConfigDict(from_attributes=True)

    line: int
    field: str | None
    code: str
    message: str


class CountsView(BaseModel):
    """Counts of lines, and for `leaving` of people."""

    added: int
    returning: int
    changed: int
    unchanged: int
    leaving: int
    faulty: int


class ReportView(BaseModel):
    """The effect of a file. Who is added, changed, ... is listed for a dry run only; `faults` are the first 1000."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.IMPORT_REPORT]})

    applied: bool
    lines: int
    counts: CountsView
    added: list[LineView]
    returning: list[LineView]
    changed: list[ChangedView]
    leaving: list[LeavingView]
    faults: list[FaultView]
    ignored_columns: list[str]
    withdrawals_to_confirm: int | None

    @classmethod
    def of(cls, report: Report, file: HrFile, *, dry_run: bool) -> Self:
        """Of a report; once it is applied the answer is remembered for a day, and names nobody."""
        listed = report if dry_run else Report()
        return cls(
            applied=not dry_run,
            lines=report.lines,
            counts=CountsView(
                added=len(report.added),
                returning=len(report.returning),
                changed=len(report.changed),
                unchanged=report.unchanged,
                leaving=len(report.leaving),
                faulty=len(report.faulty),
            ),
            added=[LineView(line=line, employee_ref=ref) for line, ref in listed.added],
            returning=[LineView(line=line, employee_ref=ref) for line, ref in listed.returning],
            changed=[ChangedView(line=line, employee_ref=ref, fields=fields) for line, ref, fields in listed.changed],
            leaving=[LeavingView(employee_ref=ref) for ref in listed.leaving],
            faults=[FaultView.model_validate(fault) for fault in report.faults],
            ignored_columns=list(file.ignored_columns),
            withdrawals_to_confirm=report.withdrawals_to_confirm,
        )


@router.post("/import", response_model=ReportView, openapi_extra=_FILE)
async def import_file(
    request: Request,
    slug: PartnerSlug,
    caller: PartnerPeople,
    dry_run: Annotated[bool, Query(description="Only tell what would change")] = False,
    full: Annotated[bool, Query(description="The file names everybody: who is not in it is withdrawn")] = False,
    on_error: Annotated[Literal["abort", "skip"], Query(description="What becomes of the rest of the file")] = "abort",
    confirm_withdrawals: Annotated[
        int | None, Query(ge=0, description="How many are withdrawn, where these are more than a fifth")
    ] = None,
) -> Response:
    """Takes in a file (CSV or XLSX), all of it or nothing; with `on_error=skip`, all of it but its faulty lines.

    With `Accept: application/x-ndjson` the answer tells how far it is, line by line, and the result in the last one.
    """
    options = ImportOptions(dry_run, full, on_error == "skip", confirm_withdrawals)
    data = await request.body()

    async def take(progress: Progress) -> Response:
        file = await _read(data)
        report = Report()

        async def effect(work: UnitOfWork) -> Answer:
            nonlocal report
            report = await take_file(work, request.app.state.tombstones, slug, file, options, progress)
            return Answer(HTTPStatus.OK, None if dry_run else ReportView.of(report, file, dry_run=False))

        # A dry run may be run again, and its answer names people: it is nothing to keep for a day.
        response = await once(request, caller, effect, remembered=not dry_run)
        return Response(await in_file_thread(_listing, report, file), media_type=JSON) if dry_run else response

    return await with_progress(request, take, problem_of)


def _listing(report: Report, file: HrFile) -> str:
    """The answer to a dry run, which names as many people as the file has."""
    return ReportView.of(report, file, dry_run=True).model_dump_json()


async def _read(data: bytes) -> HrFile:
    try:
        if is_workbook(data):
            return HrFile.of(await in_workbook_thread(sheet_in, data))
        return await in_file_thread(HrFile.read, data)
    except FileFault as fault:
        raise FileNotUsable(errors=tuple(fault.problems)) from None
