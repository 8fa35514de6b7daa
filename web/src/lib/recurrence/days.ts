/** The words for rules by the month and by the year: "monthly on the 15th", "on the last Friday of every month". */
import { weekdayOf } from "../time";
import { recurrenceStrings as strings } from "../../strings/recurrence";
import { ascending, sameNumbers, WEEKDAYS, WEEKEND, WORKDAYS, type Rule } from "./rule";

export function daysOfMonth(rule: Rule, dtstart: string): string | null {
  if (rule.yearDays.length > 0 || rule.weekNumbers.length > 0) return null;
  if (rule.monthDays.length > 0 && rule.weekdays.length > 0) return weekdayTheDate(rule);
  if (rule.months.length > 0) return rule.interval === 1 ? daysOfMonths(rule, dtstart) : null;
  const dates = datesOf(rule, dtstart);
  if (dates && dates.every((date) => date > 0)) {
    const days = strings.the(strings.listed(dates.map(strings.ordinal)));
    return rule.interval === 1 ? strings.monthlyOn(days) : strings.on(period(rule, "month"), days);
  }
  const days = daysAt(rule, dates);
  if (!days) return null;
  return rule.interval > 2
    ? strings.on(period(rule, "month"), days)
    : strings.onOf(days, period(rule, "month"));
}

export function daysOfYear(rule: Rule, dtstart: string): string | null {
  if (rule.weekNumbers.length > 0) return weekOfYear(rule, dtstart);
  if (rule.yearDays.length > 0) return dayOfYear(rule);
  const namesDays = rule.monthDays.length > 0 || rule.weekdays.length > 0;
  if (rule.months.length > 0 || !namesDays) {
    // BYSETPOS counts in the year, not in each of several months.
    if (rule.positions.length > 0 && rule.months.length !== 1) return null;
    return rule.monthDays.length > 0 && rule.weekdays.length > 0
      ? null
      : daysOfMonths(rule, dtstart);
  }
  // Without a month, weekdays count in the year, and dates are those of every month.
  if (rule.monthDays.length > 0) return null;
  const days = daysAt(rule, null);
  return days && strings.onOf(days, period(rule, "year"));
}

/** "every year on 24 December", "every year on the first Monday of September". */
function daysOfMonths(rule: Rule, dtstart: string): string | null {
  const [, startMonth] = dtstart.split("-").map(Number);
  const months = (rule.months.length > 0 ? rule.months : [startMonth!]).map(strings.month);
  const year = period(
    { ...rule, interval: rule.frequency === "yearly" ? rule.interval : 1 },
    "year",
  );
  const dates = datesOf(rule, dtstart);
  if (dates && dates.every((date) => date > 0)) {
    const days = dates.map(String);
    if (months.length === 1) {
      return strings.on(year, strings.theDate(strings.listed(days), months[0]!));
    }
    if (dates.length === 1) {
      const each = months.map((month) => strings.theDate(days[0]!, month));
      return strings.on(year, strings.listed(each));
    }
    const ordinals = strings.the(strings.listed(dates.map(strings.ordinal)));
    return strings.on(year, strings.daysOf(ordinals, strings.listed(months)));
  }
  const days = daysAt(rule, dates);
  return days && strings.on(year, strings.daysOf(days, strings.listed(months)));
}

/** The days of the month that are named, else that of `dtstart`; null where the rule goes by weekdays. */
function datesOf(rule: Rule, dtstart: string): number[] | null {
  if (rule.weekdays.length > 0 || rule.positions.length > 0) return null;
  return rule.monthDays.length > 0 ? rule.monthDays : [Number(dtstart.slice(8, 10))];
}

