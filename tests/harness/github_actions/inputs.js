"use strict";

// What a step says in `with`, where an action knows nothing but `known`: another word is refused, or a test would pass
// that tells nothing of the real action.
exports.inputs = (known) => {
  const given = Object.keys(process.env).filter((name) => name.startsWith("INPUT_"));
  const unknown = given.map((name) => name.slice(6).toLowerCase()).filter((name) => !known.includes(name));
  if (unknown.length) exports.fail(`the stand-in doesn't know the inputs ${unknown}`);
  return Object.fromEntries(known.map((name) => [name, process.env[`INPUT_${name.toUpperCase()}`] ?? ""]));
};

exports.fail = (message) => {
  console.log(`::error::${message}`);
  process.exit(1);
};
