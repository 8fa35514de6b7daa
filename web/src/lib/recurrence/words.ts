/**
 * A recurrence in words: "every other Tuesday at 18:00". Promises: never words that mean something else than the rule;
 * what has no words is told as the rule's text.
 */
import type { Recurrence } from "../api/client";
import { weekdayOf, type Day } from "../time";
import { recurrenceStrings as strings } from "../../strings/recurrence";
import { daysOfMonth, daysOfYear } from "./days";
import {
  ascending,
  parseRule,
  sameNumbers,
  untilIn,
  WEEKDAYS,
  WEEKEND,
  WORKDAYS,
  type Frequency,
  type Rule,
  type Weekday,
} from "./rule";

/** So many times of a day, evenly spaced, are told as a range. */
const MIN_TIMES_OF_A_RANGE = 5;
/** More times of a day than this, unevenly spaced, have no words. */
const MAX_TIMES_LISTED = 8;

const HOUR_MINUTES = 60;

const UNITS: Record<Frequency, string> = {
  minutely: "minute",
  hourly: "hour",
  daily: "day",
  weekly: "week",
  monthly: "month",
  yearly: "year",
};

/**
 * Where `today` is given, the last day has no year when it is this year's; where `timeZone` is given, the rule's own
 * zone is named when it is another.
 */
export function inWords(recurrence: Recurrence, today?: Day, timeZone?: string): string {
  const rule = parseRule(recurrence.rrule);
  const said = rule && told(plainest(rule), recurrence, today);
  const isLocal = recurrence.dtstart.includes("T");
  const isElsewhere = isLocal && timeZone !== undefined && recurrence.time_zone !== timeZone;
  const text = said?.text ?? strings.byTheRule(recurrence.rrule);
  const withZone = isElsewhere ? strings.inZone(text, recurrence.time_zone) : text;
  const saysBasis = said?.saysBasis || recurrence.basis !== "completion";
  return saysBasis ? withZone : strings.countedFromDone(withZone);
}

interface Told {
  text: string;
  /** Whether it says already that it counts from the completion. */
  saysBasis: boolean;
}

function told(rule: Rule, recurrence: Recurrence, today: Day | undefined): Told | null {
  const times = timesOf(rule, recurrence.dtstart);
  if (!times) return null;
  const saysBasis = recurrence.basis === "completion" && isDistance(rule);
  const said = saysBasis ? afterDone(rule, times) : pattern(rule, recurrence.dtstart, times);
  const text = said && withEnd(said, rule, recurrence, times, today);
  return text ? { text, saysBasis } : null;
}

/** The same occurrences by the frequency that has the plainest words: `HOURLY;BYHOUR=9` is daily at 9. */
function plainest(rule: Rule): Rule {
  if (rule.interval !== 1 || rule.positions.length > 0) return rule;
  if (rule.yearDays.length > 0 || rule.weekNumbers.length > 0) return rule;
  const isNth = rule.weekdays.some(({ nth }) => nth !== 0);
  const [namesDates, namesWeekdays] = [rule.monthDays.length > 0, rule.weekdays.length > 0];
  let { frequency } = rule;
  if (frequency === "hourly" && rule.hours.length > 0) frequency = "daily";
  // Ordinals count in the year where no month is named.
  if (frequency === "yearly" && (namesDates || namesWeekdays) && !isNth) frequency = "monthly";
  if (frequency === "daily" && namesDates) frequency = "monthly";
  if (frequency === "daily" && namesWeekdays) frequency = "weekly";
  if (frequency === "monthly" && namesWeekdays && !isNth && !namesDates) frequency = "weekly";
  return { ...rule, frequency };
}

function pattern(rule: Rule, dtstart: string, times: string[]): string | null {
  if (rule.frequency === "minutely" || rule.frequency === "hourly") return byTheClock(rule);
  const byFrequency = { daily, weekly, monthly: daysOfMonth, yearly: daysOfYear };
  const said = byFrequency[rule.frequency](rule, dtstart);
  return said && withTimes(said, times);
}

