/** A list that is read from the service page by page. */
import { reasonOf } from "../../lib/api/client";

export interface Page<Item> {
  items: readonly Item[];
  next_cursor?: string | null;
}

export class Paged<Item> {
  /** Null until it was read. */
  items = $state.raw<readonly Item[] | null>(null);
  /** Why it could not be read. */
  problem = $state<string | null>(null);
  hasMore = $state(false);
  isBusy = $state(false);
  #cursor: string | null = null;
  #reads = 0;
  readonly #read: (cursor?: string) => Promise<Page<Item>>;

  constructor(read: (cursor?: string) => Promise<Page<Item>>) {
    this.#read = read;
    void this.again();
  }

  /** Reads from the beginning; what is shown stays until then. */
  async again(): Promise<void> {
    await this.#take((page) => page.items);
  }

  async more(): Promise<void> {
    const cursor = this.#cursor;
    if (cursor === null || this.isBusy) return;
    await this.#take((page) => [...(this.items ?? []), ...page.items], cursor);
  }

  /** Changes what was read, as something else has told of it. */
  change(change: (items: readonly Item[]) => readonly Item[]): void {
    if (this.items) this.items = change(this.items);
  }

  async #take(merge: (page: Page<Item>) => readonly Item[], cursor?: string): Promise<void> {
    const read = (this.#reads += 1);
    this.isBusy = true;
    try {
      const page = await this.#read(cursor);
      // Another one was asked for meanwhile.
      if (read !== this.#reads) return;
      this.items = merge(page);
      this.#cursor = page.next_cursor ?? null;
      this.hasMore = this.#cursor !== null;
      this.problem = null;
    } catch (error) {
      if (read === this.#reads) this.problem = reasonOf(error);
    } finally {
      if (read === this.#reads) this.isBusy = false;
    }
  }
}
