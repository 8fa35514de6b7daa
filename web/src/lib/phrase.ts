/**
 * A sentence while it is typed: which words were understood, and which the person wants taken as they stand. Positions
 * are counted in UTF-16 units, as inputs count them; the service counts characters.
 */
import type { NewTask, Phrase } from "./api/client";

export interface Range {
  start: number;
  end: number;
}

export interface Mark extends Range {
  kind: MarkKind;
  text: string;
}

export const MARK_KINDS = ["due", "recurrence", "reminder", "priority", "tag"] as const;
export type MarkKind = (typeof MARK_KINDS)[number];

/** A letter that no English word has: words of it alone mean nothing to the grammar, and stay in the title. */
const OPAQUE = "\uA66E";

/** The text as it is sent: what is to be taken as it stands is a word that says nothing. */
export function opaque(text: string, literals: readonly Range[]): string {
  let sent = "";
  let at = 0;
  for (const [index, { start, end }] of ordered(literals).entries()) {
    sent += text.slice(at, start) + OPAQUE.repeat(index + 1);
    at = end;
  }
  return sent + text.slice(at);
}

/** A text with those words in their own letters again. */
export function plain(sent: string, text: string, literals: readonly Range[]): string {
  const words = ordered(literals).map(({ start, end }) => text.slice(start, end));
  return sent.replace(new RegExp(`${OPAQUE}+`, "gu"), (found) => words[found.length - 1] ?? found);
}

/** What was understood, where it stands in the text. */
export function marksOf(phrase: Phrase, text: string, literals: readonly Range[]): Mark[] {
  const sent = opaque(text, literals);
  const units = unitsOf(sent);
  return phrase.spans.flatMap((span) => {
    const kind = MARK_KINDS.find((known) => known === span.kind);
    if (!kind) return [];
    const start = back(units[span.start] ?? sent.length, literals);
    const end = back(units[span.end] ?? sent.length, literals);
    return [{ kind, start, end, text: text.slice(start, end) }];
  });
}

/** Where each character of a text begins, and where the last one ends. */
function unitsOf(text: string): number[] {
  const units: number[] = [];
  let at = 0;
  for (const character of text) {
    units.push(at);
    at += character.length;
  }
  units.push(at);
  return units;
}

/** A place in what was sent as a place in the text. */
function back(place: number, literals: readonly Range[]): number {
  let shift = 0;
  for (const [index, { start, end }] of ordered(literals).entries()) {
    if (place < start - shift + index + 1) break;
    shift += index + 1 - (end - start);
  }
  return place - shift;
}

function ordered(ranges: readonly Range[]): Range[] {
  return [...ranges].sort((a, b) => a.start - b.start);
}

/** Ranges after an edit: those that it has touched are gone, those behind it have moved. */
export function edited(ranges: readonly Range[], before: string, after: string): Range[] {
  let same = 0;
  while (same < before.length && same < after.length && before[same] === after[same]) same += 1;
  let tail = 0;
  const most = Math.min(before.length, after.length) - same;
  while (tail < most && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const shift = after.length - before.length;
  return ranges.flatMap(({ start, end }) => {
    if (end <= same) return [{ start, end }];
    if (start >= before.length - tail) return [{ start: start + shift, end: end + shift }];
    return [];
  });
}

/** Text in pieces, marked or not, for showing them behind what is typed. */
export function pieces(
  text: string,
  marks: readonly Mark[],
): { text: string; kind: MarkKind | null }[] {
  const all: { text: string; kind: MarkKind | null }[] = [];
  let at = 0;
  for (const mark of [...marks].sort((a, b) => a.start - b.start)) {
    if (mark.start < at) continue;
    if (mark.start > at) all.push({ text: text.slice(at, mark.start), kind: null });
    all.push({ text: text.slice(mark.start, mark.end), kind: mark.kind });
    at = mark.end;
  }
  if (at < text.length) all.push({ text: text.slice(at), kind: null });
  return all;
}

/** Whether a phrase is one new task, and not something to be talked about. */
export function isNewTask(phrase: Phrase, text: string): boolean {
  const isQuestion = text.trimEnd().endsWith("?");
  return phrase.intent === "add" && phrase.further_commands === 0 && !isQuestion;
}

/** The task that a phrase means. */
export function taskOf(phrase: Phrase, text: string, literals: readonly Range[]): NewTask {
  const title = plain(phrase.title ?? text, text, literals).trim();
  return {
    title: title === "" ? text.trim() : title,
    ...(phrase.due_date ? { due_date: phrase.due_date } : {}),
    ...(phrase.recurrence ? { recurrence: phrase.recurrence } : {}),
    ...(phrase.reminders.length > 0 ? { reminders: phrase.reminders } : {}),
    ...(phrase.priority ? { priority: phrase.priority } : {}),
    ...(phrase.tags.length > 0 ? { tags: phrase.tags } : {}),
  };
}
