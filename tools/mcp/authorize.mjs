// Loaded before the suite, which has no option for it: what it asks the server, it asks with the token of
// TOKEN. Nothing else is asked, so that a suite that fetched something would fail.

import process from 'node:process';

const { TOKEN, MCP_URL } = process.env;
const asked = globalThis.fetch;

globalThis.fetch = (input, init = {}) => {
  const url = String(input instanceof Request ? input.url : input);
  if (url !== MCP_URL) {
    throw new Error(`${url} is not what is tested`);
  }
  const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.set('authorization', `Bearer ${TOKEN}`);
  return asked(input, { ...init, headers });
};
