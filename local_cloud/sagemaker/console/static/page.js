// Asks the service every second what there is and draws it anew when something has changed.
// Everything shown is set as text, never as markup: names and log lines are whatever users wrote.

const EVERY = 1000;
const MAIN = document.getElementById("main");
const LIVE = document.getElementById("live");
const GOOD = new Set(["Succeeded", "Completed", "InService", "Approved", "Created", "Active"]);
const BAD = new Set(["Failed", "Rejected", "OutOfService", "CreateFailed", "DeleteFailed", "UpdateRollbackFailed"]);
const QUIET = new Set(["Stopped", "PendingManualApproval", ""]);

const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.map((child) => child ?? ""));
  return made;
};

const state = (status, note = "") => {
  const kind = GOOD.has(status) ? "good" : BAD.has(status) ? "bad" : QUIET.has(status) ? "quiet" : "busy";
  return element("span", { class: `state ${kind}` }, note ? `${status}: ${note}` : status || "–");
};

const link = (text, page, facts) => element("a", { href: `#${page}?${new URLSearchParams(facts)}` }, text);
const time = (at) => (at ? new Date(at).toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" }) : "");

const duration = (from, to) => {
  if (!from) return "";
  const seconds = Math.max(0, ((to ? new Date(to) : new Date()) - new Date(from)) / 1000);
  return seconds < 100 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
};

const table = (heads, rows, none) => {
  if (!rows.length) return element("p", { class: "none" }, none);
  const head = element("tr", {}, ...heads.map(([text]) => element("th", { scope: "col" }, text)));
  const body = rows.map((cells) =>
    element("tr", {}, ...cells.map((cell, at) => element("td", { class: heads[at][1] ?? "" }, cell))));
  return element("div", { class: "wide" },
    element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
};

const section = (id, title, ...content) =>
  element("section", { id, "aria-labelledby": `${id}-title` }, element("h2", { id: `${id}-title` }, title), ...content);

const logs = (group, stream, text = "log") => (group ? link(text, "log", { group, stream }) : "");

const STATE = ["state"], NAME = "name", NUMBER = "number", REASON = "reason";

const drawOverview = (seen) => [
  section("executions", "Pipeline executions", table(
    [["execution", NAME], ["pipeline", NAME], STATE, ["started", NUMBER], ["why", REASON]],
    seen.executions.map((one) => [
      link(one.name, "execution", { arn: one.arn }), one.pipeline, state(one.status), time(one.started), one.reason]),
    "No pipeline has run yet.")),
  section("endpoints", "Endpoints", table(
    [["endpoint", NAME], STATE, ["variant", NAME], ["role"], ["weight", NUMBER], ["instances", NUMBER], ["", ""], ["why", REASON]],
    seen.endpoints.flatMap((one) => (one.variants.length ? one.variants : [{}]).map((variant, at) => [
      at ? "" : one.name,
      at ? "" : state(one.status),
      variant.name ?? "", [variant.role, variant.stage].filter(Boolean).join(", "), variant.weight ?? "",
      variant.instances === undefined || variant.instances === variant.wanted
        ? variant.instances ?? "" : `${variant.instances} of ${variant.wanted}`,
      at ? "" : logs(one.group, ""), at ? "" : one.reason])),
    "No endpoint has been created yet.")),
  section("model-packages", "Model packages", table(
    [["group", NAME], ["version", NUMBER], ["approval"], ["created", NUMBER]],
    seen.model_packages.map((one) => [one.group, one.version ?? "", state(one.approval ?? one.status), time(one.created)]),
    "No model has been registered yet.")),
  section("feature-groups", "Feature groups", table(
    [["feature group", NAME], STATE, ["features", NUMBER], ["identified by", NAME], ["stores"], ["created", NUMBER]],
    seen.feature_groups.map((one) => [
      one.name, state(one.status), one.features, one.identifier, one.stores.join(", "), time(one.created)]),
    "There is no feature group yet.")),
  section("jobs", "Jobs", table(
    [["job", NAME], ["kind"], STATE, ["started", NUMBER], ["took", NUMBER], ["", ""], ["why", REASON]],
    seen.jobs.map((one) => [
      one.name, one.kind.replace(/Job$/, ""), state(one.status), time(one.started), duration(one.started, one.ended),
      logs(one.group, one.stream), one.reason]),
    "No job has run yet.")),
];

const drawExecution = (seen) => [
  element("p", {}, link("all of it", "", {})),
  section("execution", `${seen.pipeline}: ${seen.name}`,
    element("p", {}, state(seen.status), ` ${time(seen.started)}, ${duration(seen.started, seen.ended)}`),
    element("p", { class: "none" }, seen.reason ?? ""),
    table(
      [["step", NAME], ["type"], STATE, ["took", NUMBER], ["attempt", NUMBER], ["", ""], ["why", REASON]],
      seen.steps.map((one) => [
        one.name, one.type, state(one.status, one.outcome ?? (one.cached ? "from the cache" : "")),
        duration(one.started, one.ended), one.attempt ?? "", logs(one.group, one.stream), one.reason]),
      "No step has started yet."),
    element("h3", {}, "Parameters"),
    element("dl", {}, ...seen.parameters.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]))),
];

const drawLog = (seen, facts) => [
  element("p", {}, link("all of it", "", {})),
  section("log", `${facts.get("group")}/${facts.get("stream")}`,
    ...(seen.streams.length
      ? seen.streams.flatMap((one) => [element("h3", {}, one.name), element("pre", {}, one.lines.join("\n"))])
      : [element("p", { class: "none" }, "Nothing has been written yet.")])),
];

const PAGES = {
  "": ["console/overview", drawOverview],
  execution: ["console/execution", drawExecution],
  log: ["console/log", drawLog],
};

let shown = "";

const wanted = () => {
  const [page, query = ""] = location.hash.slice(1).split("?");
  return { page: page in PAGES ? page : "", query };
};

const refresh = async () => {
  const { page, query } = wanted();
  const [address, draw] = PAGES[page];
  try {
    const answer = await fetch(`${address}?${query}`);
    const text = await answer.text();
    if (wanted().page !== page || wanted().query !== query) return; // another page is asked for by now
    if (!answer.ok) throw new Error(JSON.parse(text).message);
    const key = `${page}?${query} ${text}`;
    const seen = JSON.parse(text);
    if (key !== shown || text.includes("Executing") || text.includes("InProgress")) {
      MAIN.replaceChildren(...draw(seen, new URLSearchParams(query)));
      shown = key;
    }
    if (seen.cloud) {
      const speed = seen.cloud.speed === 1 ? "" : `, waits ${seen.cloud.speed} times faster`;
      document.getElementById("where").textContent =
        `${seen.cloud.url}, account ${seen.cloud.account}, ${seen.cloud.region}${speed}`;
    }
    LIVE.textContent = "live";
    LIVE.className = "";
  } catch (error) {
    LIVE.textContent = error instanceof TypeError ? "the local cloud does not answer" : error.message;
    LIVE.className = "down";
  }
};

const loop = async () => {
  if (!document.hidden) await refresh();
  setTimeout(loop, EVERY);
};

addEventListener("hashchange", refresh);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
loop();
