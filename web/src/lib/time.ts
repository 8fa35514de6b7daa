/**
 * Dates and times of a person's zone. Days are `YYYY-MM-DD`, times of day `HH:MM`, instants RFC 3339; a due date is a
 * day or an instant.
 */

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export type Day = string;
export type DueDate = string;

export interface Local {
  date: Day;
  time: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = timeZone + JSON.stringify(options);
  let made = formats.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat("en-GB", { timeZone, ...options });
    formats.set(key, made);
  }
  return made;
}

export function isDay(due: DueDate): boolean {
  return due.length === 10;
}

/** What clocks and calendars show in a zone at an instant. */
export function toLocal(instant: string | number | Date, timeZone: string): Local {
  const parts = format(timeZone, {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(new Date(instant));
  const part = (type: string) => parts.find((found) => found.type === type)?.value ?? "";
  return {
    date: `${part("year").padStart(4, "0")}-${part("month")}-${part("day")}`,
    time: `${part("hour")}:${part("minute")}`,
  };
}

/**
 * The instant at which clocks of a zone show this. A time that the clocks skip takes the offset from before, one that
 * comes twice is the first: as the services do it.
 */
export function toInstant(date: Day, time: string, timeZone: string): string {
  const wall = Date.parse(`${date}T${time}:00Z`);
  const offsetAt = (instant: number) => {
    const local = toLocal(instant, timeZone);
    return (
      Date.parse(`${local.date}T${local.time}:00Z`) - Math.floor(instant / MINUTE_MS) * MINUTE_MS
    );
  };
  const before = offsetAt(wall - DAY_MS);
  const after = offsetAt(wall + DAY_MS);
  const matches = [before, after]
    .map((offset) => wall - offset)
    .filter((instant) => instant + offsetAt(instant) === wall);
  const instant = matches.length > 0 ? Math.min(...matches) : wall - before;
  return new Date(instant).toISOString().replace(".000Z", "Z");
}

export function today(timeZone: string, now: number = Date.now()): Day {
  return toLocal(now, timeZone).date;
}

/** The day in a zone that a due date falls on; a whole day is the same in every zone. */
export function dayOf(due: DueDate, timeZone: string): Day {
  return isDay(due) ? due : toLocal(due, timeZone).date;
}

export function addDays(day: Day, days: number): Day {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

export function daysBetween(from: Day, to: Day): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS);
}

/** 1 is Monday, 7 is Sunday. */
export function weekdayOf(day: Day): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay() || 7;
}

/** A whole day is over when it ends, an instant when it has passed. */
export function isOverdue(due: DueDate, timeZone: string, now: number = Date.now()): boolean {
  return isDay(due) ? due < today(timeZone, now) : Date.parse(due) < now;
}

/** "Today", "Tomorrow", "Friday", "Thu 24 Dec", "Thu 24 Dec 2027". */
export function dayInWords(day: Day, timeZone: string, now: number = Date.now()): string {
  const from = today(timeZone, now);
  const distance = daysBetween(from, day);
  if (distance === 0) return "Today";
  if (distance === 1) return "Tomorrow";
  if (distance === -1) return "Yesterday";
  const options: Intl.DateTimeFormatOptions =
    distance > 1 && distance < 7
      ? { weekday: "long" }
      : { weekday: "short", day: "numeric", month: "short" };
  if (day.slice(0, 4) !== from.slice(0, 4)) options.year = "numeric";
  return format("UTC", options)
    .format(new Date(`${day}T00:00:00Z`))
    .replace(",", "");
}

/** "Thursday 24 December". */
export function dayInFull(day: Day): string {
  return format("UTC", { weekday: "long", day: "numeric", month: "long" })
    .format(new Date(`${day}T00:00:00Z`))
    .replace(",", "");
}

/** "Today 17:00", "Friday". */
export function dueInWords(due: DueDate, timeZone: string, now: number = Date.now()): string {
  if (isDay(due)) return dayInWords(due, timeZone, now);
  const local = toLocal(due, timeZone);
  return `${dayInWords(local.date, timeZone, now)} ${local.time}`;
}
