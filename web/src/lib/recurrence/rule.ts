/**
 * The text of a recurrence rule, RFC 5545, read into its parts. What docs/recurrence.md does not take, or what is not
 * understood here, is null: whoever asks leaves such a rule as it is.
 */
import { toLocal, type Day } from "../time";

/** The shortest time between two occurrences that the services take. */
export const MIN_INTERVAL_MINUTES = 5;
/** The largest COUNT that the services take. */
export const MAX_COUNT = 10_000;

export const FREQUENCIES = ["minutely", "hourly", "daily", "weekly", "monthly", "yearly"] as const;
export type Frequency = (typeof FREQUENCIES)[number];

/** 1 is Monday, 7 is Sunday, as in lib/time. */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7;

export const WEEKDAYS: readonly Weekday[] = [1, 2, 3, 4, 5, 6, 7];
export const WORKDAYS: readonly Weekday[] = [1, 2, 3, 4, 5];
export const WEEKEND: readonly Weekday[] = [6, 7];

const CODES = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/** A weekday of BYDAY, with its ordinal in the month or year; 0 is every one. */
export interface NthWeekday {
  nth: number;
  weekday: Weekday;
}

export interface Rule {
  frequency: Frequency;
  interval: number;
  count: number | null;
  /** As it is written. */
  until: string | null;
  weekStart: Weekday | null;
  months: number[];
  weekNumbers: number[];
  yearDays: number[];
  monthDays: number[];
  weekdays: NthWeekday[];
  hours: number[];
  minutes: number[];
  seconds: number[];
  positions: number[];
}

/** The last moment of a rule, by the clocks of its zone; without a time, that whole day. */
export interface Until {
  date: Day;
  time: string | null;
}

export function parseRule(text: string): Rule | null {
  const values = new Map<string, string>();
  for (const part of text.replace(/^RRULE:/, "").split(";")) {
    if (part === "") continue;
    const [name, value, ...rest] = part.toUpperCase().split("=");
    if (!name || !value || rest.length > 0 || !KNOWN.has(name) || values.has(name)) return null;
    values.set(name, value);
  }
  const frequency = FREQUENCIES.find((known) => known.toUpperCase() === values.get("FREQ"));
  if (!frequency) return null;
  const lists = readLists(values);
  const interval = numberIn(values.get("INTERVAL") ?? "1", 1, Number.MAX_SAFE_INTEGER);
  const count = values.has("COUNT") ? numberIn(values.get("COUNT")!, 1, MAX_COUNT) : null;
  const until = values.get("UNTIL") ?? null;
  const weekStart = values.has("WKST") ? weekdayOfCode(values.get("WKST")!) : null;
  if (!lists || interval === null) return null;
  if (values.has("COUNT") && (count === null || until !== null)) return null;
  if (values.has("WKST") && weekStart === null) return null;
  if (until !== null && !UNTIL.test(until)) return null;
  return { frequency, interval, count, until, weekStart, ...lists };
}

/** UNTIL by the clocks of the rule's zone; null where it names no day of a calendar. */
export function untilIn(until: string, timeZone: string): Until | null {
  const [, year, month, day, clock, hour, minute, second, utc] = UNTIL.exec(until) ?? [];
  const date = `${year}-${month}-${day}`;
  if (Number.isNaN(Date.parse(`${date}T00:00:00Z`))) return null;
  if (!clock) return { date, time: null };
  const time = `${hour}:${minute}`;
  if (Number.isNaN(Date.parse(`${date}T${time}:${second}Z`))) return null;
  return utc ? toLocal(`${date}T${time}:${second}Z`, timeZone) : { date, time };
}

export function weekdayCode(weekday: Weekday): string {
  return CODES[weekday - 1]!;
}

/** Sorted, each once. */
export function ascending<N extends number>(numbers: readonly N[]): N[] {
  return [...new Set(numbers)].sort((one, other) => one - other);
}

export function sameNumbers(some: readonly number[], others: readonly number[]): boolean {
  return some.length === others.length && some.every((number, at) => number === others[at]);
}

const UNTIL = /^(\d{4})(\d{2})(\d{2})(T(\d{2})(\d{2})(\d{2})(Z)?)?$/;

/** The smallest and largest number of each list; below 0 they count from the end. */
const LISTS = {
  BYMONTH: [1, 12],
  BYWEEKNO: [-53, 53],
  BYYEARDAY: [-366, 366],
  BYMONTHDAY: [-31, 31],
  BYHOUR: [0, 23],
  BYMINUTE: [0, 59],
  BYSECOND: [0, 59],
  BYSETPOS: [-366, 366],
} as const;

const KNOWN = new Set([
  "FREQ",
  "INTERVAL",
  "COUNT",
  "UNTIL",
  "WKST",
  "BYDAY",
  ...Object.keys(LISTS),
]);

type Lists = Omit<Rule, "frequency" | "interval" | "count" | "until" | "weekStart">;

function readLists(values: Map<string, string>): Lists | null {
  const list = (name: keyof typeof LISTS): number[] | null => {
    const text = values.get(name);
    if (text === undefined) return [];
    const [min, max] = LISTS[name];
    const numbers = text.split(",").map((number) => numberIn(number, min, max));
    const isWhole = numbers.every((number) => number !== null && (number !== 0 || min === 0));
    return isWhole ? ascending(numbers as number[]) : null;
  };
  const lists = {
    months: list("BYMONTH"),
    weekNumbers: list("BYWEEKNO"),
    yearDays: list("BYYEARDAY"),
    monthDays: list("BYMONTHDAY"),
    weekdays: readWeekdays(values.get("BYDAY")),
    hours: list("BYHOUR"),
    minutes: list("BYMINUTE"),
    seconds: list("BYSECOND"),
    positions: list("BYSETPOS"),
  };
  return Object.values(lists).includes(null) ? null : (lists as Lists);
}

function readWeekdays(text: string | undefined): NthWeekday[] | null {
  const weekdays: NthWeekday[] = [];
  for (const item of text?.split(",") ?? []) {
    const [, ordinal, code] = /^([+-]?\d{1,2})?([A-Z]{2})$/.exec(item) ?? [];
    const weekday = code ? weekdayOfCode(code) : null;
    const nth = ordinal === undefined ? 0 : Number(ordinal);
    if (weekday === null || Math.abs(nth) > 53 || (ordinal !== undefined && nth === 0)) return null;
    weekdays.push({ nth, weekday });
  }
  return weekdays;
}

function weekdayOfCode(code: string): Weekday | null {
  const at = CODES.indexOf(code);
  return at < 0 ? null : ((at + 1) as Weekday);
}

function numberIn(text: string, min: number, max: number): number | null {
  const number = Number(text);
  return /^[+-]?\d+$/.test(text) && number >= min && number <= max ? number : null;
}
