"""Every message on the bus of Culture Connect, its envelope, and how to read and write them.

This is all that the services, and tools around them, share about their data; see `docs/events.md`. The package exports
every public name of its modules, so that a new message needs no line here.
"""

from culture_connect.contracts.base import *
from culture_connect.contracts.box_office import *
from culture_connect.contracts.catalogue import *
from culture_connect.contracts.envelope import *
from culture_connect.contracts.evening import *
from culture_connect.contracts.hr import *
from culture_connect.contracts.notifications import *
from culture_connect.contracts.problems import *
from culture_connect.contracts.reader import *
from culture_connect.contracts.receipts import *
from culture_connect.contracts.registration import *
from culture_connect.contracts.ticketing import *
from culture_connect.contracts.values import *
