"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { fail, inputs } = require("./inputs.js");

const given = inputs(["name", "path"]);
const artifact = path.join(process.env.ACT_ARTIFACTS, given.name);
if (!given.name || !fs.existsSync(artifact)) fail(`Artifact not found for name: ${given.name}`);
fs.cpSync(artifact, path.resolve(given.path), { recursive: true, force: true });
