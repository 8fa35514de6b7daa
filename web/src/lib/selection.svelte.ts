/** Which tasks are chosen for an act on all of them. */
import { SvelteSet } from "svelte/reactivity";
import type { Task } from "./api/client";
import { replica } from "./session.svelte";

class Selection {
  readonly ids = new SvelteSet<string>();
  #anchor: string | null = null;

  get isActive(): boolean {
    return this.ids.size > 0;
  }

  toggle(id: string): void {
    if (!this.ids.delete(id)) this.ids.add(id);
    this.#anchor = id;
  }

  /** Chooses all from the one chosen last to this one, as a view shows them. */
  extend(id: string, shown: readonly string[]): void {
    const [from, to] = [shown.indexOf(this.#anchor ?? id), shown.indexOf(id)];
    if (from < 0 || to < 0) return this.toggle(id);
    for (const between of shown.slice(Math.min(from, to), Math.max(from, to) + 1)) {
      this.ids.add(between);
    }
  }

  /** Takes these as chosen no longer: something is done to them. */
  take(ids: readonly string[] = [...this.ids]): Task[] {
    this.clear();
    return ids.flatMap((id) => replica().tasks.get(id) ?? []);
  }

  clear(): void {
    this.ids.clear();
    this.#anchor = null;
  }
}

export const selection = new Selection();
