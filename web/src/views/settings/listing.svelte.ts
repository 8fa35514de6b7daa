/** What a section lists: read when the section opens, and again after each change. */
import { reasonOf } from "../../lib/api/client";

export class Listing<Item> {
  /** Null until it was read. */
  items = $state.raw<readonly Item[] | null>(null);
  /** Why it could not be read. */
  problem = $state<string | null>(null);
  readonly #read: () => Promise<readonly Item[]>;

  constructor(read: () => Promise<readonly Item[]>) {
    this.#read = read;
    void this.read();
  }

  async read(): Promise<void> {
    try {
      this.items = await this.#read();
      this.problem = null;
    } catch (error) {
      this.problem = reasonOf(error);
    }
  }
}
