"""Codes of doors, safes and devices that nothing calls a code."""

import pytest

from tests.unit.gateway.redaction.finding import found, only


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The safe opens with 18-42-07, right-left-right.", "18-42-07"),
        ("So the gate: press the bell twice and then key in 0927. Dogs are friendly.", "0927"),
        ("the keypad in the garage takes 8830", "8830"),
        ("Remember that my locker's 12-33-05 because I forget.", "12-33-05"),
        ("enter 4471 on the keypad", "4471"),
        ("disarm with 4471", "4471"),
        ("the padlock's combination is 4-4-7-1", "4-4-7-1"),
        ("The new code is 4471.", "4471"),
        ("Voicemail: dial 121, then 7714# to hear the messages", "7714"),
        ("Digicode B4519, 3e étage gauche", "B4519"),
        ("Tresor: 44-17-90, zweimal rechts drehen", "44-17-90"),
        ("Mein Handy entsperrst du mit 190283", "190283"),
        ("Alarm mit 7719 ausschalten, dann Blumen gießen.", "7719"),
        ("Fahrradschloss 3951, steht hinten im Keller", "3951"),
        ("Le cadenas s'ouvre avec 6224.", "6224"),
        ("Pour entrer dans l'immeuble tapez 47B12 puis poussez fort", "47B12"),
        ("La alarma se desactiva marcando 6604", "6604"),
        ("El candado se abre con el 7118", "7118"),
        ("Caja fuerte: 9-31-22. Gira primero a la izquierda.", "9-31-22"),
        ("Per entrare digita 4408 e premi il cancelletto", "4408"),
        ("De kluis gaat open met 18-42-07", "18-42-07"),
        ("O portão abre com 8812", "8812"),
        ("sejf otwiera się kodem 4471", "4471"),
    ],
)
def test_what_opens_something_is_found(text: str, code: str) -> None:
    """Behind what it opens, or behind who types it, in the languages that we know."""
    assert only("PASSWORD", text) == [code], found(text)


def test_both_codes_are_found_where_one_was_changed() -> None:
    """What it was and what it is; and the second of two that are told in one sentence."""
    assert only("PASSWORD", "Door code changed. Was 1234, now 7782.") == ["1234", "7782"]
    assert only("PASSWORD", "Der Code für die Alarmanlage hat sich geändert: jetzt 6031 statt 5031") == ["6031", "5031"]
    assert only("PASSWORD", "Building entry is #4490, laundry room 2218.") == ["4490", "2218"]


@pytest.mark.parametrize(
    "text",
    [
        "The door opens at 7 and the concert starts at 8:30.",
        "Room 2204 is on the second floor, the door is 2100 mm high.",
        "the gate opens with 3000 fans outside",
        "the film opens with 1917 footage",
        "The building is 1912.",
        "Alarm: 0630",
        "Alarm 4471 acknowledged by operator; lock 4471 held by thread 12",
        "type 1024 and press Enter",
        "enter 4471 into cell B2, next to the door price",
        "Tresor: 2500 Euro",
        "error code is 4471; the code is 4471 lines long; the code is E4471.",
        "Le code postal est 69003, la ville Lyon.",
        "Price was 1200, now 1100, use code at the gate",
        "now 4471 people know the door code",
        "safe: 2024",
        "locker 2204 is on the second floor",
    ],
)
def test_what_is_counted_measured_or_dated_stays(text: str) -> None:
    """Years, hours, sizes, people, rooms, prices and errors beside the same words."""
    assert only("PASSWORD", text) == []
