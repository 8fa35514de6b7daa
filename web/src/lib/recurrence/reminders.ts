/** A task's reminders in words, and what another one has to be to be added. */
import type { ReminderSpec } from "../api/client";
import { dayOf, daysBetween, isDay, today, toLocal, weekdayOf, type DueDate } from "../time";
import { recurrenceStrings as strings } from "../../strings/recurrence";
import { DAY_SECS, durationInWords, HOUR_SECS, MINUTE_SECS, parseDuration } from "./duration";

/** The most reminders that one task has. */
export const MAX_REMINDERS = 20;
/** The farthest that a reminder may lie from the due time. */
const MAX_DISTANCE_DAYS = 366;

/** What is chosen most often, in seconds from the due time. */
export const OFFSETS_SECS = [
  0,
  -10 * MINUTE_SECS,
  -30 * MINUTE_SECS,
  -HOUR_SECS,
  -DAY_SECS,
] as const;

export type ReminderProblem = "limit" | "there" | "past" | "too_far";

/** "at the due time", "30 minutes before", "Tue 24 Nov, 17:00". */
export function reminderInWords(
  spec: ReminderSpec,
  due: DueDate | null,
  timeZone: string,
  now: number = Date.now(),
): string {
  if ("offset" in spec) {
    const secs = parseDuration(spec.offset);
    return secs === null ? spec.offset : offsetInWords(secs, due);
  }
  const { date, time } = toLocal(spec.at, timeZone);
  const isThisYear = date.slice(0, 4) === today(timeZone, now).slice(0, 4);
  const day = `${strings.weekdayShort(weekdayOf(date))} ${strings.date(date, !isThisYear)}`;
  return strings.dateAndTime(day, time);
}

/** A whole day has no time at which it is due. */
export function offsetInWords(secs: number, due: DueDate | null): string {
  return secs === 0 && due !== null && isDay(due) ? strings.onTheDay : durationInWords(secs);
}

/** Why this can't be one more of the reminders. */
export function problemOfAnother(
  reminders: readonly ReminderSpec[],
  another: ReminderSpec,
  due: DueDate | null,
  timeZone: string,
  now: number = Date.now(),
): ReminderProblem | null {
  if (reminders.length >= MAX_REMINDERS) return "limit";
  if (reminders.some((reminder) => identity(reminder) === identity(another))) return "there";
  if (!("at" in another)) return parseDuration(another.offset) === null ? "too_far" : null;
  if (Date.parse(another.at) <= now) return "past";
  if (due === null) return null;
  const distance = daysBetween(dayOf(due, timeZone), dayOf(another.at, timeZone));
  return Math.abs(distance) > MAX_DISTANCE_DAYS ? "too_far" : null;
}

/** The same of `-PT60M` and `-PT1H`, and of an instant however its offset is written. */
function identity(spec: ReminderSpec): string {
  return "at" in spec ? `at ${Date.parse(spec.at)}` : `${parseDuration(spec.offset)}`;
}
