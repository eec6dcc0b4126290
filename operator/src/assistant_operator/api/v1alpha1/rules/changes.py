"""Rules on an update: a volume neither shrinks nor changes its nature."""

from assistant_operator.api.v1alpha1.rules.rule import CEL_CLAIM, Change

_NO_VOLUME = f"{CEL_CLAIM.format('oldSelf')} || {CEL_CLAIM.format('self')}"
_OLD_SIZE = "(has({0}.storage) && has({0}.storage.size) ? {0}.storage.size : '20Gi')"
_OLD_CLASS = "(has({0}.storage) && has({0}.storage.storageClassName) ? {0}.storage.storageClassName : '')"
_OLD_MODES = "(has({0}.storage) && has({0}.storage.accessModes) ? {0}.storage.accessModes : ['ReadWriteOnce'])"

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
)
