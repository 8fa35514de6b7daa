/**
 * A recurrence as an editor's fields have it, and back. Promises: a rule that the fields can't express is `custom` and
 * comes back untouched; any other comes back with the same occurrences.
 */
import type { Recurrence } from "../api/client";
import { isDay, today, toLocal, weekdayOf, type Day, type DueDate } from "../time";
import {
  ascending,
  MAX_COUNT,
  MIN_INTERVAL_MINUTES,
  parseRule,
  sameNumbers,
  untilIn,
  weekdayCode,
  WORKDAYS,
  type Frequency,
  type NthWeekday,
  type Rule,
  type Weekday,
} from "./rule";

/** The largest INTERVAL that the services take. */
export const MAX_INTERVAL = 65_535;
export const MAX_MONTH_DAYS = 31;
/** From January, in a leap year. */
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** The places of a weekday in its month that the fields have; -1 is the last. */
export const PLACES = [1, 2, 3, 4, 5, -1] as const;
export type Place = (typeof PLACES)[number];

/** A day of a month; `workday` is Monday to Friday. */
export type MonthDay =
  | { by: "date"; date: number }
  | { by: "last_day" }
  | { by: "weekday"; place: Place; weekday: Weekday | "workday" };

export type End = { kind: "never" } | { kind: "on"; date: Day } | { kind: "after"; count: number };

/** Counted from the completion, a rule is a distance: which days it names has no meaning then. */
export interface RuleModel {
  kind: "rule";
  frequency: Frequency;
  interval: number;
  /** Of a weekly rule. */
  weekdays: Weekday[];
  /** Of a monthly or yearly rule. */
  monthDay: MonthDay;
  /** Of a yearly rule, from 1. */
  month: number;
  /** WKST of a weekly rule, where it has one. */
  weekStart: Weekday | null;
  end: End;
  basis: "due_date" | "completion";
}

export interface CustomModel {
  kind: "custom";
  recurrence: Recurrence;
}

export type Model = { kind: "none" } | RuleModel | CustomModel;

/** Why fields make no rule. */
export type ModelProblem =
  "interval" | "too_often" | "no_weekday" | "month_date" | "count" | "end_date";

/** Where a rule of a task begins that is due then: a local time, or a day; today where it is never due. */
export function startOf(due: DueDate | null, timeZone: string): string {
  if (due === null) return today(timeZone);
  if (isDay(due)) return due;
  const { date, time } = toLocal(due, timeZone);
  return `${date}T${time}:00`;
}

/** What the fields show of a rule that is to begin then. */
export function newModel(start: string, frequency: Frequency): RuleModel {
  const date = start.slice(0, 10);
  return {
    kind: "rule",
    frequency,
    interval: frequency === "minutely" ? MIN_INTERVAL_MINUTES : 1,
    weekdays: [weekdayOf(date) as Weekday],
    monthDay: { by: "date", date: Number(date.slice(8)) },
    month: Number(date.slice(5, 7)),
    weekStart: null,
    end: { kind: "never" },
    basis: "due_date",
  };
}

export function fromRecurrence(recurrence: Recurrence | null): Model {
  if (!recurrence) return { kind: "none" };
  const rule = parseRule(recurrence.rrule);
  return (rule && expressed(rule, recurrence)) ?? { kind: "custom", recurrence };
}

/**
 * The recurrence of the fields. A rule that differs in nothing but its end keeps its beginning, from which COUNT and
 * INTERVAL count; another begins at `start`.
 */
export function toRecurrence(
  model: Model,
  before: Recurrence | null,
  start: string,
  timeZone: string,
): Recurrence | null {
  if (model.kind === "none") return null;
  if (model.kind === "custom") return model.recurrence;
  const rrule = toRrule(model);
  if (before && sameKind(before.dtstart, start) && samePattern(model, fromRecurrence(before))) {
    return { ...before, rrule };
  }
  const exdates = isByTheClock(model.frequency)
    ? []
    : (before?.exdates ?? []).map((exdate) => likeStart(exdate, start));
  const kept = exdates.filter((exdate) => exdate >= start);
  return {
    rrule,
    dtstart: start,
    time_zone: timeZone,
    basis: model.basis,
    ...(kept.length > 0 ? { exdates: kept } : {}),
  };
}

/** The rule's text. */
export function toRrule(model: RuleModel): string {
  return [...patternParts(model), ...endParts(model.end)].join(";");
}

