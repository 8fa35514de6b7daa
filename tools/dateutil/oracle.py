"""What python-dateutil and zoneinfo say of recurrence rules: a rule in a line of JSON, an answer in a line.

`crates/events/tests/recurrence/oracle` makes up the rules, asks, and compares. Where the house understands
a rule otherwise than dateutil does, dateutil is asked another question, in one of the functions below that
docs/recurrence.md lists by name. What remains is compared as it is.

A local time in a gap is localised with fold=0, which is the offset before it, and one that comes twice is
the first: the house's policy too.
"""

import datetime
import itertools
import json
import sys
import zoneinfo
from datetime import date, time, timedelta, timezone

from dateutil import rrule
from dateutil.rrule import MONTHLY, WEEKLY

END_OF_DAY = time(23, 59, 59)
MAX_ORDINAL_IN_MONTH, MAX_ORDINAL_IN_YEAR = 5, 53


def ends_with_the_horizon(year):
    """dateutil looks on to the year 9999, the house to 2200, the test as far as it asks."""
    datetime.MAXYEAR = year


def a_week_number_alone_takes_dtstarts_weekday(rule):
    """RFC 5545 fills in a missing BYDAY from DTSTART; dateutil takes all seven days of the week."""
    days = (rule._byweekday, rule._bynweekday, rule._byyearday, rule._bymonthday, rule._bynmonthday)
    if rule._byweekno and not any(days):
        return rule.replace(byweekday=rule._dtstart.weekday())
    return rule


def weekdays_with_and_without_ordinals_add_up(rule):
    """BYDAY=MO,1FR is every Monday and the first Friday; dateutil wants both of one day."""
    if not (rule._byweekday and rule._bynweekday):
        return rule
    in_month = rule._freq == MONTHLY or rule._bymonth
    ordinals = range(1, (MAX_ORDINAL_IN_MONTH if in_month else MAX_ORDINAL_IN_YEAR) + 1)
    every = [rrule.weekday(day, n) for day in rule._byweekday for n in ordinals]
    return rule.replace(byweekday=every + [rrule.weekday(*day) for day in rule._bynweekday])


def positions_count_in_the_whole_first_week(rule):
    """dateutil's first week begins at DTSTART, and BYSETPOS counts from there; its first month or year does
    not. The house counts in the whole week, whatever lies before DTSTART."""
    if not (rule._freq == WEEKLY and rule._bysetpos):
        return rule
    since = (rule._dtstart.weekday() - rule._wkst) % 7
    # Filled in from the DTSTART that it was.
    return rule.replace(dtstart=rule._dtstart - timedelta(since), byweekday=rule._byweekday, count=None)


class Weeks(rrule._iterinfo):
    """the_last_weeks_reach_across_the_year: dateutil numbers the days around New Year wrong for the weeks
    52, 53, -52 and -53. 1983-01-01 lies in week 52 of 1982, where dateutil says 53."""

    def rebuild(self, year, month):
        is_new_year = year != self.lastyear
        super().rebuild(year, month)
        wanted = set(self.rrule._byweekno or ())
        if is_new_year and wanted & {52, 53, -52, -53}:
            for index in range(len(self.wnomask)):
                day = date.fromordinal(self.yearordinal + index)
                self.wnomask[index] = not wanted.isdisjoint(self.numbers(day))

    def numbers(self, day):
        """A week belongs to the year of its fourth day."""
        fourth = day + timedelta(3 - (day.weekday() - self.rrule._wkst) % 7)
        first, last = date(fourth.year, 1, 1), date(fourth.year, 12, 31)
        return ((fourth - first).days // 7 + 1, -((last - fourth).days // 7) - 1)


rrule._iterinfo = Weeks


def occurrences(ask, start, zone):
    """Everything that the rule names, without regard to exdates."""
    parts = [part.partition("=") for part in ask["rrule"].split(";")]
    until = next((local_until(value, start, zone) for name, _, value in parts if name == "UNTIL"), None)
    text = ";".join(name + "=" + value for name, _, value in parts if name != "UNTIL")
    try:
        rule = rrule.rrulestr(text, dtstart=start).replace(until=until)
        count = rule._count
        rule = a_week_number_alone_takes_dtstarts_weekday(rule)
        rule = weekdays_with_and_without_ordinals_add_up(rule)
        rule = positions_count_in_the_whole_first_week(rule)
        yield from itertools.islice((found for found in rule if found >= start), count)
    except ValueError as error:
        # a_rule_that_never_comes_is_empty: dateutil refuses some of those that repeat within a day.
        if "empty" not in str(error):
            raise


def local_until(text, start, zone):
    """UNTIL as a rule without a zone takes it: a day is meant to its end, an instant is one of the zone."""
    if "T" not in text:
        return datetime.datetime.combine(datetime.datetime.strptime(text, "%Y%m%d"), END_OF_DAY)
    until = datetime.datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")
    if text.endswith("Z"):
        until = until.replace(tzinfo=timezone.utc).astimezone(zone).replace(tzinfo=None)
    return until


def answer(ask):
    whole_days = "T" not in ask["dtstart"]
    zone = zoneinfo.ZoneInfo(ask["time_zone"])
    start = datetime.datetime.fromisoformat(ask["dtstart"])
    since = datetime.datetime.fromisoformat(ask["from"])
    exdates = {datetime.datetime.fromisoformat(exdate) for exdate in ask["exdates"]}
    ends_with_the_horizon(ask["last_year"])

    def written(found):
        at = time.fromisoformat(ask["day_time"]) if whole_days else found.time()
        instant = datetime.datetime.combine(found, at, tzinfo=zone).astimezone(timezone.utc)
        local = found.date() if whole_days else found
        return [local.isoformat(), instant.strftime("%Y-%m-%dT%H:%M:%SZ")]

    def some(at_or_after):
        found = (found for found in occurrences(ask, start, zone) if found not in exdates)
        later = itertools.dropwhile(lambda found: found < at_or_after, found)
        within = itertools.takewhile(lambda found: found.year <= ask["last_year"], later)
        return [written(found) for found in itertools.islice(within, ask["count"])]

    return {"first": some(start), "from": some(since)}


def main():
    # The tables of the pinned package, not those of the machine.
    zoneinfo.reset_tzpath(to=[])
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))))


if __name__ == "__main__":
    main()
