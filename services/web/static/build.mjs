// Bundles the page's scripts and styles into dist/ under hashed names and writes manifest.json,
// which maps each entry's plain name to its file. `--watch` builds again at each change.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { watch } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { createHash } from "node:crypto";
import { build } from "esbuild";
import { png } from "./icons/raster.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
// What pages name; whatever else is built is found by these.
const ENTRIES = [
  ...["app.js", "app.css", "owner.js", "owner.css", "wall.js", "wall.css", "worker.js", "favicon.svg"],
  ...["icon-180.png", "icon-192.png", "icon-512.png", "maskable-512.png"],
];
const dist = path.join(here, "dist");
const base = {
  absWorkingDir: here,
  outdir: dist,
  bundle: true,
  minify: true,
  metafile: true,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  target: ["chrome111", "firefox115", "safari16.4"],
  logLevel: "warning",
};

// The policy of the page forbids style attributes, so a picture's ratio reaches the layout as one
// of these classes: each is 2 % from the next, so that at most 1 % of a picture is cropped away.
async function ratios() {
  const { ratioStep, lastRatio, row, narrowest, widest, widestOnPhones } = JSON.parse(
    await readFile(path.join(here, "layout.json"), "utf8"),
  );
  let css = `:root{--row:${row};--narrowest:${narrowest};--widest:${widest}}`;
  css += `@media (max-width:40rem){:root{--widest:${widestOnPhones}}}`;
  for (let step = -lastRatio; step <= lastRatio; step++) {
    css += `.r${step}{--r:${Number((ratioStep ** step).toPrecision(4))}}`;
  }
  return css;
}

function named(outputs) {
  const names = {};
  for (const [file, { entryPoint }] of Object.entries(outputs)) {
    if (entryPoint) names[path.basename(entryPoint)] = path.basename(file);
  }
  return names;
}

// Icons for home screens, drawn from the one for tabs.
async function drawn() {
  const svg = await readFile(path.join(here, "icons/favicon.svg"), "utf8");
  const names = {};
  for (const [name, side, how] of [
    ["icon-180", 180, { maskable: true }], // iOS rounds the corners itself, and shows no transparency
    ["icon-192", 192],
    ["icon-512", 512],
    ["maskable-512", 512, { maskable: true }],
  ]) {
    const data = png(svg, side, how);
    const hash = createHash("sha256").update(data).digest("hex").slice(0, 8).toUpperCase();
    names[`${name}.png`] = `${name}-${hash}.png`;
    await writeFile(path.join(dist, names[`${name}.png`]), data);
  }
  return names;
}

// The npm packages that the bundles hold code of, for the bill of materials. Source maps do not tell:
// a package that brings maps of its own is named there by its author's folders.
function packages(...metafiles) {
  const inputs = metafiles.flatMap((metafile) => Object.keys(metafile.inputs));
  const named = inputs.map((file) => file.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]);
  return [...new Set(named.filter(Boolean))].sort();
}

export async function bundle() {
  const generated = {
    name: "ratios",
    setup(plugin) {
      plugin.onResolve({ filter: /^ratios\.css$/ }, () => ({ path: "ratios", namespace: "made" }));
      plugin.onLoad({ filter: /.*/, namespace: "made" }, async () => ({
        contents: await ratios(),
        loader: "css",
      }));
    },
  };
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist, { recursive: true });
  const styles = await build({
    ...base,
    entryPoints: [
      ...["css/app.css", "css/lightbox.css", "css/uploads.css", "css/selection.css"],
      ...["owner/owner.css", "wall/wall.css"],
    ],
    plugins: [generated],
  });
  const files = named(styles.metafile.outputs);
  const icons = await build({
    ...base,
    entryPoints: ["icons/favicon.svg"],
    loader: { ".svg": "copy" },
  });
  Object.assign(files, named(icons.metafile.outputs));
  // A service worker is a script of its own, and its address is known to those that start it.
  const zips = await build({ ...base, entryPoints: ["js/zip/zip-worker.js"], format: "iife" });
  Object.assign(files, named(zips.metafile.outputs));
  const scripts = await build({
    ...base,
    entryPoints: ["js/app.js", "owner/owner.js", "wall/wall.js"],
    format: "esm",
    splitting: true,
    sourcemap: "linked",
    // Styles that come with a part loaded on first use; see js/styles.js.
    define: {
      LIGHTBOX_CSS: JSON.stringify(files["lightbox.css"]),
      UPLOADS_CSS: JSON.stringify(files["uploads.css"]),
      SELECTION_CSS: JSON.stringify(files["selection.css"]),
      ZIP_WORKER: JSON.stringify(files["zip-worker.js"]),
    },
  });
  const worker = await build({ ...base, entryPoints: ["worker/worker.js"] });
  Object.assign(files, named(scripts.metafile.outputs), named(worker.metafile.outputs), await drawn());
  // Dynamic imports are entry points to esbuild; only the named entries are the page's business.
  const manifest = Object.fromEntries(
    ENTRIES.map((name) => [name, files[name]]),
  );
  // What app.js imports at once: named in the page, or each would be found only after the last.
  const [, { imports }] = Object.entries(scripts.metafile.outputs).find(
    ([, { entryPoint }]) => entryPoint === "js/app.js",
  );
  manifest.preload = imports
    .filter(({ kind }) => kind === "import-statement")
    .map((file) => path.basename(file.path));
  await writeFile(path.join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const others = packages(scripts.metafile, styles.metafile);
  await writeFile(path.join(dist, "packages.json"), `${JSON.stringify(others, null, 2)}\n`);
}

await bundle();
if (process.argv.includes("--watch")) {
  let timer;
  for (const folder of ["js", "css", "icons", "owner", "wall", "worker"]) {
    watch(path.join(here, folder), { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(() => bundle().catch(() => {}), 50);
    });
  }
}
