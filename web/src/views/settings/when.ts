/** Moments within a sentence, in the zone of who reads it. */
import { replica } from "../../lib/session.svelte";
import { dueInWords } from "../../lib/time";

/** "today 17:00", "Thu 24 Dec 10:00". */
export function when(instant: string): string {
  const words = dueInWords(instant, replica().timeZone);
  return words.replace(/^(Today|Tomorrow|Yesterday)/, (day) => day.toLowerCase());
}
