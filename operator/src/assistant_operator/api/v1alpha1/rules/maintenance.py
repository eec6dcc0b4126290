"""Rules on `spec.maintenance`: what a window looks like. Whether its time zone is one, the loop alone can tell (guard.py)."""

from assistant_operator.api.v1alpha1.rules.rule import Rule, cel_text, pattern

START = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
DURATION = r"^(([1-9]|1[0-9]|2[0-4])h|(1[5-9]|[2-9][0-9]|[1-9][0-9]{2})m)$"
TIME_ZONE = r"^[A-Za-z][A-Za-z0-9_+-]{0,31}(/[A-Za-z0-9_+-]{1,31}){0,2}$"

RULES: tuple[Rule, ...] = (
    Rule(
        "spec.maintenance.window",
        ".start",
        f"self.start.matches({cel_text(START)})",
        lambda it: pattern(START)(it.start),
        "spec.maintenance.window.start must be hours and minutes with two digits each, 00:00 to 23:59, such as 02:30",
    ),
    Rule(
        "spec.maintenance.window",
        ".duration",
        f"!has(self.duration) || self.duration.matches({cel_text(DURATION)})",
        lambda it: pattern(DURATION)(it.duration),
        "spec.maintenance.window.duration must be whole hours from 1h to 24h, or minutes from 15m to 999m, such as 3h or 90m: not both",
    ),
    Rule(
        "spec.maintenance.window",
        ".timeZone",
        f"!has(self.timeZone) || self.timeZone.matches({cel_text(TIME_ZONE)})",
        lambda it: pattern(TIME_ZONE)(it.time_zone),
        "spec.maintenance.window.timeZone must be an IANA name, such as Europe/Berlin or UTC",
    ),
)
