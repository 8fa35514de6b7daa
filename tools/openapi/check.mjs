// Lints an OpenAPI document; exits 1 on anything that it finds, as there are no mere warnings.
// Usage: node tools/openapi/check.mjs docs/openapi.json

import { resolve } from 'node:path';
import process from 'node:process';
import { createConfig, lint } from '@redocly/openapi-core';

// What the strict set leaves to taste, and is ours.
const rules = {
  'array-parameter-serialization': 'error',
  // What is to be done says so in one word.
  'boolean-parameter-prefixes': { severity: 'error', prefixes: ['dry', 'has', 'is', 'skip', 'with'] },
  'component-name-unique': 'error',
  'no-http-verbs-in-paths': 'error',
  // A field that an example has and its schema has not is a field that somebody renamed.
  'no-invalid-media-type-examples': { severity: 'error', allowAdditionalProperties: false },
  'no-invalid-parameter-examples': { severity: 'error', allowAdditionalProperties: false },
  'no-invalid-schema-examples': { severity: 'error', allowAdditionalProperties: false },
  'operation-4xx-problem-details-rfc7807': 'error',
  'operation-singular-tag': 'error',
  'operation-tag-defined': 'error',
  'parameter-description': 'error',
  'path-params-defined': 'error',
  'request-mime-type': { severity: 'error', allowedValues: ['application/json', 'application/zip', 'text/calendar', 'text/csv'] },
  'spec-example-values': 'error',
  'tag-description': 'error',
};

const path = process.argv[2];
if (path === undefined) {
  console.error('usage: node tools/openapi/check.mjs <document>');
  process.exit(2);
}

const config = await createConfig({ extends: ['recommended-strict'], rules });
const found = await lint({ ref: resolve(path), config });
for (const { ruleId, message, location } of found) {
  console.error(`${path}: ${ruleId}: ${message} (at ${location.map(({ pointer }) => pointer).join(', ')})`);
}
if (found.length > 0) {
  console.error(`${path}: ${found.length} error(s)`);
  process.exit(1);
}