/** "the 1st and last day", "the first and third Monday", "the last weekday". */
function daysAt(rule: Rule, dates: number[] | null): string | null {
  if (dates) return fromBothEnds(dates);
  if (rule.monthDays.length > 0) return null;
  if (rule.positions.length > 0) return atPositions(rule);
  if (rule.weekdays.some(({ nth }) => nth === 0)) return null;
  const byWeekday = WEEKDAYS.flatMap((weekday) => {
    const own = rule.weekdays.filter((day) => day.weekday === weekday);
    if (own.length === 0) return [];
    return [`${places(own.map(({ nth }) => nth))} ${strings.weekday(weekday)}`];
  });
  return strings.the(strings.listed(byWeekday));
}

function fromBothEnds(dates: number[]): string {
  const fromStart = dates.filter((date) => date > 0).map(strings.ordinal);
  const fromEnd = dates.filter((date) => date < 0);
  return strings.the(strings.listed([...fromStart, strings.dayAt(places(fromEnd))]));
}

function atPositions(rule: Rule): string | null {
  if (rule.weekdays.some(({ nth }) => nth !== 0)) return null;
  const named = ascending(rule.weekdays.map(({ weekday }) => weekday));
  const [only, ...others] = named;
  let unit: string | null = null;
  if (only && others.length === 0) unit = strings.weekday(only);
  if (sameNumbers(named, WORKDAYS)) unit = strings.aWeekday;
  if (sameNumbers(named, WEEKEND)) unit = strings.weekendDay;
  if (sameNumbers(named, WEEKDAYS)) unit = strings.day;
  return unit && strings.the(`${places(rule.positions)} ${unit}`);
}

/** "every Friday the 13th": the only pair of a date and a weekday that is said so. */
function weekdayTheDate(rule: Rule): string | null {
  const [weekday, ...weekdays] = rule.weekdays;
  const [date, ...dates] = rule.monthDays;
  const isOne = weekdays.length === 0 && dates.length === 0 && rule.positions.length === 0;
  if (!isOne || rule.interval !== 1 || rule.months.length > 0) return null;
  if (weekday!.nth !== 0 || date! < 0) return null;
  const day = strings.weekdayThe(strings.weekday(weekday!.weekday), strings.ordinal(date!));
  return strings.every(day);
}

/** "every year in week 20 on Monday". Weeks count from Monday; those at the end of a year are in two. */
function weekOfYear(rule: Rule, dtstart: string): string | null {
  const { months, monthDays, yearDays, positions } = rule;
  if ([months, monthDays, yearDays, positions].some((list) => list.length > 0)) return null;
  const isPlain = rule.weekdays.every(({ nth }) => nth === 0) && (rule.weekStart ?? 1) === 1;
  if (!isPlain || rule.interval !== 1 || rule.weekNumbers.some((week) => week < 0)) return null;
  const named = ascending(rule.weekdays.map(({ weekday }) => weekday));
  const days = named.length > 0 ? named : [weekdayOf(dtstart.slice(0, 10))];
  const weeks = strings.listed(rule.weekNumbers.map(String));
  const said = strings.listed(days.map(strings.weekday));
  return strings.inWeek(strings.every("year"), weeks, said);
}

/** "on the 100th day of every year". */
function dayOfYear(rule: Rule): string | null {
  const { months, monthDays, weekdays, positions } = rule;
  if ([months, monthDays, weekdays, positions].some((list) => list.length > 0)) return null;
  const days = strings.dayAt(places(rule.yearDays));
  return strings.onOf(strings.the(days), period(rule, "year"));
}

/** "first and third", "100th": what counts from the end comes last. */
function places(numbers: readonly number[]): string {
  const fromStart = ascending(numbers.filter((number) => number > 0));
  const fromEnd = ascending(numbers.filter((number) => number < 0));
  return strings.listed([...fromStart, ...fromEnd].map(strings.place));
}

function period(rule: Rule, unit: string): string {
  if (rule.interval === 1) return strings.every(unit);
  if (rule.interval === 2) return strings.everyOther(unit);
  return strings.everyMany(rule.interval, unit);
}
