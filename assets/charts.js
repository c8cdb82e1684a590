// Draws the curves of a page with uPlot: values under the pointer, zoom, series on and off. Without JavaScript, and on
// paper, the picture that stands in the page is shown instead.
(() => {
  const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5a5a5a"];
  const shown = (v) => (v == null ? "–" : Math.abs(v) >= 1e4 ? v.toFixed(0) : String(Number(v.toPrecision(4))));

  // A dashed line across the plot, with a text at its end.
  function dashed(u, text, x0, y0, x1, y1) {
    const pen = u.ctx;
    pen.save();
    pen.beginPath();
    pen.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    pen.clip();
    pen.strokeStyle = pen.fillStyle = "#000";
    pen.lineWidth = devicePixelRatio;
    pen.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
    pen.stroke();
    pen.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    pen.textAlign = "right";
    pen.fillText(text, x1 - 6 * devicePixelRatio, y1 + (y0 === y1 ? -5 : 14) * devicePixelRatio);
    pen.restore();
  }

  // Half-widths of intervals, as vertical lines.
  function intervals(u, panel) {
    const pen = u.ctx;
    pen.save();
    pen.lineWidth = 1.5 * devicePixelRatio;
    panel.series.forEach((series, i) => {
      if (!series.half || !u.series[i + 1].show) return;
      pen.strokeStyle = colours[i % colours.length];
      series.half.forEach((half, k) => {
        const y = panel.data[i + 1][k];
        if (half == null || y == null) return;
        const x = u.valToPos(panel.data[0][k], "x", true);
        pen.beginPath();
        pen.moveTo(x, u.valToPos(y - half, "y", true));
        pen.lineTo(x, u.valToPos(y + half, "y", true));
        pen.stroke();
      });
    });
    pen.restore();
  }

  function draw(panel, into) {
    let data = panel.data;
    if (panel.stacked) {
      // Areas upon one another: each curve on the sum of those before it.
      const sum = data[0].map(() => 0);
      data = data.map((list, i) => (i === 0 ? list : list.map((v, k) => (sum[k] += v ?? 0))));
    }
    const limits = panel.limits.map(([, y]) => y);
    const scale = (log, least) =>
      log ? { distr: 3, time: false } : {
        time: false,
        range: (u, low, high) => uPlot.rangeNum(Math.min(0, low), Math.max(high, ...limits, least ?? 0), 0.05, true),
      };
    const narrow = into.clientWidth < 480;
    const options = {
      width: into.clientWidth,
      height: panel.height,
      scales: { x: panel.x_log ? { distr: 3, time: false } : { time: false }, y: scale(panel.y_log, panel.y_at_least) },
      axes: [{ label: narrow ? panel.x_label.replace(" since the start of the run", "") : panel.x_label }, { label: panel.y_label, size: 64 }],
      legend: { live: true },
      series: [{ label: "at", value: (u, v) => shown(v) }].concat(
        panel.series.map((series, i) => ({
          label: series.name,
          stroke: colours[i % colours.length],
          fill: panel.stacked ? colours[i % colours.length] + "40" : undefined,
          width: 2,
          spanGaps: true,
          points: { show: series.dots || undefined },
          value: (u, v, s, k) => shown(k == null ? null : panel.data[i + 1][k]),
        })),
      ),
      hooks: {
        draw: [
          (u) => {
            const { left, top, width, height } = u.bbox;
            for (const [text, value] of panel.limits) {
              const y = u.valToPos(value, "y", true);
              dashed(u, text, left, y, left + width, y);
            }
            if (panel.mark) {
              const x = u.valToPos(panel.mark[1], "x", true);
              dashed(u, panel.mark[0], x, top + height, x, top);
            }
            intervals(u, panel);
          },
        ],
      },
    };
    const plot = new uPlot(options, data, into);
    addEventListener("resize", () => plot.setSize({ width: into.clientWidth, height: panel.height }));
  }

  for (const figure of document.querySelectorAll("figure.chart")) {
    const chart = JSON.parse(figure.querySelector("script").textContent);
    const live = document.createElement("div");
    live.className = "live";
    figure.classList.add("on");
    figure.append(live);
    const say = (tag, text) => live.appendChild(document.createElement(tag)).append(text);
    say("strong", chart.title);
    say("p", chart.subtitle);
    for (const panel of chart.panels) draw(panel, live.appendChild(document.createElement("div")));
    say("p", "Drag to zoom, double-click to go back; click a name to hide or show it.");
  }
})();
