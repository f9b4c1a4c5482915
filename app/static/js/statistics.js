// Draws the charts of the statistics; every number stands in the table beside its chart.
import "./printing.js";

const charts = new Map();
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--tb-${name}`).trim();
const palette = () => [1, 2, 3, 4, 5, 6, 7, 8].map((number) => colour(`c${number}`));

function say(value, data) {
  if (value === null || value === undefined) return "—";
  const places = data.places ?? 2;
  const options = { minimumFractionDigits: data.places ?? 0, maximumFractionDigits: places };
  return `${value.toLocaleString("zh-CN", options)}${data.unit ? ` ${data.unit}` : ""}`;
}

// The notes are drawn as text: the page allows no inline style, so no HTML of theirs.
function note(data) {
  return {
    renderMode: "richText",
    confine: true,
    backgroundColor: colour("surface"),
    borderColor: colour("line-strong"),
    textStyle: { color: colour("text"), fontSize: 13 },
    valueFormatter: (value) => say(value, data),
  };
}

const shorten = (text) => (text.length > 14 ? `${text.slice(0, 13)}…` : text);

function drawPie(data) {
  const parts = data.labels
    .map((name, place) => ({ name, value: data.now[place], place }))
    .filter((part) => part.value);
  return {
    tooltip: { ...note(data), trigger: "item" },
    series: [
      {
        type: "pie",
        radius: ["42%", "70%"],
        data: parts,
        label: { color: colour("text"), formatter: (part) => `${shorten(part.name)} ${part.percent.toFixed(1)}%` },
        itemStyle: { borderColor: colour("surface"), borderWidth: 2 },
      },
    ],
  };
}

/** No room for names beside the ring: they stand in a legend below it. */
function narrowPie(option) {
  Object.assign(option.series[0], {
    radius: ["30%", "52%"],
    center: ["50%", "38%"],
    label: { color: colour("text"), overflow: "none", formatter: (part) => `${part.percent.toFixed(1)}%` },
  });
  option.legend = { bottom: 0, itemWidth: 12, itemHeight: 12, textStyle: { color: colour("text") } };
}

function drawAxes(data) {
  const isLine = data.kind === "line";
  // Long names stand beside bars, not under them.
  const isLying = !isLine && (data.labels.length > 6 || data.labels.some((label) => label.length > 5));
  const names = {
    type: "category",
    data: data.labels,
    inverse: isLying,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: colour("line-strong") } },
    axisLabel: { color: colour("text"), formatter: shorten, interval: isLying ? 0 : "auto" },
  };
  const values = {
    type: "value",
    splitNumber: 4,
    minInterval: data.places === 0 ? 1 : undefined,
    axisLabel: { color: colour("muted"), hideOverlap: true },
    splitLine: { lineStyle: { color: colour("line") } },
  };
  const bar = { type: isLine ? "line" : "bar", barMaxWidth: 18, cursor: "pointer" };
  const label = {
    show: data.labels.length <= 12 && !data.last,
    position: isLying ? "right" : "top",
    color: colour("text"),
    formatter: ({ value }) => (value === null || value === undefined ? "" : say(value, { ...data, unit: "" })),
  };
  const series = [{ ...bar, name: data.names[0], data: data.now, label }];
  if (data.last) {
    const itemStyle = { color: colour("c8") };
    series.push({ ...bar, name: data.names[1], data: data.last, itemStyle, lineStyle: itemStyle });
  }
  return {
    grid: { left: 8, right: 40, top: data.last ? 36 : 20, bottom: 8, containLabel: true },
    legend: data.last ? { top: 0, left: 0, textStyle: { color: colour("text") }, icon: "rect", itemWidth: 12, itemHeight: 12 } : undefined,
    tooltip: { ...note(data), trigger: "axis", axisPointer: { type: isLine ? "line" : "shadow" } },
    xAxis: isLying ? values : names,
    yAxis: isLying ? names : values,
    series,
  };
}

function draw(box) {
  const data = JSON.parse(document.getElementById(box.dataset.chart).textContent);
  const isNarrow = box.clientWidth < 420;
  if (data.kind !== "pie") box.style.height = `${Math.max(280, data.labels.length * (data.last ? 44 : 30) + 60)}px`;
  const chart = charts.get(box) ?? window.echarts.init(box, null, { renderer: "canvas" });
  charts.set(box, chart);
  chart.resize();
  const option = data.kind === "pie" ? drawPie(data) : drawAxes(data);
  if (isNarrow && data.kind === "pie") narrowPie(option);
  chart.setOption({ animation: false, color: palette(), textStyle: { fontFamily: colour("font") }, ...option }, true);
  chart.off("click");
  chart.on("click", (part) => {
    const url = data.urls[part.data?.place ?? part.dataIndex];
    if (url) location.assign(url);
  });
}

function drawAll() {
  for (const box of document.querySelectorAll("[data-chart]")) {
    box.hidden = false;
    draw(box);
  }
}

if (window.echarts) {
  drawAll();
  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 150);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  for (const event of ["beforeprint", "afterprint"]) {
    addEventListener(event, () => charts.forEach((chart) => chart.resize()));
  }
}
