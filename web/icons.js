/** Draws the page's icons from `public/icon.svg`, where it has changed: `CHROMIUM=/usr/bin/chromium node icons.js`. */
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const icon = await readFile("public/icon.svg", "utf8");
const ground = icon.match(/<rect [^>]*\/>/)[0];

/** A system cuts a maskable one to its own shape, which the mark is well within. */
const masked = ground.replace(/ rx="\d+"/, "");
const files = {
  "icon-192": [192, icon],
  "icon-512": [512, icon],
  "icon-maskable-512": [512, icon.replace(ground, masked)],
  // Of a badge only what is opaque counts.
  "badge-96": [96, icon.replace(ground, "")],
};

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage();
for (const [name, [size, svg]] of Object.entries(files)) {
  await page.setViewportSize({ width: size, height: size });
  const sized = svg.replace("<svg ", `<svg width="${size}" height="${size}" `);
  await page.setContent(`<style>body { margin: 0 } svg { display: block }</style>${sized}`);
  await page.screenshot({ path: `public/${name}.png`, omitBackground: true });
}
await browser.close();
