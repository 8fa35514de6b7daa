/** Server-sent events over `fetch`, which sees a connection that has gone silent and can send a body. */
import { EventSourceParserStream, type EventSourceMessage } from "eventsource-parser/stream";
import { Unreachable, problemOf } from "./client";

export type ServerEvent = EventSourceMessage;

interface Options {
  init?: RequestInit;
  signal: AbortSignal;
  /** How long nothing may come, in milliseconds, not even a sign of life. */
  silenceMs: number;
  /** Called when the answer has begun. */
  onopen?: () => void;
}

/** Reads events until the stream ends. */
export async function* serverEvents(url: string, options: Options): AsyncGenerator<ServerEvent> {
  const gone = new AbortController();
  const signal = AbortSignal.any([options.signal, gone.signal]);
  let timer = 0;
  const heard = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => gone.abort(), options.silenceMs);
  };
  heard();
  try {
    const response = await fetch(url, { ...options.init, signal });
    if (!response.ok || !response.body) throw await problemOf(response);
    options.onopen?.();
    const listening = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        heard();
        controller.enqueue(chunk);
      },
    });
    const events = response.body
      .pipeThrough(listening)
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream());
    const reader = events.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    if (options.signal.aborted) return;
    if (error instanceof Error && error.name === "ApiError") throw error;
    throw new Unreachable(error);
  } finally {
    clearTimeout(timer);
    gone.abort();
  }
}
