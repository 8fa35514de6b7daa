/** People, made and helped over HTTP. */
import createClient, { type Client } from "openapi-fetch";
import type { NewTask, Task } from "../src/lib/api/client";
import type { paths } from "../src/lib/api/schema";
import { ADMIN_EMAIL, BASE_URL } from "./environment";

export const PASSWORD = "correct horse battery";
export const ZONE = "Europe/Berlin";

export interface Account {
  id: string;
  email: string;
  /** The value of the session's cookie. */
  session: string;
  api: Client<paths>;
}

let made = 0;

export function newEmail(): string {
  made += 1;
  return `ada-${Date.now().toString(36)}-${made}@example.test`;
}

/** An address of a client that asked for nothing yet: accounts are limited by it. */
export function newAddress(): string {
  const byte = () => Math.floor(Math.random() * 256);
  return `10.${byte()}.${byte()}.${byte()}`;
}

/** A new account, and a session of it. */
export function newAccount(email = newEmail(), zone = ZONE): Promise<Account> {
  return enter("register", { email, password: PASSWORD, time_zone: zone });
}

/** Another session of an account. */
export function anotherSession(account: Account): Promise<Account> {
  return enter("login", { email: account.email, password: PASSWORD });
}

/** The account that administers: made by whoever asks first. */
export async function admin(): Promise<Account> {
  const credentials = { email: ADMIN_EMAIL, password: PASSWORD };
  return enter("register", { ...credentials, time_zone: ZONE }).catch(() =>
    enter("login", credentials),
  );
}

async function enter(route: string, body: Record<string, string>): Promise<Account> {
  const response = await fetch(`${BASE_URL}/api/v1/auth/${route}`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Origin: BASE_URL,
      "X-Forwarded-For": newAddress(),
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${route}: ${response.status} ${await response.text()}`);
  const { user_id } = (await response.json()) as { user_id: string };
  const session = /session=([^;]+)/.exec(response.headers.get("set-cookie") ?? "")?.[1];
  if (session === undefined) throw new Error(`${route}: no session`);
  const headers = { Cookie: `session=${session}`, Origin: BASE_URL };
  const api = createClient<paths>({ baseUrl: BASE_URL, headers });
  return { id: user_id, email: body["email"]!, session, api };
}

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The body of an answer that has to be a success. */
export async function must<Data>(answer: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await answer;
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${JSON.stringify(error)}`);
  return data as Data;
}

export function addTask(account: Account, task: NewTask): Promise<Task> {
  return must(account.api.POST("/api/v1/tasks", { body: task }));
}

/** The account's open tasks, at most 200. */
export async function openTasks(account: Account): Promise<Task[]> {
  const query = { status: ["TODO", "IN_PROGRESS"] as ("TODO" | "IN_PROGRESS")[], limit: 200 };
  return (await must(account.api.GET("/api/v1/tasks", { params: { query } }))).items;
}

/** An instant so many seconds from now. */
export function inSeconds(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString();
}