function byTheClock(rule: Rule): string | null {
  const { hours, minutes, monthDays, yearDays, weekNumbers, positions } = rule;
  if ([hours, monthDays, yearDays, weekNumbers, positions].some((list) => list.length > 0)) {
    return null;
  }
  let said = every(rule);
  if (minutes.length > 0) {
    if (rule.frequency === "minutely") return null;
    said = strings.atMinutes(said, strings.listed(minutes.map(strings.minutePast)));
  }
  if (rule.weekdays.length > 0) {
    const days = severalWeekdays(rule);
    if (!days) return null;
    said = strings.on(said, days);
  }
  return inMonths(said, rule);
}

function daily(rule: Rule): string | null {
  const { weekdays, monthDays, yearDays, weekNumbers, positions } = rule;
  const isPlain = [weekdays, monthDays, yearDays, weekNumbers, positions].every(
    (list) => list.length === 0,
  );
  return isPlain ? inMonths(every(rule), rule) : null;
}

function weekly(rule: Rule, dtstart: string): string | null {
  const { monthDays, yearDays, weekNumbers, positions } = rule;
  if ([monthDays, yearDays, weekNumbers, positions].some((list) => list.length > 0)) return null;
  if (rule.weekdays.some(({ nth }) => nth !== 0)) return null;
  const named = ascending(rule.weekdays.map(({ weekday }) => weekday));
  const days = named.length > 0 ? named : [weekdayOf(dtstart.slice(0, 10)) as Weekday];
  const [only, ...others] = days;
  if (rule.interval === 1) return inMonths(strings.every(oneOf(days)), rule);
  if (others.length === 0 && rule.interval === 2) {
    return inMonths(strings.everyOther(strings.weekday(only!)), rule);
  }
  const said = others.length === 0 ? strings.weekday(only!) : several(days);
  return inMonths(strings.on(every(rule), said), rule);
}

/** "Tuesday", "weekday", "Mon and Thu", "day except Sunday": what follows "every". */
function oneOf(days: readonly Weekday[]): string {
  const [first, ...others] = days;
  const left = WEEKDAYS.filter((day) => !days.includes(day));
  if (others.length === 0) return strings.weekday(first!);
  if (left.length === 0) return strings.day;
  if (left.length === 1) return strings.dayExcept(strings.weekday(left[0]!));
  if (sameNumbers(days, WORKDAYS)) return strings.aWeekday;
  if (sameNumbers(days, WEEKEND)) return strings.weekendDay;
  return strings.listed(days.map(strings.weekdayShort));
}

/** "weekdays", "Mon and Thu": what follows "on". */
function several(days: readonly Weekday[]): string {
  if (days.length === WEEKDAYS.length) return strings.days;
  if (sameNumbers(days, WORKDAYS)) return strings.weekdays;
  if (sameNumbers(days, WEEKEND)) return strings.weekends;
  return strings.listed(days.map(strings.weekdayShort));
}

function severalWeekdays(rule: Rule): string | null {
  if (rule.weekdays.some(({ nth }) => nth !== 0)) return null;
  return several(ascending(rule.weekdays.map(({ weekday }) => weekday)));
}

function inMonths(said: string, rule: Rule): string {
  if (rule.months.length === 0) return said;
  return strings.inMonths(said, strings.listed(rule.months.map(strings.month)));
}

function every(rule: Rule): string {
  const unit = UNITS[rule.frequency];
  if (rule.interval === 1) return strings.every(unit);
  if (rule.interval === 2 && rule.frequency !== "minutely") return strings.everyOther(unit);
  return strings.everyMany(rule.interval, unit);
}

