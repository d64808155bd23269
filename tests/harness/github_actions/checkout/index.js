"use strict";
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const { fail, inputs } = require("./inputs.js");

const given = inputs(["fetch-depth", "persist-credentials", "token"]);
if (given["persist-credentials"] !== "false") fail("the stand-in keeps no credentials");
if (!["0", "1"].includes(given["fetch-depth"])) fail(`the stand-in knows no fetch-depth ${given["fetch-depth"]}`);
const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_REF, GITHUB_SHA, GITHUB_WORKSPACE } = process.env;
if (fs.readdirSync(GITHUB_WORKSPACE).length) fail("the workspace holds what another job left");
const [, kind, name] = GITHUB_REF.match(/^refs\/(heads|tags|pull)\/(.+)$/) ?? fail(`the stand-in knows no ${GITHUB_REF}`);
const branch = kind === "heads";

const git = (...args) => execFileSync("git", args, { cwd: GITHUB_WORKSPACE, stdio: "inherit" });
const login = Buffer.from(`x-access-token:${given.token}`).toString("base64");
const tracked = { heads: "refs/remotes/origin/", tags: "refs/tags/", pull: "refs/remotes/pull/" }[kind] + name;
const all = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
const fetch = (...args) =>
  git("-c", `http.extraheader=Authorization: Basic ${login}`, "fetch", "--quiet", "--no-tags", "--prune", ...args);

git("init", "--quiet");
git("remote", "add", "origin", `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`);
if (given["fetch-depth"] === "0") fetch("origin", ...all);
// The branch may have moved on since: what the event names is checked out all the same.
fetch(...(given["fetch-depth"] === "1" ? ["--depth=1"] : []), "origin", `+${GITHUB_SHA}:${tracked}`);
git("checkout", "--quiet", "--force", ...(branch ? ["-B", name, tracked] : ["--detach", tracked]));
