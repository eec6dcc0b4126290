"""Does a live object still say what the plan says?

The plan's manifest is a part of the live object: the API server adds defaults and status, so everything in the manifest must be in the live
object, and what the manifest does not mention is judged elsewhere (fields that others set: kube/ownership.py; fields that the plan
dropped: the intent annotation). Equal is what the API server makes equal: absent and empty, two spellings of a quantity.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

# Booleans that the API server drops where they are false; of others (automountServiceAccountToken, ...) absent may mean true.
_FALSE_BY_DEFAULT = frozenset({"hostNetwork", "hostPID", "hostIPC", "readOnly", "stdin", "tty", "publishNotReadyAddresses"})
_QUANTITIES = frozenset({"requests", "limits", "capacity", "sizeLimit", "storage"})
_MAPS = frozenset({"labels", "annotations", "nodeSelector", "matchLabels", "data", "requests", "limits"})
# Maps and lists to which others may add.
_SHARED = frozenset({"labels", "annotations", "ownerReferences", "finalizers"})

_SCALARS = (str, int, float)

_QUANTITY = re.compile(r"^([+-]?[0-9.]+)(e[+-]?[0-9]+|[numkKMGTPE]?i?)$", re.IGNORECASE)
_SUFFIX = {"n": "1e-9", "u": "1e-6", "m": "1e-3", "": "1", "k": "1e3", "M": "1e6", "G": "1e9", "T": "1e12", "P": "1e15", "E": "1e18"}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def difference(want: Mapping[str, Any], have: Mapping[str, Any]) -> str | None:
    """Return the path of the first field in which the live object is not what the manifest says; None where there is none."""
    for part, value in want.items():
        live = have.get(part)
        if part == "metadata":
            shared = {key: value[key] for key in _SHARED if key in value}
            below = _first(shared, live or {}, "metadata")
        else:
            below = _first(value, live, part)
        if below is not None:
            return part + below
    return None


def _first(want: Any, have: Any, field: str) -> str | None:
    """Return where the first difference is, as a path from this field on (empty: here); None where there is none.

    This is asked of every field of every child in every pass: paths are put together only where there is a difference.
    """
    if isinstance(want, _SCALARS):  # most values are; to ask them whether they are a Mapping costs more than all the rest
        return None if _same(want, have, field) else ""
    if _empty(want, field) and _empty(have, field):
        return None
    if isinstance(want, Mapping):
        if not isinstance(have, Mapping):
            return ""
        inner = "quantity" if field in _QUANTITIES else None
        for key, value in want.items():
            below = _first(value, have.get(key), inner or key)
            if below is not None:
                return f".{key}{below}"
        return None
    if isinstance(want, Sequence):
        return "" if not isinstance(have, Sequence) or isinstance(have, str) else _first_item(want, have, field)
    return None if _same(want, have, field) else ""


def _first_item(want: Sequence[Any], have: Sequence[Any], field: str) -> str | None:
    if field in _SHARED:
        missing = any(all(_first(item, live, field) is not None for live in have) for item in want)
        return "" if missing else None
    if len(want) != len(have):
        return ""
    for index, (item, live) in enumerate(zip(want, have, strict=True)):
        below = _first(item, live, field)
        if below is not None:
            return f"[{index}]{below}"
    return None


def _empty(value: Any, field: str) -> bool:
    """Tell whether the API server may have dropped the value: `{}` only as a map; as a structure (a selector) it says something."""
    return value is None or value in ([], ()) or (value == {} and field in _MAPS)


def _same(want: Any, have: Any, field: str) -> bool:
    if want == have and (type(want) is bool) == (type(have) is bool):
        return True
    if have is None:
        return (want is False and field in _FALSE_BY_DEFAULT) or (want == "" and field != "storageClassName")
    if field == "quantity" or field in _QUANTITIES:
        return (number := quantity(want)) is not None and number == quantity(have)
    return False


def quantity(text: Any) -> Decimal | None:
    """Return the number that a Kubernetes quantity stands for; None where it is none."""
    match = _QUANTITY.match(str(text))
    if match is None:
        return None
    digits, suffix = match.groups()
    try:
        number = Decimal(digits)
    except ArithmeticError:
        return None
    if suffix in _BINARY:
        return number * Decimal(1024) ** _BINARY[suffix]
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        return number * Decimal(10) ** int(suffix[1:])
    return number * Decimal(_SUFFIX[suffix]) if suffix in _SUFFIX else None
