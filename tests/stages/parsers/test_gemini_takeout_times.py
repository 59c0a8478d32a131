"""Times as Google writes them for people."""

from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from stages.parsers.gemini.dates import moment_of
from stages.parsers.reading.values import iso


def told(line: str, zone: tzinfo = UTC) -> tuple[str, bool] | None:
    moment = moment_of(line, zone)
    return (iso(moment.at)[:19], moment.sure) if moment else None


@pytest.mark.parametrize(
    ("line", "instant"),
    [
        # English, with the narrow blank of today and with the one of before.
        ("Sep 2, 2026, 12:12:52\u202fPM PDT", "2026-09-02T19:12:52"),
        ("Sep 2, 2026, 12:12:52 AM PDT", "2026-09-02T07:12:52"),
        ("Sep 2, 2026, 1:12:52 PM PDT", "2026-09-02T20:12:52"),
        ("Sep 2, 2026, 12:12:52 PM GMT-03:00", "2026-09-02T15:12:52"),
        ("Sep 2, 2026, 12:12:52 PM GMT+2", "2026-09-02T10:12:52"),
        ("Sep 2, 2026, 12:12:52 PM GMT+5:30", "2026-09-02T06:42:52"),
        ("Sep 2, 2026, 12:12:52 PM GMT−3", "2026-09-02T15:12:52"),
        ("4 Dec 2025, 23:07:41 GMT+05:30", "2025-12-04T17:37:41"),
        ("18 Sept 2025, 12:02:52 CET", "2025-09-18T11:02:52"),
        ("4 Dec 2025, 23:07:41 PKT", "2025-12-04T18:07:41"),
        ("Apr 12, 2026, 3:34:31 p.m. EDT", "2026-04-12T19:34:31"),
        ("Apr 12, 2026, 3:34 PM EDT", "2026-04-12T19:34:00"),
        # German, Portuguese, Swedish, French, Spanish, Italian, Danish, Finnish, Greek.
        ("18.04.2026, 17:38:51 MESZ", "2026-04-18T15:38:51"),
        ("18.01.2026, 17:38:51 MEZ", "2026-01-18T16:38:51"),
        ("10 de mai. de 2026, 03:46:09 BRT", "2026-05-10T06:46:09"),
        ("4 juli 2026 09:15:00 CEST", "2026-07-04T07:15:00"),
        ("2 sept. 2026, 09:00:00 UTC+02:00", "2026-09-02T07:00:00"),
        ("18 févr. 2026, 17:38:51 UTC+1", "2026-02-18T16:38:51"),
        ("18 ene 2026, 5:38:51 p. m. COT", "2026-01-18T22:38:51"),
        ("18 giu 2026, 17:38:51 CEST", "2026-06-18T15:38:51"),
        ("18. maj 2026 17.38.51 CEST", "2026-05-18T15:38:51"),
        ("18.4.2026 klo 17.38.51 UTC+3", "2026-04-18T14:38:51"),
        ("18 Απρ 2026, 5:38:51 μ.μ. EEST", "2026-04-18T14:38:51"),
        # Polish, Hungarian, Turkish, Russian, Ukrainian, Hebrew, Vietnamese (time first), Hindi, Thai (Buddha's years).
        ("18 paź 2026, 17:38:51 CEST", "2026-10-18T15:38:51"),
        ("2026. ápr. 18. 17:38:51 CEST", "2026-04-18T15:38:51"),
        ("18 Ağu 2026 17:38:51 TRT", "2026-08-18T14:38:51"),
        ("18 апр. 2026 г., 17:38:51 MSK", "2026-04-18T14:38:51"),
        ("18 квіт. 2026 р., 17:38:51 EEST", "2026-04-18T14:38:51"),
        ("18 בספט׳ 2026, 17:38:51 IDT", "2026-09-18T14:38:51"),
        ("17:38:51 18 thg 4, 2026 GMT+7", "2026-04-18T10:38:51"),
        ("18 सित॰ 2026, 5:38:51 pm GMT+5:30", "2026-09-18T12:08:51"),
        ("18 ก.ย. 2569 17:38:51 GMT+7", "2026-09-18T10:38:51"),
        # Chinese, Japanese, Korean, Arabic digits.
        ("2026年6月19日 12:23:08 CST", "2026-06-19T04:23:08"),
        ("2026年6月19日 上午12:23:08 CST", "2026-06-18T16:23:08"),
        ("2026年6月19日 下午3:23:08 GMT+8", "2026-06-19T07:23:08"),
        ("2026年6月19日 中午12:23:08 HKT", "2026-06-19T04:23:08"),
        ("2026/05/26 13:46:29 JST", "2026-05-26T04:46:29"),
        ("2026年5月26日 午後1:46:29 JST", "2026-05-26T04:46:29"),
        ("2026. 7. 20. 오전 9:15:00 KST", "2026-07-20T00:15:00"),
        ("\u200f١٨\u200f/٠٩\u200f/٢٠٢٦، ٥:٣٨:٥١ م UTC+3", "2026-09-18T14:38:51"),
        # ISO-8601.
        ("2026-09-02T12:00:00Z", "2026-09-02T12:00:00"),
        ("2026-09-02T12:00:00.123+02:00", "2026-09-02T10:00:00"),
        ("2026-09-02 12:00:00 UTC", "2026-09-02T12:00:00"),
    ],
)
def test_a_time_is_read_in_the_language_of_the_account(line: str, instant: str) -> None:
    assert told(line) == (instant, True)
    assert told(f" {line}\u00a0") == (instant, True)


