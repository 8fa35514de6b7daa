/** Which tasks a view shows, in which order and groups. Pure, and quick with thousands of tasks. */
import type { Task } from "./api/client";
import { addDays, dayOf, isDay, toInstant, type Day } from "./time";

export interface Filter {
  text: string;
  priority: Task["priority"] | "";
  tag: string;
  list: string;
  due: "" | "overdue" | "dated" | "undated" | "recurring";
}

export const NO_FILTER: Filter = { text: "", priority: "", tag: "", list: "", due: "" };

/** By hand is the order of one list. */
export const SORTS = ["due", "created", "priority", "title", "hand"] as const;
export type Sort = (typeof SORTS)[number];

/** A heading with its tasks; what is dropped on it is due on its day. */
export interface Group {
  key: string;
  title: string | null;
  day: Day | null;
  isLate?: boolean;
  tasks: Task[];
}

const RANK = { HIGH: 0, MEDIUM: 1, LOW: 2 } as const;

interface Facts {
  timeZone: string;
  /** When it is due, or the day of it begins; never is Infinity. */
  dueAt: number;
  /** When it becomes overdue. */
  overdueAt: number;
  words: string[];
}

/** Tasks are replaced when they change, so what follows from one stays with it. */
const known = new WeakMap<Task, Facts>();
const starts = new Map<string, number>();

function startOf(day: Day, timeZone: string): number {
  const key = timeZone + day;
  let start = starts.get(key);
  if (start === undefined) {
    start = Date.parse(toInstant(day, "00:00", timeZone));
    starts.set(key, start);
  }
  return start;
}

function factsOf(task: Task, timeZone: string): Facts {
  const found = known.get(task);
  if (found?.timeZone === timeZone) return found;
  const { due_date: due } = task;
  let dueAt = Infinity;
  let overdueAt = Infinity;
  if (due !== null) {
    dueAt = isDay(due) ? startOf(due, timeZone) : Date.parse(due);
    overdueAt = isDay(due) ? startOf(addDays(due, 1), timeZone) : dueAt;
  }
  const words = wordsOf([task.title, task.description ?? "", ...task.tags].join(" "));
  const facts = { timeZone, dueAt, overdueAt, words };
  known.set(task, facts);
  return facts;
}

/** As the service searches: without case and accents. */
function wordsOf(text: string): string[] {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
}

export function isOpen(task: Task): boolean {
  return task.status !== "DONE";
}

export function isLate(task: Task, timeZone: string, now: number): boolean {
  return factsOf(task, timeZone).overdueAt <= now;
}

/** By due time, then by priority, then as they were made. */
export function byDue(timeZone: string): (a: Task, b: Task) => number {
  return (a, b) => {
    const [first, second] = [factsOf(a, timeZone).dueAt, factsOf(b, timeZone).dueAt];
    if (first !== second) return first - second;
    return RANK[a.priority] - RANK[b.priority] || (a.created_at < b.created_at ? -1 : 1);
  };
}

export function sorted(tasks: Task[], sort: Sort, timeZone: string): Task[] {
  const due = byDue(timeZone);
  const orders: Record<Sort, (a: Task, b: Task) => number> = {
    due,
    created: (a, b) => (a.created_at < b.created_at ? 1 : -1),
    priority: (a, b) => RANK[a.priority] - RANK[b.priority] || due(a, b),
    title: (a, b) => COLLATOR.compare(a.title, b.title),
    // What has no place yet stands at the end, as the service will put it.
    hand: (a, b) => compare(a.position ?? LAST, b.position ?? LAST),
  };
  return tasks.sort(orders[sort]);
}

/** Behind all positions. */
const LAST = "\uffff";

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

const COLLATOR = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

export function matching(
  tasks: Iterable<Task>,
  filter: Filter,
  timeZone: string,
  now: number,
): Task[] {
  const asked = wordsOf(filter.text);
  const found: Task[] = [];
  for (const task of tasks) {
    if (isOpen(task) && matches(task, filter, asked, timeZone, now)) found.push(task);
  }
  return found;
}

function matches(
  task: Task,
  filter: Filter,
  asked: string[],
  timeZone: string,
  now: number,
): boolean {
  if (filter.priority && task.priority !== filter.priority) return false;
  if (filter.list && task.list_id !== filter.list) return false;
  if (filter.tag && !task.tags.includes(filter.tag)) return false;
  if (filter.due === "overdue" && !isLate(task, timeZone, now)) return false;
  if (filter.due === "dated" && task.due_date === null) return false;
  if (filter.due === "undated" && task.due_date !== null) return false;
  if (filter.due === "recurring" && task.recurrence === null) return false;
  if (asked.length === 0) return true;
  const { words } = factsOf(task, timeZone);
  return asked.every((word) => words.some((own) => own.startsWith(word)));
}

/** Overdue first, then what is due today. */
export function todays(
  tasks: Iterable<Task>,
  timeZone: string,
  now: number,
  titles: { overdue: string; today: string },
): Group[] {
  const day = dayOf(new Date(now).toISOString(), timeZone);
  const end = startOf(addDays(day, 1), timeZone);
  const late: Task[] = [];
  const due: Task[] = [];
  for (const task of tasks) {
    if (!isOpen(task)) continue;
    const facts = factsOf(task, timeZone);
    if (facts.overdueAt <= now) late.push(task);
    else if (facts.dueAt < end) due.push(task);
  }
  const order = byDue(timeZone);
  const groups: Group[] = [];
  if (late.length > 0) {
    groups.push({
      key: "late",
      title: titles.overdue,
      day: null,
      isLate: true,
      tasks: late.sort(order),
    });
  }
  groups.push({ key: day, title: titles.today, day, tasks: due.sort(order) });
  return groups;
}

/** What is due after today, day by day; the next days are there even where nothing is due. */
export function upcoming(
  tasks: Iterable<Task>,
  timeZone: string,
  now: number,
  emptyDays: number,
  title: (day: Day) => string,
): Group[] {
  const day = dayOf(new Date(now).toISOString(), timeZone);
  const byDay = new Map<Day, Task[]>();
  for (let ahead = 1; ahead <= emptyDays; ahead += 1) byDay.set(addDays(day, ahead), []);
  const from = startOf(addDays(day, 1), timeZone);
  for (const task of tasks) {
    if (!isOpen(task) || task.due_date === null) continue;
    if (factsOf(task, timeZone).dueAt < from) continue;
    const on = dayOf(task.due_date, timeZone);
    const others = byDay.get(on);
    if (others) others.push(task);
    else byDay.set(on, [task]);
  }
  const order = byDue(timeZone);
  return [...byDay]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([on, some]) => ({ key: on, title: title(on), day: on, tasks: some.sort(order) }));
}

/** How many tasks have each tag, the most used first. */
export function tagCounts(tasks: Iterable<Task>): [string, number][] {
  const counts = new Map<string, number>();
  for (const task of tasks) {
    if (!isOpen(task)) continue;
    for (const tag of task.tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  return [...counts].sort(([a, first], [b, second]) => second - first || COLLATOR.compare(a, b));
}
