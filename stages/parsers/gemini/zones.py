"""Abbreviations of time zones, as Google writes them behind a time, and how far they are from UTC in minutes."""

from collections.abc import Mapping

_HOURS = {
    "UTC GMT UCT Z WET WEZ": 0,
    "WEST WESZ CET MEZ WAT": 1,
    "CEST MESZ EET OEZ CAT SAST": 2,
    "EEST OESZ MSK EAT TRT IDT": 3,
    "GEST AZT SAMT": 4,
    "PKT UZT YEKT": 5,
    "ALMT OMST": 6,
    "WIB ICT KRAT": 7,
    "HKT SGT MYT PHT WITA AWST IRKT": 8,
    "JST KST WIT YAKT": 9,
    "AEST CHST VLAT": 10,
    "AEDT": 11,
    "NZST": 12,
    "NZDT": 13,
    "BRT ART UYT ADT CLST": -3,
    "BRST": -2,
    "EDT BOT VET CLT": -4,
    "EST CDT COT PET": -5,
    "MDT": -6,
    "PDT": -7,
    "AKDT": -8,
    "HDT AKST": -9,
    "HST": -10,
    "SST": -11,
}

_OTHERS = {
    "NDT": (-150,),
    "NST": (-210,),
    "IRST": (210,),
    "NPT": (345,),
    "MMT": (390,),
    "ACST": (570,),
    "ACDT": (630,),
    # Several meanings, the one that is most likely for what Google writes first.
    "CST": (-360, 480, -300),  # America, China, Cuba
    "PST": (-480, 480),  # America, Philippines
    "MST": (-420, 480),  # America, Malaysia
    "AST": (-240, 180),  # America, Arabia
    "IST": (330, 120, 60),  # India, Israel, Ireland
    "BST": (60, 360),  # Britain, Bangladesh
    "GST": (240, -120),  # the Gulf, South Georgia
    "AMT": (-240, 240),  # the Amazon, Armenia
    "ECT": (-300, -240),  # Ecuador, the Eastern Caribbean
}

OFFSETS: Mapping[str, tuple[int, ...]] = {
    **{name: (hours * 60,) for names, hours in _HOURS.items() for name in names.split()},
    **_OTHERS,
    "МСК": (180,),
}
"""By abbreviation, in capitals. Where it means several zones, the likeliest stands first."""
