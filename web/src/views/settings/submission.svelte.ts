/** What becomes of a form that is sent: busy meanwhile, and what is refused of it, by field. */
import { ApiError, reasonOf, type Schemas } from "../../lib/api/client";
import { notices } from "../../lib/notices.svelte";

/** Codes that are about one field, though the problem names none. */
const FIELD_OF_CODE: Record<string, string> = {
  wrong_password: "current_password",
  email_taken: "email",
};

export class Submission {
  isBusy = $state(false);
  #errors = $state.raw<readonly Schemas["FieldError"][]>([]);
  readonly #shown: readonly string[];

  /** `shown` are the fields beside which an error is shown; any other is told as a notice. */
  constructor(shown: readonly string[]) {
    this.#shown = shown;
  }

  /** Does it; whether it was taken. */
  async run(act: () => Promise<void>): Promise<boolean> {
    if (this.isBusy) return false;
    this.isBusy = true;
    this.#errors = [];
    try {
      await act();
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    } finally {
      this.isBusy = false;
    }
  }

  /** Why a field is refused. */
  of(field: string): string | undefined {
    const messages = this.#errors.filter((error) => error.field === field);
    return messages.length > 0 ? messages.map(({ message }) => message).join(" ") : undefined;
  }

  #fail(error: unknown): void {
    const errors = fieldErrorsOf(error);
    const [here, elsewhere] = [true, false].map((isHere) =>
      errors.filter(({ field }) => this.#shown.includes(field) === isHere),
    ) as [Schemas["FieldError"][], Schemas["FieldError"][]];
    this.#errors = here;
    if (errors.length === 0) notices.fail(reasonOf(error));
    for (const { field, message } of elsewhere) notices.fail(`${field}: ${message}`);
  }
}

function fieldErrorsOf(error: unknown): readonly Schemas["FieldError"][] {
  if (!(error instanceof ApiError)) return [];
  if (error.fields.length > 0) return error.fields;
  const field = FIELD_OF_CODE[error.code];
  return field === undefined ? [] : [{ field, message: error.message }];
}
