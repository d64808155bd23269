"use strict";
(() => {
  const SEVERITIES = ["critical", "high", "medium", "low", "unknown"];
  const KINDS = {
    vulnerability: "vulnerabilities", secret: "secrets", misconfiguration: "misconfigurations", license: "licences",
  };
  const STANDINGS = { blocking: "blocks", waiting: "in grace", deployed: "deployed already", ignored: "ignored" };
  const AT_ONCE = 1000; // findings drawn without being asked for more
  const OF_A_GROUP = 50;
  const byId = (id) => document.getElementById(id);
  const number = (n) => n.toLocaleString("en");
  const count = (n, one, many) => `${number(n)} ${n === 1 ? one : many}`;

  const images = JSON.parse(byId("data").textContent);
  const findings = images.flatMap((image, at) => {
    for (const finding of image.findings) finding.image = at;
    return image.findings;
  });
  const form = byId("filters"), list = byId("list"), search = byId("search"), more = byId("more");
  let groups = [], drawn = 0;

  // Text of the scanned image becomes text nodes and nothing else.
  function element(name, properties, ...children) {
    const made = document.createElement(name);
    Object.assign(made, properties);
    made.append(...children.filter(Boolean));
    return made;
  }

  // For ears, and for whoever copies the line.
  function spaced(...children) {
    return children.filter(Boolean).flatMap((child) => [child, " "]);
  }

  function tally(field) {
    const numbers = {};
    for (const finding of findings) numbers[finding[field]] = (numbers[finding[field]] || 0) + 1;
    return numbers;
  }

  function chips(fieldset, name, values, numbers, words) {
    const known = values.filter((value) => numbers[value]);
    fieldset.append(...known.map((value) => element("label", { className: "chip" },
      element("input", { type: "checkbox", name, value }),
      element("span", { className: name === "severity" ? `dot ${value}` : "" }, words(value)),
      element("b", {}, number(numbers[value])))));
    fieldset.hidden = known.length < 2;
  }

  function choices(name, options) {
    const select = form.elements[name];
    select.append(...options.map(([value, text]) => element("option", { value }, text)));
    select.parentElement.hidden = options.length < 2;
  }

  function perImage(field, mark = "", word = "") {
    return images.flatMap((image, at) => image[field].map((name, position) =>
      [`${at}:${position}${mark}`, (images.length > 1 ? `${image.name}: ` : "") + word + name.slice(0, 80)]));
  }

  function haystack(finding) {
    finding.text ??= [finding.id, finding.aliases, finding.package, finding.installed, finding.title, finding.path,
      finding.purl, images[finding.image].name].filter(Boolean).join("\n").toLowerCase();
    return finding.text;
  }

  function place(value) {
    const [image, position, only] = value.split(":");
    return value && { image: Number(image), position: Number(position), only: Boolean(only) };
  }

  // A finding that names no platform is on all of them.
  function onPlatform(finding, { position, only }) {
    const named = finding.platforms || [];
    return only ? named.length === 1 && named[0] === position : !named.length || named.includes(position);
  }

  function wanted() {
    const data = new FormData(form);
    const words = data.get("text").toLowerCase().split(/\s+/).filter(Boolean);
    const severities = new Set(data.getAll("severity")), kinds = new Set(data.getAll("kind"));
    const [standing, fix, image] = ["standing", "fix", "image"].map((name) => data.get(name));
    const [platform, layer] = ["platform", "layer"].map((name) => place(data.get(name)));
    return (finding) =>
      (!severities.size || severities.has(finding.severity))
      && (!kinds.size || kinds.has(finding.category))
      && (!standing || (finding.standing || "none") === standing)
      && (!fix || (finding.fixed ? "yes" : "no") === fix)
      && (!image || finding.image === Number(image))
      && (!platform || (finding.image === platform.image && onPlatform(finding, platform)))
      && (!layer || (finding.image === layer.image && (finding.layers || []).includes(layer.position)))
      && words.every((word) => haystack(finding).includes(word));
  }

  function grouped(found) {
    const known = new Map();
    for (const finding of found) {
      const key = `${finding.image} ${finding.package}`;
      if (!known.has(key)) known.set(key, { findings: [], newest: "" });
      const group = known.get(key);
      group.findings.push(finding);
      if ((finding.published || "") > group.newest) group.newest = finding.published;
    }
    return [...known.values()];
  }

  // Within a group findings stay as they came, worst first, and so do groups that are alike.
  const ORDERS = {
    worst: (a, b) => rank(a) - rank(b) || b.findings.length - a.findings.length,
    most: (a, b) => b.findings.length - a.findings.length,
    newest: (a, b) => (a.newest < b.newest ? 1 : a.newest > b.newest ? -1 : 0),
    package: (a, b) => (a.findings[0].package < b.findings[0].package ? -1 : 1),
  };
  const rank = (group) => SEVERITIES.indexOf(group.findings[0].severity);

  function facts(finding) {
    const image = images[finding.image];
    const source = finding.source ? ` (${finding.source})` : "";
    const link = finding.url && element("a", { href: finding.url, rel: "noreferrer" }, finding.url);
    const told = [
      ["Title", finding.title],
      ["Severity", finding.severity + source + (finding.score !== undefined ? `, CVSS ${finding.score}` : "")],
      ["Gate", [STANDINGS[finding.standing], finding.why].filter(Boolean).join(": ") || "doesn’t count"],
      ["Installed", finding.installed],
      ["Fixed in", finding.fixed || (finding.category === "vulnerability" && `no fix${finding.status ? `: ${finding.status}` : ""}`)],
      ["Advice", finding.advice],
      ["Place", finding.path && finding.path + (finding.line ? `:${finding.line}` : "")],
      ["Excerpt", finding.excerpt && element("pre", { tabIndex: 0 }, finding.excerpt)],
      ["Layer", (finding.layers || []).map((at) => image.layers[at]).join("; ")],
      ["Platforms", (finding.platforms || [...image.platforms.keys()]).map((at) => image.platforms[at]).join(", ")],
      ["Also known as", finding.aliases],
      ["Published", finding.published],
      ["Package URL", finding.purl],
      ["More", link],
    ];
    return element("dl", {}, ...told.filter(([, value]) => value).map(([term, value]) =>
      element("div", {}, element("dt", {}, term), element("dd", {}, value))));
  }

  function entry(finding) {
    const made = element("details", { className: "finding" }, element("summary", {}, ...spaced(
      element("span", { className: `pill ${finding.severity}` }, finding.severity),
      element("span", { className: "id" }, finding.id),
      finding.standing && element("span", { className: `badge ${finding.standing}` }, STANDINGS[finding.standing]),
      element("span", { className: "title" }, finding.title || finding.advice || ""),
      finding.fixed && element("span", { className: "fix" }, `→ ${finding.fixed}`))));
    made.firstChild.addEventListener("click", () => made.append(facts(finding)), { once: true });
    return made;
  }

  function section(group) {
    const [first] = group.findings;
    const versions = [...new Set(group.findings.map((finding) => finding.installed).filter(Boolean))].join(", ");
    const heading = element("h3", { tabIndex: -1 }, ...spaced(first.package,
      versions && element("span", {}, versions),
      images.length > 1 && element("span", {}, images[first.image].name),
      element("span", {}, count(group.findings.length, "finding", "findings"))));
    const made = element("div", { className: "group" }, heading, ...group.findings.slice(0, OF_A_GROUP).map(entry));
    const rest = group.findings.slice(OF_A_GROUP);
    if (rest.length) {
      const button = element("button", { type: "button" }, `Show ${number(rest.length)} more of ${first.package}`);
      button.addEventListener("click", () => {
        const entries = rest.map(entry);
        button.replaceWith(...entries);
        entries[0].firstChild.focus();
      });
      made.append(button);
    }
    return made;
  }

  function draw() {
    const from = drawn;
    let budget = AT_ONCE;
    while (drawn < groups.length && budget > 0) budget -= Math.min(groups[drawn++].findings.length, OF_A_GROUP);
    const made = groups.slice(from, drawn).map(section);
    list.append(...made);
    more.hidden = drawn === groups.length;
    more.firstChild.textContent = `Show more: ${count(groups.length - drawn, "package or file", "packages and files")} are left`;
    return made[0];
  }

  function show() {
    const found = findings.filter(wanted());
    groups = grouped(found).sort(ORDERS[form.elements.sort.value]);
    drawn = 0;
    list.replaceChildren();
    draw();
    const places = count(groups.length, "package or file", "packages and files");
    byId("status").textContent = found.length
      ? `${number(found.length)} of ${count(findings.length, "finding", "findings")}, in ${places}`
      : findings.length ? "No finding matches: clear the search or a filter." : "Nothing was found.";
  }

  function follow(link) {
    form.reset();
    for (const filter of link.dataset.filter.split(" ")) {
      const [name, value] = filter.split("=");
      form.elements[name].value = value;
    }
    show();
    byId("findings").focus();
  }

  function step(by) {
    const places = [search, ...list.querySelectorAll("summary")];
    const at = places.indexOf(document.activeElement);
    const next = places[at + by];
    if (at >= 0 && next) next.focus();
    return at >= 0;
  }

  function typed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !event.target.matches("input[type=search], select")) search.focus();
    else if (event.key === "Escape" && event.target === search && search.value) { search.value = ""; show(); }
    else if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    else if (!step(event.key === "ArrowDown" ? 1 : -1)) return;
    event.preventDefault();
  }

  async function copy(button) {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  }

  chips(byId("severities"), "severity", SEVERITIES, tally("severity"), (value) => value);
  chips(byId("kinds"), "kind", Object.keys(KINDS), tally("category"), (value) => KINDS[value]);
  choices("image", images.map((image, at) => [String(at), image.name]));
  const several = images.some((image) => image.platforms.length > 1);
  choices("platform", [...perImage("platforms"), ...(several ? perImage("platforms", ":only", "only on ") : [])]);
  choices("layer", perImage("layers"));
  form.hidden = !findings.length;
  search.addEventListener("input", show);
  form.addEventListener("change", (event) => { if (event.target !== search) show(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => queueMicrotask(show));
  more.firstChild.addEventListener("click", () => draw().firstChild.focus());
  document.addEventListener("keydown", typed);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-filter]");
    if (link) { event.preventDefault(); follow(link); }
  });
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  show();
})();
