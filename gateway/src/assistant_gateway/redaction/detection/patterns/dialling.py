"""How many digits a telephone number has after its country code: the possible lengths, of all types, in libphonenumber's metadata.

libphonenumber 9.0, Apache-2.0. Its matcher is not used: it finds a fifth of the numbers that people write, and takes its time.
"""

from typing import Final

# "national lengths: country codes"
_TABLE: Final = """
9: 33 34 93 94 211 212 218 221 240 242 244 249 251 255 256 260 261 262 351 590 594 596 979 992 994 995 998
8: 45 216 222 223 226 227 228 232 235 236 253 257 266 350 356 357 370 371 373 374 389 505 509 800 808 973 993
8-9: 32 36 51 213 224 233 237 250 258 264 268 377 382 387 591 962 963
7: 238 239 246 248 269 291 297 592 673 674 680 691 692
7-8: 241 599 670 675 853 961 965 975
8-10: 20 60 855 856 964 970 976
7,9: 220 245 265 354 423
7-10: 84 243 254 353
8,10: 229 378 506 850
7-9: 231 385 967 968
6: 298 299 672 687
9-10: 380 881 966 996
6,9: 40 508 681
6-10: 48 95 880
10: 52 58 225
8,10,11: 57 65 977
7-12: 86 882 972
8-12: 92 383 883
7,8,10: 230 267 372
5,7: 676 677 678
10: 1
7,10: 960
5-10: 27 64
6-12: 39 381
9,12: 41 870
7,9,10: 44 263
5,8: 47 686
8-11: 55 593
5,6,7,10: 98 685
6-9: 252 355
5-12: 358 971
6-11: 375 595
6,8,9: 376 689
5: 500 682
7,11: 501 679
8,11: 502 504
10,14: 7
10-12: 30
5-11: 31
5-13: 43
6,7,8,9,10,12: 46
5-15: 49
6,7,8,10: 53
10-11: 54
9-11: 56
5,6,7,8,9,10,12: 61
7-17: 62
6,8,9,10,11,12,13: 63
8,9,10,13: 66
8-17: 81
5,6,8,9,10,11,12,13,14: 82
7,10,12,13: 90
8-13: 91
10-14: 234
5-6: 247
4-5: 290
4-11: 352
6,7,8,9,12: 359
5-8: 386
9-12: 420
6,7,9: 421
7,8,11: 503
7,8,10,11: 507
6-7: 597
4-13: 598
4,7: 683
5-7: 688
4-7: 690
5,6,7,8,9,11: 852
12: 878
7-11: 886
11: 888
7,8,9,11: 974
"""


def _lengths(text: str) -> frozenset[int]:
    first, dash, last = text.partition("-")
    return frozenset(range(int(first), int(last) + 1)) if dash else frozenset(map(int, text.split(",")))


LENGTHS: Final[dict[bytes, frozenset[int]]] = {
    code.encode(): _lengths(lengths)
    for lengths, _, codes in (line.partition(": ") for line in _TABLE.strip().splitlines())
    for code in codes.split()
}


def national(digits: bytes) -> int:
    """Return the length of the country code with which the digits begin, 0 when they begin with none."""
    return next((length for length in (1, 2, 3) if digits[:length] in LENGTHS), 0)
