"use strict";
// A claim, its boxes and its nodes light up together: on hover for a moment, on a click until the next one or Escape.
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const claims = all("[data-claim]");
const shapes = all("[data-id]");
const edges = all("[data-from]");
const pictures = all("[data-image]");
const evidence = (claim) => claim.dataset.evidence.split(" ");

function belonging(element) {
  // A claim brings the things it rests on; a thing brings the claims that rest on it, and itself.
  if (element.dataset.claim) return { ids: new Set(evidence(element)), said: new Set([element.dataset.claim]) };
  const id = element.dataset.id;
  const said = claims.filter((claim) => evidence(claim).includes(id)).map((claim) => claim.dataset.claim);
  return { ids: new Set([id]), said: new Set(said) };
}

function mark(element, name) {
  const { ids, said } = element ? belonging(element) : { ids: new Set(), said: new Set() };
  for (const shape of shapes) shape.classList.toggle(name, ids.has(shape.dataset.id));
  for (const claim of claims) claim.classList.toggle(name, said.has(claim.dataset.claim));
  for (const picture of pictures) picture.classList.toggle(name, ids.has(picture.dataset.image));
  if (name !== "lit") return;
  for (const edge of edges) edge.classList.toggle(name, said.has(edge.dataset.edgeClaim));
  for (const one of [...claims, ...shapes]) one.setAttribute("aria-pressed", String(one.classList.contains(name)));
  for (const picture of all(".picture")) picture.classList.toggle("busy", picture.querySelector(".lit") !== null);
}

let pinned = null;
function pin(element) {
  pinned = pinned === element ? null : element;
  mark(pinned, "lit");
}

for (const element of [...claims, ...shapes]) {
  element.addEventListener("click", (event) => { event.stopPropagation(); pin(element); });
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    pin(element);
  });
  element.addEventListener("pointerenter", () => mark(element, "near"));
  element.addEventListener("pointerleave", () => mark(null, "near"));
}
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && pinned) pin(pinned); });

// The graph: drag to move, wheel or buttons to zoom, and filters by name and by relation.
for (const figure of all(".graph")) {
  const net = figure.querySelector(".net");
  const world = net.querySelector(".world");
  const view = { x: 0, y: 0, scale: 1 };
  const show = () => world.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
  const at = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(net.getScreenCTM().inverse());
  const zoom = (factor, point) => {
    const scale = Math.min(Math.max(view.scale * factor, 0.3), 8);
    view.x = point.x - (point.x - view.x) * scale / view.scale;
    view.y = point.y - (point.y - view.y) * scale / view.scale;
    view.scale = scale;
    show();
  };
  net.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, at(event)); }, { passive: false });
  let from = null;
  net.addEventListener("pointerdown", (event) => { if (!event.target.closest(".node")) from = at(event); });
  net.addEventListener("pointermove", (event) => {
    if (!from) return;
    const point = at(event);
    view.x += point.x - from.x;
    view.y += point.y - from.y;
    from = point;
    show();
  });
  for (const end of ["pointerup", "pointerleave"]) net.addEventListener(end, () => { from = null; });
  for (const button of all("[data-zoom]", figure)) {
    button.addEventListener("click", () => {
      const factor = Number(button.dataset.zoom);
      if (factor) return zoom(factor, { x: net.viewBox.baseVal.width / 2, y: net.viewBox.baseVal.height / 2 });
      Object.assign(view, { x: 0, y: 0, scale: 1 });
      show();
    });
  }
  const filter = () => {
    const wanted = figure.querySelector("[type=search]").value.trim().toLowerCase();
    const kinds = new Set(all("[type=checkbox]:checked", figure).map((box) => box.value));
    const gone = new Set();
    for (const node of all(".node", net)) {
      node.toggleAttribute("hidden", wanted !== "" && !node.dataset.name.toLowerCase().includes(wanted));
      if (node.hasAttribute("hidden")) gone.add(node.dataset.id);
    }
    for (const edge of all(".edge", net)) {
      edge.toggleAttribute("hidden", (!kinds.has(edge.dataset.predicate) && !edge.dataset.edgeClaim) || gone.has(edge.dataset.from) || gone.has(edge.dataset.to));
    }
  };
  for (const input of all("input", figure)) input.addEventListener("input", filter);
}

// On paper the evidence is always there; on a screen it waits until it is wanted.
const details = all("details");
for (const one of details) one.open = false;
addEventListener("beforeprint", () => { for (const one of details) one.open = true; });
addEventListener("hashchange", () => { document.querySelector(location.hash)?.closest("details")?.setAttribute("open", ""); });
