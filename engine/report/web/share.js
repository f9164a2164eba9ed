// The interactive map of a shared inventory. Everything that it shows stands in the page itself.
"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const map = L.map("map", { crs: L.CRS.Simple, preferCanvas: true, minZoom: -8, maxZoom: 3, zoomSnap: 0.25, attributionControl: false });
  L.control.scale({ imperial: false }).addTo(map);

  // Images: the one of before lies on the one of after, cut off at the swipe.
  const bounds = data.bounds;
  map.createPane("before").style.zIndex = 210;
  for (const image of data.images) {
    L.imageOverlay(image.url, image.bounds, { pane: image.name === "before" ? "before" : "tilePane", alt: image.name }).addTo(map);
  }
  const before = data.images.some((image) => image.name === "before");
  byId("compare").hidden = !before;
  byId("images").hidden = data.images.length === 0;
  function cut() {
    const share = 1 - Number(byId("swipe").value) / 100;
    const size = map.getSize();
    const corner = map.containerPointToLayerPoint([0, 0]);
    const edge = map.containerPointToLayerPoint([size.x * share, size.y]);
    map.getPane("before").style.clipPath =
      `polygon(${corner.x}px ${corner.y}px, ${edge.x}px ${corner.y}px, ${edge.x}px ${edge.y}px, ${corner.x}px ${edge.y}px)`;
  }
  byId("swipe").value = before ? 50 : 100;
  byId("swipe").addEventListener("input", cut);
  map.on("move zoomend resize", cut);

  // Outlines.
  const statuses = new Map(data.statuses.map((status) => [status.name, status]));
  const layers = data.landslides.map((landslide) => {
    const status = statuses.get(landslide.facts.status) || data.statuses[0];
    const look = { color: status.colour, weight: 2, fillOpacity: status.confirmed ? 0.12 : 0, dashArray: status.confirmed ? null : "5 4" };
    const layer = L.polygon(unpack(landslide.shape), look);
    layer.on("click", () => choose(landslide, layer));
    return { landslide, layer };
  });
  function unpack(polygons) { // decimetres, each vertex as the step from the one before
    return polygons.map((rings) => rings.map((ring) => {
      const points = [];
      let x = 0, y = 0;
      for (let i = 0; i < ring.length; i += 2) {
        x += ring[i];
        y += ring[i + 1];
        points.push([y / 10, x / 10]);
      }
      return points;
    }));
  }
  const outlines = L.layerGroup().addTo(map);
  let chosen = null;
  function choose(landslide, layer) {
    if (chosen) chosen.setStyle({ weight: 2 });
    chosen = layer;
    layer.setStyle({ weight: 5 }).bringToFront();
    const facts = byId("facts");
    facts.replaceChildren();
    const title = document.createElement("h2");
    title.textContent = `Landslide ${landslide.facts.id}`;
    const table = document.createElement("table");
    for (const field of data.fields) {
      const value = landslide.facts[field.name];
      if (value === null || value === undefined || value === "" || field.name === "id") continue;
      const row = table.insertRow();
      const head = document.createElement("th");
      head.textContent = field.title;
      row.appendChild(head);
      row.insertCell().textContent = field.values[String(value)] || text(value);
    }
    facts.append(title, table);
  }
  function text(value) {
    return typeof value === "number" ? value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 10 ? 2 : 0 }) : String(value);
  }

  // Filters.
  const areas = data.landslides.map((landslide) => landslide.facts.area_m2).filter((area) => area > 0);
  const least = Math.log(Math.min(...areas, 1e9)), most = Math.log(Math.max(...areas, 1));
  const limit = (id) => Math.exp(least + (most - least) * Number(byId(id).value) / 100);
  for (const status of data.statuses) {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.name = status.name;
    box.checked = status.confirmed;
    const swatch = document.createElement("span");
    swatch.className = "swatch";
    swatch.style.borderColor = status.colour;
    const words = document.createElement("span");
    words.textContent = `${status.title} (${status.count})`;
    label.append(box, swatch, words);
    byId("status").append(label);
  }
  byId("date").hidden = !data.landslides.some((landslide) => landslide.facts.date_from || landslide.facts.date_to);
  function wanted(facts) {
    const box = document.querySelector(`#status input[name="${CSS.escape(facts.status)}"]`);
    if (box && !box.checked) return false;
    const area = facts.area_m2;
    if (area > 0) {
      if (Number(byId("smallest").value) > 0 && area < limit("smallest") * (1 - 1e-9)) return false;
      if (Number(byId("largest").value) < 100 && area > limit("largest") * (1 + 1e-9)) return false;
    }
    if (byId("date").hidden) return true;
    const from = facts.date_from || facts.date_to, to = facts.date_to || facts.date_from;
    if (!from) return byId("undated").checked;
    return !(byId("first").value && to < byId("first").value) && !(byId("last").value && from > byId("last").value);
  }
  function filter() {
    byId("smallest-text").textContent = areas.length ? area(limit("smallest")) : "";
    byId("largest-text").textContent = areas.length ? area(limit("largest")) : "";
    outlines.clearLayers();
    let count = 0, ground = 0;
    for (const { landslide, layer } of layers) {
      if (!wanted(landslide.facts)) continue;
      count += 1;
      ground += landslide.facts.area_m2 || 0;
      if (byId("outlines").checked) outlines.addLayer(layer);
    }
    byId("count").textContent = `${count.toLocaleString("en")} of ${layers.length.toLocaleString("en")} landslides, ${area(ground)}`;
  }
  function area(value) {
    if (value >= 1e6) return `${(value / 1e6).toFixed(2)} km²`;
    return value >= 1e4 ? `${(value / 1e4).toFixed(1)} ha` : `${Math.round(value)} m²`;
  }
  byId("status").closest("aside").addEventListener("input", (event) => { if (event.target.id !== "swipe") filter(); });

  map.fitBounds(bounds);
  filter();
  cut();
  window.l4s = { map, layers, choose };
})();
