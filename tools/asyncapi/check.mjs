// Parses an AsyncAPI document with the reference parser; exits 1 on any error that it finds.
// Usage: node tools/asyncapi/check.mjs docs/contracts/asyncapi.json

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import process from 'node:process';
import { Parser, DiagnosticSeverity } from '@asyncapi/parser';

const path = process.argv[2];
if (path === undefined) {
  console.error('usage: node tools/asyncapi/check.mjs <document>');
  process.exit(2);
}

// References in the document are relative to it.
const source = resolve(path);
const { document, diagnostics } = await new Parser().parse(await readFile(source, 'utf8'), { source });

const errors = diagnostics.filter(({ severity }) => severity === DiagnosticSeverity.Error);
for (const { range, path: pointer, code, message } of errors) {
  console.error(`${path}:${range.start.line + 1}: ${code}: ${message} (at ${pointer.join('/')})`);
}
if (errors.length > 0 || document === undefined) {
  console.error(`${path}: ${errors.length} error(s)`);
  process.exit(1);
}

const counts = [
  `${document.channels().length} channels`,
  `${document.operations().length} operations`,
  `${document.messages().length} messages`,
];
console.log(`${path}: AsyncAPI ${document.version()}, ${counts.join(', ')}`);