/**
 * The recurrence whose beginning is of the due date's kind, a day or a time, as the API wants them; null where there is
 * none, as of a rule by the hour for a whole day.
 */
export function alignedWith(recurrence: Recurrence, due: DueDate | null): Recurrence | null {
  if (due === null) return recurrence;
  const start = startOf(due, recurrence.time_zone);
  if (sameKind(recurrence.dtstart, start)) return recurrence;
  const rule = parseRule(recurrence.rrule);
  const namesTimes =
    !rule ||
    isByTheClock(rule.frequency) ||
    [rule.hours, rule.minutes, rule.seconds].some((list) => list.length > 0);
  if (namesTimes && isDay(start)) return null;
  const { exdates } = recurrence;
  return {
    ...recurrence,
    dtstart: likeStart(recurrence.dtstart, start),
    ...(exdates ? { exdates: exdates.map((exdate) => likeStart(exdate, start)) } : {}),
  };
}

export function problemOf(model: RuleModel, start: string): ModelProblem | null {
  const isWhole = (number: number, max: number) =>
    Number.isInteger(number) && number >= 1 && number <= max;
  if (!isWhole(model.interval, MAX_INTERVAL)) return "interval";
  if (model.frequency === "minutely" && model.interval < MIN_INTERVAL_MINUTES) return "too_often";
  const namesDays = model.frequency === "weekly" && model.basis === "due_date";
  if (namesDays && model.weekdays.length === 0) return "no_weekday";
  if (!hasMonthDate(model)) return "month_date";
  if (model.end.kind === "after" && !isWhole(model.end.count, MAX_COUNT)) return "count";
  if (model.end.kind === "on" && model.end.date < start.slice(0, 10)) return "end_date";
  return null;
}

/** Whether there is such a date, in a leap year at least. */
function hasMonthDate({ frequency, basis, monthDay, month }: RuleModel): boolean {
  const namesDate = frequency === "monthly" || frequency === "yearly";
  if (!namesDate || basis === "completion" || monthDay.by !== "date") return true;
  const { date } = monthDay;
  const last = frequency === "monthly" ? MAX_MONTH_DAYS : MONTH_DAYS[month - 1]!;
  return Number.isInteger(date) && date >= 1 && date <= last;
}

export function isByTheClock(frequency: Frequency): boolean {
  return frequency === "hourly" || frequency === "minutely";
}

function patternParts(model: RuleModel): string[] {
  const parts = [`FREQ=${model.frequency.toUpperCase()}`];
  if (model.interval > 1) parts.push(`INTERVAL=${model.interval}`);
  if (model.basis === "completion") return parts;
  if (model.frequency === "weekly") {
    if (model.weekStart !== null) parts.push(`WKST=${weekdayCode(model.weekStart)}`);
    parts.push(`BYDAY=${ascending(model.weekdays).map(weekdayCode).join(",")}`);
  }
  if (model.frequency === "yearly") parts.push(`BYMONTH=${model.month}`);
  if (model.frequency === "monthly" || model.frequency === "yearly") {
    parts.push(...monthDayParts(model.monthDay));
  }
  return parts;
}

function monthDayParts(day: MonthDay): string[] {
  if (day.by === "date") return [`BYMONTHDAY=${day.date}`];
  if (day.by === "last_day") return ["BYMONTHDAY=-1"];
  if (day.weekday !== "workday") return [`BYDAY=${day.place}${weekdayCode(day.weekday)}`];
  return [`BYDAY=${WORKDAYS.map(weekdayCode).join(",")}`, `BYSETPOS=${day.place}`];
}

function endParts(end: End): string[] {
  if (end.kind === "after") return [`COUNT=${end.count}`];
  if (end.kind === "on") return [`UNTIL=${end.date.replaceAll("-", "")}`];
  return [];
}

/** The fields of a rule; null where they can't express it. */
function expressed(rule: Rule, recurrence: Recurrence): RuleModel | null {
  const { dtstart } = recurrence;
  const end = endOf(rule, recurrence);
  if (!end || rule.weekNumbers.length > 0 || rule.yearDays.length > 0) return null;
  if (!timesAreThoseOf(dtstart, rule)) return null;
  const base: RuleModel = {
    ...newModel(dtstart, rule.frequency),
    interval: rule.interval,
    end,
    basis: recurrence.basis ?? "due_date",
  };
  const { months, monthDays, weekdays, positions } = rule;
  if ([months, monthDays, weekdays, positions].every((list) => list.length === 0)) {
    const weekStart = rule.frequency === "weekly" ? rule.weekStart : null;
    return base.basis === "completion" ? base : { ...base, weekStart };
  }
  if (base.basis === "completion") return null;
  if (rule.frequency === "weekly") return weekly(rule, base);
  if (rule.frequency === "monthly" || rule.frequency === "yearly") return byMonth(rule, base);
  return null;
}

