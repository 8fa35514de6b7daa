/** What the page says in passing: what was done, with a way back, and what failed, with a word of why. */

/** How long a notice stays, in milliseconds; what failed stays until it is closed. */
const SHOWN_MS = 8_000;

export interface Notice {
  id: number;
  text: string;
  isProblem: boolean;
  /** Whether it goes by itself. */
  isPassing: boolean;
  actions: NoticeAction[];
}

export interface NoticeAction {
  label: string;
  run: () => void;
}

class Notices {
  all = $state<Notice[]>([]);
  #last = 0;

  say(text: string, actions: NoticeAction[] = []): void {
    const id = this.#add(text, false, actions, true);
    setTimeout(() => this.close(id), SHOWN_MS);
  }

  /** Says it until it is closed. */
  keep(text: string, actions: NoticeAction[]): void {
    this.#add(text, false, actions);
  }

  fail(text: string, actions: NoticeAction[] = []): void {
    this.#add(text, true, actions);
  }

  clear(): void {
    this.all = [];
  }

  close(id: number): void {
    this.all = this.all.filter((notice) => notice.id !== id);
  }

  #add(text: string, isProblem: boolean, actions: NoticeAction[], isPassing = false): number {
    this.#last += 1;
    // One at a time, but for what stays.
    const kept = this.all.filter((notice) => !notice.isPassing && notice.text !== text);
    this.all = [...kept, { id: this.#last, text, isProblem, isPassing, actions }];
    return this.#last;
  }
}

export const notices = new Notices();
