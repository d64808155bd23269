"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { fail, inputs } = require("./inputs.js");

const given = inputs([
  "name", "path", "include-hidden-files", "if-no-files-found", "compression-level", "retention-days",
]);
const within = (value, least, most) => /^[0-9]+$/.test(value) && Number(value) >= least && Number(value) <= most;
if (!within(given["compression-level"], 0, 9)) fail("compression-level is none");
if (given["retention-days"] && !within(given["retention-days"], 1, 90)) fail("retention-days are none");
if (!given.name || /["\r\n:<>|*?\\/]/.test(given.name)) fail(`${given.name} is no artifact's name`);

const hidden = { true: true, false: false }[given["include-hidden-files"]] ?? fail("include-hidden-files is no boolean");
const lines = given.path.split("\n").map((line) => line.trim()).filter(Boolean);
const searched = lines.filter((line) => !line.startsWith("!")).map((line) => path.resolve(line));
const excluded = lines.filter((line) => line.startsWith("!")).map((line) => path.resolve(line.slice(1)));
if ([...searched, ...excluded].some((place) => /[*?[\]!]/.test(place))) fail("the stand-in knows no patterns");

// A search looks at the last part of each path alone: a hidden directory's file that is named itself isn't hidden.
const filesAt = (place) => {
  if (excluded.includes(place)) return [];
  if (!hidden && path.basename(place).startsWith(".")) return [];
  const status = fs.statSync(place, { throwIfNoEntry: false });
  if (!status) return [];
  if (!status.isDirectory()) return [place];
  return fs.readdirSync(place).flatMap((name) => filesAt(path.join(place, name)));
};
const files = searched.flatMap(filesAt);
if (!files.length) {
  const message = `No files were found with the provided path: ${given.path}. No artifacts will be uploaded.`;
  if (given["if-no-files-found"] === "error") fail(message);
  if (given["if-no-files-found"] === "warn") console.log(`::warning::${message}`);
  process.exit(0);
}

// Where one place is named its content is the artifact's, where several are, what they have in common is left out.
const common = (paths) => {
  const parts = paths.map((place) => place.split(path.sep));
  const differs = parts[0].findIndex((part, at) => parts.some((other) => other[at] !== part));
  return parts[0].slice(0, differs < 0 ? undefined : differs).join(path.sep);
};
const single = searched.length === 1 && files[0] === searched[0];
const root = single ? path.dirname(files[0]) : common(searched);

const artifact = path.join(process.env.ACT_ARTIFACTS, given.name);
if (fs.existsSync(artifact)) fail(`an artifact with the name ${given.name} exists on the workflow run`);
for (const file of files) {
  const inside = path.relative(root, file);
  if (/["\r\n:<>|*?]/.test(inside)) fail(`the path of ${inside} has a character that no artifact takes`);
  const place = path.join(artifact, inside);
  fs.mkdirSync(path.dirname(place), { recursive: true });
  fs.writeFileSync(place, fs.readFileSync(file), { mode: 0o644 });
}
console.log(`${files.length} files are in the artifact ${given.name}`);
