// Puts a NAME.br and a NAME.gz beside each file of text of the built page, as small as they get: once here, so that
// the server never does. What does not get smaller gets none. `http::page` of chat-api sends them.
//   node tools/web/compress.mjs FOLDER
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const TEXT = /\.(css|html|js|json|map|txt|webmanifest)$/;

const ways = {
  br: (bytes) =>
    brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
  gz: (bytes) => gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }),
};

const folder = process.argv[2];
if (!folder) throw new Error("which folder?");
for (const name of readdirSync(folder, { recursive: true }).filter((name) => TEXT.test(name))) {
  const path = join(folder, name);
  const bytes = readFileSync(path);
  for (const [end, compress] of Object.entries(ways)) {
    const small = compress(bytes);
    if (small.length < bytes.length) writeFileSync(`${path}.${end}`, small);
  }
}
