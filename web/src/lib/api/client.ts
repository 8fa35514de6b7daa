/** The API's client: types and paths from the OpenAPI document, problems as errors. */
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Task = Schemas["Task"];
export type NewTask = Schemas["NewTask"];
export type TaskPatch = Schemas["TaskPatch"];
export type List = Schemas["List"];
export type Account = Schemas["Account"];
export type Settings = Schemas["Settings"];
export type Reminder = Schemas["Reminder"];
export type Recurrence = Schemas["Recurrence"];
export type ReminderSpec = Schemas["ReminderSpec"];
export type Problem = Schemas["Problem"];
export type Phrase = Schemas["UnderstoodPhrase"];

/** How long an answer may take, in milliseconds, before the request counts as lost. */
const TIMEOUT_MS = 30_000;
/** What may be sent again when it was lost. */
const RETRIABLE = [408, 409, 425, 429, 500, 502, 503, 504];

/** What the service answered in place of what was asked for. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: readonly Schemas["FieldError"][];
  /** In milliseconds; none where the service does not say. */
  readonly retryAfterMs: number | null;

  constructor(response: Response, problem: Partial<Problem> | undefined) {
    super(problem?.detail ?? problem?.title ?? `${response.status} ${response.statusText}`);
    this.name = "ApiError";
    this.status = response.status;
    this.code = problem?.code ?? "unknown";
    this.fields = problem?.errors ?? [];
    const seconds = Number(response.headers.get("Retry-After"));
    this.retryAfterMs = seconds > 0 ? seconds * 1000 : null;
  }

  /** Whether the same request may be taken later. */
  get isTransient(): boolean {
    return (
      RETRIABLE.includes(this.status) && (this.status !== 409 || this.code === "still_answering")
    );
  }
}

/** No answer came. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super("The service can't be reached.", { cause });
    this.name = "Unreachable";
  }
}

/** `fetch` with a limit, whose failure is told from an answer. */
export async function reach(
  input: Request | string,
  init: RequestInit = {},
  timeoutMs: number = TIMEOUT_MS,
): Promise<Response> {
  const limit = AbortSignal.timeout(timeoutMs);
  const given = init.signal ?? (input instanceof Request ? input.signal : null);
  try {
    return await fetch(input, { ...init, signal: given ? AbortSignal.any([given, limit]) : limit });
  } catch (error) {
    if (given?.aborted) throw error;
    throw new Unreachable(error);
  }
}

export const api = createClient<paths>({ baseUrl: "/", fetch: (request) => reach(request) });

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The body of an answer; of any that is not a success an {@link ApiError}. */
export async function body<Data>(answer: Promise<Answer<Data>>): Promise<Data> {
  return (await whole(answer)).data;
}

/** The same with the answer's head. */
export async function whole<Data>(
  answer: Promise<Answer<Data>>,
): Promise<{ data: Data; response: Response }> {
  const { data, error, response } = await answer;
  if (!response.ok) throw await problemOf(response, error);
  return { data: data as Data, response };
}

/** An answer's problem as an error. */
export async function problemOf(response: Response, error?: unknown): Promise<ApiError> {
  let problem = error as Partial<Problem> | undefined;
  if (problem === undefined && !response.bodyUsed) {
    problem = (await response.json().catch(() => undefined)) as Partial<Problem> | undefined;
  }
  return new ApiError(response, typeof problem === "object" ? problem : undefined);
}

/** What to tell a person of any failure. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
