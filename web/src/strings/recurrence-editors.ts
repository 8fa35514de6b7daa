/** What the editors of due date, recurrence and reminders say. */
import { recurrenceStrings } from "./recurrence";

export const recurrenceEditorStrings = {
  repeat: "Repeat",
  none: "Does not repeat",
  custom: "Custom …",
  every: "Every",
  unit: "Unit",
  units: {
    minutely: "minutes",
    hourly: "hours",
    daily: "days",
    weekly: "weeks",
    monthly: "months",
    yearly: "years",
  },
  onWeekdays: "On",
  month: "In",
  monthDay: "On",
  monthDays: { date: "a date", last_day: "the last day", weekday: "a weekday" },
  date: "Day of the month",
  place: "Which one",
  weekday: "Day of the week",
  workday: "Monday to Friday",
  basis: "Counted from",
  bases: { due_date: "due date", completion: "completion" },
  ends: "Ends",
  endKinds: { never: "never", on: "on a date", after: "after …" },
  endDate: "Last day",
  count: "Times",
  passedOver: (date: number) =>
    `Months without a ${recurrenceStrings.ordinal(date)} are passed over.`,
  untouched: "These fields can’t show all of this rule. It stays as it is.",
  replace: "Replace it",
  needsTime: "This rule repeats by the time of day, so the task has to be due at a time.",
  problems: {
    interval: "Every how many? A whole number from 1.",
    too_often: "At most every 5 minutes.",
    no_weekday: "Choose at least one day of the week.",
    month_date: "There is no such day in the month.",
    count: "How many times? A whole number from 1 to 10,000.",
    end_date: "The last day is not before the first.",
  },
};

export const dueEditorStrings = {
  due: "Due",
  date: "Date",
  time: "Time",
  wholeDay: "Whole day",
  none: "No date",
  quick: {
    today: "Today",
    tomorrow: "Tomorrow",
    weekend: "This weekend",
    next_week: "Next week",
  },
};

export const reminderEditorStrings = {
  reminders: "Reminders",
  none: "No reminders.",
  remove: (reminder: string) => `Remove the reminder ${reminder}`,
  another: "Remind",
  at: "at a time …",
  date: "Date",
  time: "Time",
  add: "Add",
  added: (reminder: string) => `Added: ${reminder}.`,
  removed: (reminder: string) => `Removed: ${reminder}.`,
  neverDue: "Reminders before the due time come once the task has a due date.",
  problems: {
    limit: "A task has at most 20 reminders.",
    there: "There is this reminder already.",
    past: "That time has passed.",
    too_far: "A reminder lies at most 366 days from the due date.",
    incomplete: "Choose a date and a time.",
  },
};
