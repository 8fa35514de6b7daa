import { createHash } from "node:crypto";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import type { Plugin } from "vite";

/** Tells the service worker which files there are, and gives it another name when one of them is another. */
function precache(): Plugin {
  return {
    name: "precache",
    enforce: "post",
    generateBundle(_options, bundle) {
      const worker = bundle["sw.js"];
      if (worker?.type !== "chunk") return;
      const files = Object.keys(bundle).filter((name) => name.startsWith("assets/"));
      const urls = ["/", "/manifest.webmanifest", ...files.map((name) => `/${name}`)].sort();
      const page = bundle["index.html"];
      const hash = createHash("sha256").update(JSON.stringify(urls));
      if (page?.type === "asset") hash.update(page.source);
      worker.code = worker.code
        .replace("__PRECACHE_URLS__", JSON.stringify(urls))
        .replace("__PRECACHE_VERSION__", JSON.stringify(hash.digest("hex").slice(0, 16)));
    },
  };
}

/** A service that runs; it takes changes from its own origin only. */
const service = process.env["API"] ?? "http://127.0.0.1:8080";
const proxied = { "/api": { target: service, headers: { Origin: service } } };

export default defineConfig({
  plugins: [svelte(), precache()],
  build: {
    target: "es2022",
    // Every browser that runs the rest has it.
    modulePreload: { polyfill: false },
    // A strict policy loads nothing from `data:`.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { main: "index.html", sw: "src/sw.ts" },
      output: {
        entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  server: { proxy: proxied },
  preview: { proxy: proxied },
  test: { include: ["src/**/*.test.ts"] },
});
