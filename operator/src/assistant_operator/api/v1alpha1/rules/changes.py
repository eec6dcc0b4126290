"""Rules on an update: a volume neither shrinks nor changes its nature."""

from assistant_operator.api.v1alpha1.rules.rule import CEL_CLAIM, CEL_KEEPS, Change

_NO_VOLUME = f"{CEL_CLAIM.format('oldSelf')} || {CEL_CLAIM.format('self')}"
_OLD_SIZE = "(has({0}.storage) && has({0}.storage.size) ? {0}.storage.size : '20Gi')"
_OLD_CLASS = "(has({0}.storage) && has({0}.storage.storageClassName) ? {0}.storage.storageClassName : '')"
_OLD_MODES = "(has({0}.storage) && has({0}.storage.accessModes) ? {0}.storage.accessModes : ['ReadWriteOnce'])"
_MANAGED = f"({CEL_KEEPS} && !(has({{0}}.store) && has({{0}}.store.external)))"
_NO_STORE = f"!{_MANAGED.format('oldSelf')} || !{_MANAGED.format('self')}"
_STORE_FIELD = "(has({0}.store) && has({0}.store.managed) && has({0}.store.managed.%s) ? {0}.store.managed.%s : '%s')"
_STORE_SIZE = _STORE_FIELD % ("size", "size", "10Gi")
_STORE_CLASS = _STORE_FIELD % ("storageClassName", "storageClassName", "")

CHANGES: tuple[Change, ...] = (
    Change(
        "spec.model",
        ".storage.size",
        f"{_NO_VOLUME} || !isQuantity({_OLD_SIZE.format('self')}) || !isQuantity({_OLD_SIZE.format('oldSelf')})"
        f" || quantity({_OLD_SIZE.format('self')}).compareTo(quantity({_OLD_SIZE.format('oldSelf')})) >= 0",
        "spec.model.storage.size (20Gi where absent) must not shrink: volumes cannot; keep the size or make another assistant",
    ),
    Change(
        "spec.model",
        ".storage.storageClassName",
        f"{_NO_VOLUME} || {_OLD_CLASS.format('self')} == {_OLD_CLASS.format('oldSelf')}",
        "spec.model.storage.storageClassName is immutable, also from absent to present: a volume keeps its class; make another assistant",
    ),
    Change(
        "spec.model",
        ".storage.accessModes",
        f"{_NO_VOLUME} || sets.equivalent({_OLD_MODES.format('self')}, {_OLD_MODES.format('oldSelf')})",
        "spec.model.storage.accessModes (ReadWriteOnce where absent) is immutable: a volume keeps its modes; make another assistant",
    ),
    Change(
        "spec",
        ".store.managed.size",
        f"{_NO_STORE} || !isQuantity({_STORE_SIZE.format('self')}) || !isQuantity({_STORE_SIZE.format('oldSelf')})"
        f" || quantity({_STORE_SIZE.format('self')}).compareTo(quantity({_STORE_SIZE.format('oldSelf')})) >= 0",
        "spec.store.managed.size (10Gi where absent) must not shrink: volumes cannot; keep the size or make another assistant",
    ),
    Change(
        "spec",
        ".store.managed.storageClassName",
        f"{_NO_STORE} || {_STORE_CLASS.format('self')} == {_STORE_CLASS.format('oldSelf')}",
        "spec.store.managed.storageClassName is immutable, also from absent to present: a volume keeps its class; make another assistant",
    ),
)