/** Whether it says no more than how long it takes to the next occurrence. */
function isDistance(rule: Rule): boolean {
  const { months, weekNumbers, yearDays, monthDays, weekdays, hours, minutes, positions } = rule;
  const lists = [months, weekNumbers, yearDays, monthDays, weekdays, hours, minutes, positions];
  return lists.every((list) => list.length === 0);
}

/** "3 days after it is done, at 18:00". */
function afterDone(rule: Rule, times: string[]): string {
  const unit = UNITS[rule.frequency];
  const distance = rule.interval === 1 ? strings.aUnit(unit) : strings.count(rule.interval, unit);
  const said = strings.afterDone(distance);
  return times.length === 0 ? said : strings.afterDoneAt(said, strings.listed(times));
}

/** The times of day, none of whole days and of what repeats by the clock; null where they have no words. */
function timesOf(rule: Rule, dtstart: string): string[] | null {
  const [, clock] = dtstart.split("T");
  const isByTheClock = rule.frequency === "hourly" || rule.frequency === "minutely";
  if (!clock) {
    const namesTimes = [rule.hours, rule.minutes, rule.seconds].some((list) => list.length > 0);
    return isByTheClock || namesTimes ? null : [];
  }
  const [hour, minute, second] = clock.split(":").map(Number);
  const [only = second, ...others] = rule.seconds;
  if (only !== 0 || others.length > 0) return null;
  if (isByTheClock) return [];
  const hours = rule.hours.length > 0 ? rule.hours : [hour!];
  const minutes = rule.minutes.length > 0 ? rule.minutes : [minute!];
  // BYSETPOS counts times, not days, where a day has several.
  if (rule.positions.length > 0 && hours.length * minutes.length > 1) return null;
  const times = hours.flatMap((hour) => minutes.map((minute) => hour * HOUR_MINUTES + minute));
  if (times.length > MAX_TIMES_LISTED && !gapOf(times)) return null;
  return times.map(timeOfDay);
}

function withTimes(said: string, times: string[]): string {
  if (times.length === 0) return said;
  const minutes = times.map(minutesOf);
  const gap = times.length >= MIN_TIMES_OF_A_RANGE ? gapOf(minutes) : null;
  if (gap === null) return strings.at(said, strings.listed(times));
  const inHours = gap % HOUR_MINUTES === 0;
  const [number, unit] = inHours ? [gap / HOUR_MINUTES, UNITS.hourly] : [gap, UNITS.minutely];
  const step = number === 1 ? strings.every(unit) : strings.everyMany(number, unit);
  return strings.fromTo(said, step, times[0]!, times.at(-1)!);
}

/** The minutes between any two times that follow each other, where they are the same. */
function gapOf(minutes: readonly number[]): number | null {
  const gaps = new Set(minutes.slice(1).map((minute, at) => minute - minutes[at]!));
  const [gap] = gaps;
  return gaps.size === 1 ? gap! : null;
}

function withEnd(
  said: string,
  rule: Rule,
  recurrence: Recurrence,
  times: string[],
  today: Day | undefined,
): string | null {
  if (rule.count !== null) return strings.times(said, rule.count);
  if (rule.until === null) return said;
  const last = untilIn(rule.until, recurrence.time_zone);
  if (!last) return null;
  const day = strings.date(last.date, last.date.slice(0, 4) !== today?.slice(0, 4));
  // A time is told where it ends the rule before the last time of that day.
  const lastTime = times.at(-1) ?? "23:59";
  const isWholeDay =
    last.time === null || !recurrence.dtstart.includes("T") || last.time >= lastTime;
  return strings.until(said, isWholeDay ? day : strings.dateAndTime(day, last.time!));
}

function timeOfDay(minutes: number): string {
  const two = (number: number) => String(number).padStart(2, "0");
  return `${two(Math.floor(minutes / HOUR_MINUTES))}:${two(minutes % HOUR_MINUTES)}`;
}

function minutesOf(time: string): number {
  const [hour, minute] = time.split(":").map(Number);
  return hour! * HOUR_MINUTES + minute!;
}
