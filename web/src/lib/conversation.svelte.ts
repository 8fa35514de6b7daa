/** What is talked about beside the list: one conversation, which goes on until a new one is begun. */
import { ApiError, api, body, reasonOf, type Schemas } from "./api/client";
import { serverEvents } from "./api/events";
import { session } from "./session.svelte";

export type ChatAction = Schemas["ChatAction"];

export interface Said {
  id: string;
  author: "person" | "assistant";
  text: string;
  actions: ChatAction[];
  /** It is still coming. */
  isComing: boolean;
  problem: string | null;
}

/** A model may think for a while; while it does, the stream shows that it lives. */
const SILENCE_MS = 90_000;
/** How much of a conversation is shown. */
const SHOWN_MESSAGES = 100;
const KEY = "conversation";

class Conversation {
  isOpen = $state(false);
  said = $state<Said[]>([]);
  #id: string | null = localStorage.getItem(KEY);
  #isRead = false;
  /** What is said while an answer comes waits for it. */
  #before: Promise<void> = Promise.resolve();

  constructor() {
    session.atEnd(() => {
      this.isOpen = false;
      this.begin();
    });
  }

  /** Shows what was said before. */
  async read(): Promise<void> {
    if (this.#isRead || this.#id === null) return;
    this.#isRead = true;
    const params = { path: { conversation_id: this.#id }, query: { limit: SHOWN_MESSAGES } };
    try {
      const page = await body(api.GET("/api/v1/conversations/{conversation_id}", { params }));
      const before = page.items.map((message) => ({
        id: message.id,
        author: message.author,
        text: message.text,
        actions: message.actions,
        isComing: false,
        problem: null,
      }));
      this.said = [...before.reverse(), ...this.said];
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) this.begin();
      else this.#isRead = false;
    }
  }

  /** Begins a new one. */
  begin(): void {
    this.#id = null;
    this.#isRead = true;
    this.said = [];
    localStorage.removeItem(KEY);
  }

  /** Says something; the answer comes as it is made. */
  async say(text: string): Promise<void> {
    this.isOpen = true;
    await this.read();
    const key = crypto.randomUUID();
    this.said.push(saidNow(key, "person", text), {
      ...saidNow(`${key}-answer`, "assistant", ""),
      isComing: true,
    });
    const answer = this.said[this.said.length - 1]!;
    this.#before = this.#before.then(() => this.#answer(text, key, answer));
    await this.#before;
  }

  async #answer(text: string, key: string, answer: Said): Promise<void> {
    try {
      await this.#stream(text, key, answer);
    } catch (error) {
      answer.problem = reasonOf(error);
    } finally {
      answer.isComing = false;
    }
  }

  async #stream(message: string, key: string, answer: Said): Promise<void> {
    const init = {
      method: "POST",
      headers: {
        Accept: "text/event-stream",
        "Content-Type": "application/json",
        "Idempotency-Key": key,
      },
      body: JSON.stringify({ message, ...(this.#id ? { conversation_id: this.#id } : {}) }),
    };
    const { signal } = new AbortController();
    for await (const event of serverEvents("/api/v1/chat", {
      init,
      signal,
      silenceMs: SILENCE_MS,
    })) {
      const data = JSON.parse(event.data) as Record<string, unknown>;
      if (event.event === "message") answer.text += String(data["delta"] ?? "");
      if (event.event === "action") answer.actions.push(data as unknown as ChatAction);
      if (event.event === "error") answer.problem = String(data["detail"] ?? data["title"]);
      if (event.event === "done") this.#ended(data as unknown as Schemas["ChatAnswer"], answer);
    }
  }

  #ended(whole: Schemas["ChatAnswer"], answer: Said): void {
    // Of another conversation, or of somebody who has left.
    if (!this.said.includes(answer)) return;
    answer.text = whole.reply;
    answer.actions = whole.actions;
    this.#id = whole.conversation_id;
    localStorage.setItem(KEY, whole.conversation_id);
  }
}

function saidNow(id: string, author: Said["author"], text: string): Said {
  return { id, author, text, actions: [], isComing: false, problem: null };
}

export const conversation = new Conversation();

/** The acts that changed something, with what a card shows of them. */
export function changesOf(said: Said): { tool: string; title: string; taskId: string }[] {
  return said.actions.flatMap(({ tool, result }) => {
    const { outcome, tasks } = result as { outcome?: string; tasks?: Schemas["Task"][] };
    if (outcome !== "done" && outcome !== "taken_back") return [];
    return (tasks ?? []).map((task) => ({ tool, title: task.title, taskId: task.id }));
  });
}