@pytest.mark.parametrize(
    ("month", "names"),
    [
        (1, "Jan January enero gen. gennaio janv. Januar jan. янв. Ιαν ian. Oca sty"),
        (2, "Feb fév. févr. fev. febbraio февр. Φεβ Şub lut"),
        (3, "Mar März mars marzo març mrt. márc. марта Μαρ Mart"),
        (4, "Apr avr. abr. aprile ápr. апр. Nis kwi"),
        (5, "May mai mayo maggio maj máj. mei мая Μαΐ maig"),
        (6, "Jun juin junio giu. június июн. Haz cze"),
        (7, "Jul juil. julio lug. július июл. Tem lip"),
        (8, "Aug août agosto ago. ag. авг. Ağu sie"),
        (9, "Sep sept. Sept septiembre set. szept. сент. Eyl wrz"),
        (10, "Oct Okt. out. ottobre окт. Eki paź"),
        (11, "Nov noviembre нояб. Kas lis noi."),
        (12, "Dec Dez. déc. dic. des. дек. Ara gru"),
    ],
)
def test_months_are_known_by_their_names(month: int, names: str) -> None:
    for name in names.split():
        assert told(f"8 {name} 2026, 10:00:00 UTC") == (f"2026-{month:02d}-08T10:00:00", True), name


@pytest.mark.parametrize(
    ("line", "zone", "expected"),
    [
        ("Sep 2, 2026, 12:00:00 PM", ZoneInfo("Europe/Berlin"), ("2026-09-02T10:00:00", False)),
        ("Sep 2, 2026, 12:00:00 PM XYZ", ZoneInfo("Europe/Berlin"), ("2026-09-02T10:00:00", False)),
        ("Sep 2, 2026, 12:00:00 PM XYZ", UTC, ("2026-09-02T12:00:00", False)),
    ],
)
def test_a_time_without_a_known_zone_is_local_and_not_sure(line: str, zone: tzinfo, expected: tuple[str, bool]) -> None:
    assert told(line, zone) == expected


@pytest.mark.parametrize(
    ("line", "zone", "expected"),
    [
        ("Sep 2, 2026, 12:00:00 PM CST", UTC, ("2026-09-02T18:00:00", False)),
        ("Jan 2, 2026, 12:00:00 PM CST", ZoneInfo("America/Chicago"), ("2026-01-02T18:00:00", True)),
        ("Sep 2, 2026, 12:00:00 PM CST", ZoneInfo("Asia/Shanghai"), ("2026-09-02T04:00:00", True)),
        ("2026年9月2日 12:00:00 CST", UTC, ("2026-09-02T04:00:00", True)),
        ("2 Sept 2026, 12:00:00 IST", UTC, ("2026-09-02T06:30:00", False)),
        ("2 Sept 2026, 12:00:00 IST", ZoneInfo("Europe/Dublin"), ("2026-09-02T11:00:00", True)),
        ("2 Sept 2026, 12:00:00 BST", ZoneInfo("Europe/London"), ("2026-09-02T11:00:00", True)),
        ("2 Sept 2026, 12:00:00 BST", timezone(timedelta(hours=6)), ("2026-09-02T06:00:00", True)),
    ],
)
def test_an_abbreviation_of_several_zones_is_settled_by_the_packages_zone_or_the_language(
    line: str, zone: tzinfo, expected: tuple[str, bool]
) -> None:
    assert told(line, zone) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("25/9/2026, 17:12:52 CEST", ("2026-09-25T15:12:52", True)),
        ("9/25/2026, 17:12:52 CEST", ("2026-09-25T15:12:52", True)),
        ("2/9/2026, 17:12:52 CEST", ("2026-09-02T15:12:52", False)),
        ("9/2/2026, 5:12:52 PM PDT", ("2026-09-03T00:12:52", False)),
    ],
)
def test_days_and_months_that_could_be_exchanged_are_not_sure(line: str, expected: tuple[str, bool]) -> None:
    assert told(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "",
        "On Sep 2, 2026, 12:12:52 PM I wrote",
        "Sep 2, 2026, 12:12:52 PM PDT?",
        "Sep 2, 2026, 12:12:52 PM lunch",
        "Sep 2, 2026, 12:12:52 PM PDT or EDT",
        "Sep 2, 2026, 25:12:52 PDT",
        "Sep 31, 2026, 12:12:52 PM PDT",
        "2 Smarch 2026, 12:00:00 CET",
        "13.13.2026, 12:00:00",
        "May 2026, 12:00",
        "2026 12:00:00",
        "Sep 2, 2026",
        "12:12:52 PM PDT",
        "Sep 2, 0001, 12:12:52 PM PDT",
        "Sep 2, 1969, 12:12:52 PM PDT",
        "Dec 31, 9999, 11:59:59 PM PDT",
        "1 2 3 Sep 2026 12:00:00",
        "Sep 2, 2026, 12:12:52 PM PDT" + " " * 200 + "x",
        "0" * 90 + ":00 2026",
    ],
)
def test_a_line_that_is_no_time_or_more_than_one_is_none(line: str) -> None:
    assert told(line) is None
