// The functions of jslib's k6-utils.
(({ exec, k6 }) => {
  const whole = (low, high) => Math.floor(Math.random() * (high - low + 1) + low);
  const hex = (b) => b.toString(16).padStart(2, "0");
  const unit = { d: 86400000, h: 3600000, m: 60000, s: 1000, ms: 1, us: 0.001, ns: 0.000001 };
  const parseDuration = (text) => {
    if (text === undefined || text === null || text.length < 1) throw new Error("str is empty");
    let ms = 0;
    const rest = String(text).replace(/(\d+(?:\.\d+)?)(ms|us|ns|d|h|m|s)/g, (_, amount, name) => { ms += Number(amount) * unit[name]; return ""; });
    if (rest !== "") throw new Error(`unsupported time unit ${rest}`);
    return ms;
  };
  // Which stage of the running scenario it is.
  const getCurrentStageIndex = () => {
    const scenario = exec.test.options.scenarios?.[exec.scenario.name];
    const stages = scenario?.stages ?? exec.test.options.stages;
    if (stages === undefined || stages.length === 0) throw new Error("only ramping-vus or ramping-arrival-rate supports stages");
    const elapsed = Date.now() - exec.scenario.startTime;
    let sum = 0;
    for (const [i, stage] of stages.entries()) {
      sum += parseDuration(stage.duration);
      if (elapsed < sum) return i;
    }
    return stages.length - 1;
  };
  const findBetween = (content, left, right, repeat = false) => {
    const found = [];
    for (let from = 0; ;) {
      const start = content.indexOf(left, from);
      const end = start < 0 ? -1 : content.indexOf(right, start + left.length);
      if (end < 0) break;
      found.push(content.substring(start + left.length, end));
      from = end + right.length;
      if (!repeat) break;
    }
    return repeat ? found : found[0] ?? null;
  };
  // As k6's `check`, but promises are awaited.
  const check = (value, sets, tags) => {
    let waits = false;
    const settled = {};
    for (const [name, set] of Object.entries(sets)) {
      const result = typeof set === "function" ? set(value) : set;
      waits ||= result instanceof Promise;
      settled[name] = result;
    }
    const judge = (results) => k6.check(value, Object.fromEntries(results.map(([name, result]) => [name, Boolean(result)])), tags);
    if (!waits) return judge(Object.entries(settled));
    return Promise.all(Object.entries(settled).map(async ([name, result]) => [name, await result])).then(judge);
  };
  return {
    check,
    randomIntBetween: whole,
    randomItem: (array) => array[Math.floor(Math.random() * array.length)],
    randomString: (length, charset = "abcdefghijklmnopqrstuvwxyz") => {
      let text = "";
      while (length-- > 0) text += charset[(Math.random() * charset.length) | 0];
      return text;
    },
    uuidv4: () => {
      const b = Array.from({ length: 16 }, () => whole(0, 255));
      b[6] = (b[6] & 15) | 64;
      b[8] = (b[8] & 63) | 128;
      return b.map(hex).join("").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    },
    findBetween,
    parseDuration,
    getCurrentStageIndex,
    tagWithCurrentStageIndex: () => { exec.vu.tags.stage = getCurrentStageIndex(); },
    tagWithCurrentStageProfile: () => {
      const scenario = exec.test.options.scenarios?.[exec.scenario.name];
      const stages = scenario?.stages ?? exec.test.options.stages;
      const at = getCurrentStageIndex();
      const before = at < 1 ? scenario?.startVUs ?? scenario?.startRate ?? 0 : stages[at - 1].target;
      const target = stages[at].target;
      exec.vu.tags.stage_profile = target > before ? "ramp-up" : target < before ? "ramp-down" : "steady";
    },
    // Stages whose targets follow a bell curve.
    normalDistributionStages: (maxVus, durationSeconds, numberOfStages = 10) => {
      const bell = (x) => Math.exp(-0.5 * x * x);
      const targets = [];
      for (let i = 0; i <= numberOfStages; i++) targets.push(bell(-2 + (4 * i) / numberOfStages));
      const most = Math.max(...targets);
      return targets.map((t) => ({ duration: `${Math.ceil(durationSeconds / (numberOfStages + 1))}s`, target: Math.ceil((t / most) * maxVus) }))
        .concat([{ duration: "1s", target: 0 }]);
    },
  };
})