function weekly(rule: Rule, base: RuleModel): RuleModel | null {
  const { months, monthDays, positions, weekdays, weekStart } = rule;
  if ([months, monthDays, positions].some((list) => list.length > 0)) return null;
  if (weekdays.some(({ nth }) => nth !== 0)) return null;
  return { ...base, weekdays: ascending(weekdays.map(({ weekday }) => weekday)), weekStart };
}

function byMonth(rule: Rule, base: RuleModel): RuleModel | null {
  const [month, ...months] = rule.months;
  // Without a month, a yearly rule names days of every month, or weekdays of the year.
  const isYearly = rule.frequency === "yearly";
  if (months.length > 0 || isYearly !== (month !== undefined)) return null;
  const monthDay = monthDayOf(rule, base);
  return monthDay && { ...base, monthDay, month: month ?? base.month };
}

function monthDayOf(rule: Rule, base: RuleModel): MonthDay | null {
  const [date, ...dates] = rule.monthDays;
  const [day, ...days] = rule.weekdays;
  if (day && date !== undefined) return null;
  if (!day) {
    if (dates.length > 0 || rule.positions.length > 0) return null;
    if (date === undefined) return base.monthDay;
    if (date === -1) return { by: "last_day" };
    return date > 0 ? { by: "date", date } : null;
  }
  const [position, ...positions] = rule.positions;
  if (position !== undefined) {
    if (positions.length > 0 || rule.weekdays.some(({ nth }) => nth !== 0)) return null;
    return monthWeekday(position, rule.weekdays);
  }
  return days.length === 0 ? monthWeekday(day.nth, [day]) : null;
}

function monthWeekday(nth: number, days: NthWeekday[]): MonthDay | null {
  const place = PLACES.find((known) => known === nth);
  const named = ascending(days.map(({ weekday }) => weekday));
  const [only, ...others] = named;
  if (!place || !only) return null;
  if (others.length === 0) return { by: "weekday", place, weekday: only };
  return sameNumbers(named, WORKDAYS) ? { by: "weekday", place, weekday: "workday" } : null;
}

/** The last day; null where the rule ends within a day, and the fields have no time for it. */
function endOf(rule: Rule, recurrence: Recurrence): End | null {
  if (rule.count !== null) return { kind: "after", count: rule.count };
  if (rule.until === null) return { kind: "never" };
  const last = untilIn(rule.until, recurrence.time_zone);
  if (!last) return null;
  const clock = recurrence.dtstart.slice(11, 16);
  const lastTime = isByTheClock(rule.frequency) ? "23:59" : clock;
  const isWholeDay = last.time === null || !clock || last.time >= lastTime;
  return isWholeDay ? { kind: "on", date: last.date } : null;
}

/** Whether the parts for times say no more than the beginning does. */
function timesAreThoseOf(dtstart: string, rule: Rule): boolean {
  const [hour, minute, second] = dtstart.slice(11).split(":").map(Number);
  const saysNoMore = (list: number[], of: number | undefined) =>
    list.length === 0 || (list.length === 1 && list[0] === of && dtstart.length > 10);
  if (isByTheClock(rule.frequency)) {
    return [rule.hours, rule.minutes, rule.seconds].every((list) => list.length === 0);
  }
  return (
    saysNoMore(rule.hours, hour) &&
    saysNoMore(rule.minutes, minute) &&
    saysNoMore(rule.seconds, second)
  );
}

function samePattern(model: RuleModel, before: Model): boolean {
  return (
    before.kind === "rule" &&
    before.basis === model.basis &&
    patternParts(before).join() === patternParts(model).join()
  );
}

function sameKind(one: string, other: string): boolean {
  return isDay(one) === isDay(other);
}

/** A day as `start` is one, or a time of day on it. */
function likeStart(moment: string, start: string): string {
  return moment.slice(0, 10) + start.slice(10);
}
