"""Addresses that change hands within one file: chains of people and rings of them."""

from collections import defaultdict, deque
from collections.abc import Mapping


def satisfiable(wanted: Mapping[str, str], holders: Mapping[str, str]) -> set[str]:
    """Returns those who get the address they want, since its holder gets another one in the same file.

    `wanted` is the key of an address by employee reference, in the order of their claims; `holders` tells who has a
    key now. A ring gets what it wants before others do; of others who want the same key the first one counts.
    """
    satisfied = _rings({ref: holders[key] for ref, key in wanted.items() if holders.get(key) in wanted})
    held = {ref: key for key, ref in holders.items()}
    claims: dict[str, deque[str]] = defaultdict(deque)
    for ref, key in wanted.items():
        if ref not in satisfied:
            claims[key].append(ref)
    free = [key for key in claims if key not in holders]
    while free:
        claimants = claims[free.pop()]
        if claimants:
            ref = claimants.popleft()
            satisfied.add(ref)
            if ref in held:
                free.append(held[ref])
    return satisfied


def _rings(following: Mapping[str, str]) -> set[str]:
    """Those from whom the way leads back to themselves; each is followed by one at most."""
    rings: set[str] = set()
    seen: set[str] = set()
    for start in following:
        way: dict[str, int] = {}
        each: str | None = start
        while each is not None and each not in seen:
            seen.add(each)
            way[each] = len(way)
            each = following.get(each)
        if each is not None and each in way:
            rings.update(list(way)[way[each] :])
    return rings
