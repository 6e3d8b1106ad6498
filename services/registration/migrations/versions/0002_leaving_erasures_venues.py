"""Partners that leave, erasures and their tombstones, venues.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
    "alter table partners add column left_at timestamptz",
    "alter table partners add column on_bus boolean",
    # Everybody who is withdrawn was so from some day on: retention counts from there.
    """
    update participants set leaves_on = coalesce(ends_on + 1, changed_at::date)
    where standing = 'withdrawn' and leaves_on is null
    """,
    """
    alter table participants add constraint participants_withdrawn
        check (standing <> 'withdrawn' or leaves_on is not null)
    """,
    "create index participants_left on participants (partner, leaves_on) where standing = 'withdrawn'",
    """
    create table tombstones (
        digest bytea primary key,
        participant_id uuid not null references participants,
        erased_at timestamptz not null
    )
    """,
    """
    create table erasures (
        participant_id uuid not null references participants,
        service text not null,
        requested_at timestamptz not null,
        completed_at timestamptz,
        primary key (participant_id, service)
    )
    """,
    "create index erasures_open on erasures (requested_at) where completed_at is null",
    """
    create table venues (
        slug text primary key,
        name text not null,
        address text not null,
        entrance_nl text not null,
        entrance_en text not null,
        version integer not null default 1
    )
    """,
)

_VENUES = (
    (
        "ndt",
        "Nederlands Dans Theater",
        "Amare, Spuiplein 150, 2511 DG Den Haag",
        "De ingang van Amare is aan het Spuiplein. Garderobe en zaal staan aangegeven vanaf de foyer.",
        "Enter Amare from the Spuiplein. Cloakroom and auditorium are signposted from the foyer.",
    ),
    (
        "residentie-orkest",
        "Residentie Orkest",
        "Amare, Spuiplein 150, 2511 DG Den Haag",
        "De ingang van Amare is aan het Spuiplein. De Concertzaal staat aangegeven vanaf de foyer.",
        "Enter Amare from the Spuiplein. The Concert Hall is signposted from the foyer.",
    ),
    (
        "paard",
        "PAARD",
        "Prinsegracht 12, 2512 GA Den Haag",
        "De ingang is aan de Prinsegracht. Houd de QR-code van je ticket bij de hand.",
        "The entrance is on the Prinsegracht. Please have the QR code of your ticket ready.",
    ),
    (
        "beelden-aan-zee",
        "Beelden aan Zee",
        "Harteveltstraat 1, 2586 EL Den Haag",
        "Het museum ligt in de duinen van Scheveningen; de ingang is aan de Harteveltstraat.",
        "The museum lies in the dunes of Scheveningen; the entrance is on the Harteveltstraat.",
    ),
    (
        "het-nationale-theater",
        "Het Nationale Theater",
        "Koninklijke Schouwburg, Korte Voorhout 3, 2511 CW Den Haag",
        "De ingang van de Koninklijke Schouwburg is aan het Korte Voorhout.",
        "The entrance of the Koninklijke Schouwburg is on the Korte Voorhout.",
    ),
)
_COLUMNS = ("slug", "name", "address", "entrance_nl", "entrance_en")


def upgrade() -> None:
    """Adds everything to the schema of the connection, and the five venues to their table."""
    for statement in _STATEMENTS:
        op.execute(statement)
    venues = sa.table("venues", *(sa.column(name, sa.Text) for name in _COLUMNS))
    op.bulk_insert(venues, [dict(zip(_COLUMNS, venue, strict=True)) for venue in _VENUES])
