"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const place = (id) => document.getElementById(id);
  const key = "mirrorplay-ratings-" + data.export;
  const warning = place("warning");
  let answers = {};
  let at = 0;

  const made = (name, className, text) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  const warn = (text) => { warning.textContent = text; warning.hidden = !text; };

  const known = (kept) => {
    const found = {};
    for (const sheet of data.sheets) {
      const given = kept && kept[sheet.id];
      if (!given || typeof given !== "object") continue;
      found[sheet.id] = {};
      for (const column of data.columns)
        if (typeof given[column] === "string") found[sheet.id][column] = given[column];
    }
    return found;
  };

  const load = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(key) || "{}");
      answers = known(kept.answers);
      if (Number.isInteger(kept.at) && data.sheets[kept.at]) at = kept.at;
    } catch (error) {
      warn("This browser does not keep answers between visits: save the CSV before you close.");
    }
  };

  const keep = () => {
    try {
      localStorage.setItem(key, JSON.stringify({ answers, at }));
    } catch (error) {
      warn("Answers could not be kept in this browser: save the CSV before you close.");
    }
  };

  const count = (sheet) => Object.keys(answers[sheet.id] || {}).length;

  const tell = () => {
    const whole = data.sheets.filter((sheet) => count(sheet) === data.columns.length).length;
    const left = data.columns.length - count(data.sheets[at]);
    place("progress").textContent =
      whole + " of " + data.sheets.length + " sheets complete" + (left ? " · " + left + " open here" : "");
    place("meter").style.width = (100 * whole) / data.sheets.length + "%";
  };

  const answer = (column, value) => {
    const id = data.sheets[at].id;
    answers[id] = answers[id] || {};
    if (value === null) delete answers[id][column];
    else answers[id][column] = value;
    keep();
    tell();
  };

  const showLines = (side) => {
    const list = place("lines-" + side);
    list.textContent = "";
    for (const [speaker, text, face] of data.sheets[at][side]) {
      const line = made("li", speaker === "c" ? "c" : "t");
      if (face !== null) {
        const picture = made("img");
        picture.src = "data:image/jpeg;base64," + data.faces[face];
        picture.alt = "the client's face";
        line.append(picture);
      }
      const said = made("div", "said");
      said.append(made("span", "who", speaker === "c" ? "Client" : "Counsellor"), document.createTextNode(text));
      line.append(said);
      list.append(line);
    }
    place("side-" + side).scrollTop = 0;
  };

  const scale = (column, legend, label, steps) => {
    const group = made("fieldset");
    group.dataset.column = column;
    group.append(made("legend", "", legend));
    const row = made("div", "steps");
    for (const step of steps) {
      const choice = made("label");
      const input = made("input");
      input.type = "radio";
      input.name = column;
      input.value = step;
      input.setAttribute("aria-label", label + ": " + step);
      input.addEventListener("change", () => answer(column, step));
      choice.append(input, made("span", "", step));
      row.append(choice);
    }
    group.append(row);
    return group;
  };

  const build = () => {
    const box = place("questions");
    for (const question of data.questions) {
      const row = made("div", "question");
      const text = made("p", "", question.text + " ");
      text.append(made("span", "ends", question.low + " not at all · " + question.high + " fully"));
      row.append(text);
      const steps = [];
      for (let step = question.low; step <= question.high; step += 1) steps.push(String(step));
      for (const side of ["a", "b"])
        row.append(scale(side + "." + question.name, side.toUpperCase(), question.text + ", conversation " + side.toUpperCase(), steps));
      box.append(row);
    }
    const last = made("div", "question last");
    last.append(made("p", "", data.preference.text));
    last.append(scale("preference", "", data.preference.text, data.preference.choices));
    box.append(last);
  };

  const show = () => {
    place("number").textContent = String(at + 1);
    showLines("a");
    showLines("b");
    const given = answers[data.sheets[at].id] || {};
    for (const input of document.querySelectorAll("#questions input"))
      input.checked = given[input.name] === input.value;
    place("back").disabled = at === 0;
    place("next").disabled = at === data.sheets.length - 1;
    pick("a");
    tell();
  };

  const go = (to) => {
    if (to < 0 || to >= data.sheets.length) return;
    at = to;
    keep();
    show();
    window.scrollTo(0, 0);
    place("side-a").focus({ preventScroll: true });
  };

  const goOpen = () => {
    const open = data.sheets.findIndex((sheet) => count(sheet) < data.columns.length);
    go(open < 0 ? at : open);
  };

  const pick = (side) => {
    for (const button of document.querySelectorAll(".tabs button"))
      button.setAttribute("aria-pressed", String(button.dataset.side === side));
    for (const other of ["a", "b"]) place("side-" + other).classList.toggle("away", other !== side);
  };

  const groups = () => Array.from(document.querySelectorAll("fieldset"));

  const enter = (group) => {
    if (!group) return;
    const inputs = Array.from(group.querySelectorAll("input"));
    (inputs.find((input) => input.checked) || inputs[0]).focus();
    group.scrollIntoView({ block: "nearest" });
  };

  const typed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const group = document.activeElement && document.activeElement.closest("fieldset");
    const sheetKeys = { n: () => go(at + 1), p: () => go(at - 1), u: goOpen };
    if (sheetKeys[event.key]) { event.preventDefault(); sheetKeys[event.key](); return; }
    if (!/^[0-9]$/.test(event.key)) {
      if (group && (event.key === "Delete" || event.key === "Backspace")) {
        event.preventDefault();
        for (const input of group.querySelectorAll("input")) input.checked = false;
        answer(group.dataset.column, null);
      }
      return;
    }
    if (!group) { enter(groups()[0]); return; }
    const inputs = Array.from(group.querySelectorAll("input"));
    const wanted = inputs.find((input) => input.value === event.key)
      || (event.key === "0" && inputs.find((input) => input.value === "10"));
    if (!wanted) return;
    event.preventDefault();
    wanted.checked = true;
    answer(group.dataset.column, wanted.value);
    const all = groups();
    enter(all[all.indexOf(group) + 1]);
  };

  const cell = (text) => {
    const safe = /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
    return /[",;\r\n]/.test(safe) ? '"' + safe.replace(/"/g, '""') + '"' : safe;
  };

  const table = () => {
    const rows = [["sheet", ...data.columns]];
    for (const sheet of data.sheets) {
      const given = answers[sheet.id] || {};
      rows.push([sheet.id, ...data.columns.map((column) => given[column] || "")]);
    }
    return rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  };

  const save = () => {
    const link = made("a");
    link.href = URL.createObjectURL(new Blob([table()], { type: "text/csv;charset=utf-8" }));
    link.download = "ratings.csv";
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  load();
  build();
  show();
  place("back").addEventListener("click", () => go(at - 1));
  place("next").addEventListener("click", () => go(at + 1));
  place("open").addEventListener("click", goOpen);
  place("save").addEventListener("click", save);
  for (const button of document.querySelectorAll(".tabs button"))
    button.addEventListener("click", () => pick(button.dataset.side));
  document.addEventListener("keydown", typed);
})();
