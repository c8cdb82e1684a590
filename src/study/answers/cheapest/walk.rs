//! The search: which design is tried next, and which need not be.

use std::collections::BTreeMap;

use super::{Answer, CONFIRMED, Judged, Question, STAGES, SURE, WORTH, covers};
use crate::answers::capacity::{Cut, Tried, Verdict};
use crate::cost;
use crate::design::Axis;
use crate::model::{Model, Override};
use crate::runner::{Asked, Study, Take};

/// A design of the grid.
struct Candidate {
    at: Vec<usize>,
    rate: f64,
}

pub(super) struct Search<'q, 'a> {
    question: &'q Question<'a>,
    /// In the order in which they are tried.
    candidates: Vec<Candidate>,
    judged: BTreeMap<Vec<usize>, Judged>,
    /// Whether passing is taken to be monotone.
    trust: bool,
    /// Whether calls alone cost more than what is known without a run.
    calls_alone: bool,
    runs: u64,
    cut_short: Option<Cut>,
    watch: &'q dyn Fn(u64, &str),
    may_go_on: &'q dyn Fn() -> bool,
}

impl<'q, 'a> Search<'q, 'a> {
    /// One that has done nothing.
    pub(super) fn new(
        question: &'q Question<'a>,
        watch: &'q dyn Fn(u64, &str),
        may_go_on: &'q dyn Fn() -> bool,
    ) -> Search<'q, 'a> {
        Search {
            question,
            candidates: Vec::new(),
            judged: BTreeMap::new(),
            trust: true,
            calls_alone: true,
            runs: 0,
            cut_short: None,
            watch,
            may_go_on,
        }
    }

    /// Whether passing may be taken to be monotone.
    pub(super) fn trust(&mut self, trust: bool) {
        self.trust = trust;
    }

    fn values(&self, at: &[usize]) -> Vec<String> {
        let axes = self.question.axes.iter().zip(at);
        axes.map(|(axis, i)| axis.values[*i].clone()).collect()
    }

    fn named(&self, at: &[usize]) -> String {
        let of = |(axis, i): (&Axis, &usize)| format!("{} = {}", axis.path, axis.values[*i]);
        let all: Vec<String> = self.question.axes.iter().zip(at).map(of).collect();
        all.join(", ")
    }

    /// The changes of a design, and the model with them.
    pub(super) fn model(&self, at: &[usize]) -> Result<(Vec<Override>, Model), String> {
        let mut all = self.question.base.clone();
        for (axis, i) in self.question.axes.iter().zip(at) {
            all.push(Override::new(&axis.path, &axis.values[*i]).map_err(|e| e.brief())?);
        }
        let checked = self.question.document.check(&all);
        match checked {
            Ok(checked) => Ok((all, checked.model)),
            Err(why) => Err(format!("{}: {}", self.named(at), why.brief())),
        }
    }

    /// All designs by what they cost an hour, equally cheap ones by how strong they are.
    pub(super) fn in_order(&mut self, sizes: &[usize], designs: usize) -> Result<(), String> {
        let mut all = Vec::with_capacity(designs);
        for number in 0..designs {
            let mut rest = number;
            let mut at: Vec<usize> = Vec::with_capacity(sizes.len());
            for size in sizes.iter().rev() {
                at.push(rest % size);
                rest /= size;
            }
            at.reverse();
            let (_, model) = self.model(&at)?;
            let rate = cost::least_per_hour(&model);
            self.calls_alone &= model.services.iter().all(|s| s.autoscale.is_none());
            all.push(Candidate { at, rate });
        }
        let steps = |c: &Candidate| c.at.iter().sum::<usize>();
        all.sort_by(|a, b| {
            let by_cost = a.rate.total_cmp(&b.rate);
            by_cost.then_with(|| (steps(a), &a.at).cmp(&(steps(b), &b.at)))
        });
        self.candidates = all;
        Ok(())
    }

    /// Runs a design until its verdict is sure, or it has a number of runs, or the budget ends.
    pub(super) fn judge(&mut self, at: &[usize], most: u64) -> Result<Verdict, String> {
        self.judge_with(at, SURE, most)
    }

    /// As [`Search::judge`]; it passes with a number of runs at least.
    fn judge_with(&mut self, at: &[usize], least: u64, most: u64) -> Result<Verdict, String> {
        let mut model = None;
        for runs in STAGES.into_iter().filter(|runs| *runs <= most) {
            let have = self.have(at);
            if have < runs {
                let model = match &model {
                    Some(model) => model,
                    None => model.insert(self.model(at)?),
                };
                self.bring(at, model, have..runs)?;
            }
            match self.verdict(at) {
                Verdict::Passes if self.have(at) >= least => return Ok(Verdict::Passes),
                Verdict::Fails => return Ok(Verdict::Fails),
                _ if self.cut_short.is_some() => break,
                _ => {}
            }
        }
        Ok(Verdict::Unsure)
    }

    fn have(&self, at: &[usize]) -> u64 {
        self.judged
            .get(at)
            .map_or(0, |j| j.tried.samples.len() as u64)
    }

    /// Makes these runs of a design, as far as the budget goes.
    fn bring(
        &mut self,
        at: &[usize],
        (set, model): &(Vec<Override>, Model),
        replications: std::ops::Range<u64>,
    ) -> Result<(), String> {
        let left = self.question.budget.saturating_sub(self.runs);
        let late = || self.runs > 0 && !(self.may_go_on)();
        if self.cut_short.is_none() && left < replications.end - replications.start {
            self.cut_short = Some(Cut::Runs);
        } else if self.cut_short.is_none() && late() {
            self.cut_short = Some(Cut::Time);
        }
        if self.cut_short.is_some() {
            return Ok(());
        }
        let study = Study {
            document: self.question.document,
            seed: self.question.seed,
            takes: vec![Take::Sample],
        };
        let job = |replication| Asked {
            model,
            set,
            slower: None,
            replication,
            take: 0,
        };
        let jobs: Vec<Asked> = replications.map(job).collect();
        let samples = self.question.runner.samples(&study, &jobs)?;
        self.runs += jobs.len() as u64;
        let new = Judged {
            at: at.to_vec(),
            values: self.values(at),
            tried: Tried {
                value: cost::least_per_hour(model),
                samples: Vec::new(),
            },
            verdict: Verdict::Unsure,
            cost: 0.0,
        };
        let judged = self.judged.entry(at.to_vec()).or_insert(new);
        judged.tried.samples.extend(samples);
        judged.verdict = judged.tried.verdict();
        (self.watch)(self.runs, &self.named(at));
        Ok(())
    }

    /// As far as it is known from its own runs.
    fn verdict(&self, at: &[usize]) -> Verdict {
        let judged = self.judged.get(at);
        judged.map_or(Verdict::Unsure, |judged| judged.verdict)
    }

    /// Whether it is weaker than one that fails, and that rules it out.
    fn ruled_out(&self, at: &[usize]) -> bool {
        let fails = |j: &Judged| j.covers(at) && j.verdict == Verdict::Fails;
        self.trust && self.judged.values().any(fails)
    }

    /// Whether it is stronger than one that passes.
    fn ruled_in(&self, at: &[usize]) -> bool {
        let passes = |j: &Judged| covers(at, &j.at) && j.verdict == Verdict::Passes;
        self.judged.values().any(passes)
    }

    /// Bisects each axis, all others at their strongest, for values with which nothing can pass.
    pub(super) fn least_values(&mut self, strongest: &[usize]) -> Result<(), String> {
        for axis in 0..strongest.len() {
            // `high` does not fail for sure.
            let (mut low, mut high) = (0, strongest[axis]);
            while low < high && self.cut_short.is_none() {
                let mut at = strongest.to_vec();
                at[axis] = usize::midpoint(low, high);
                if self.judge(&at, SURE)? == Verdict::Fails {
                    low = at[axis] + 1;
                } else {
                    high = at[axis];
                }
            }
        }
        Ok(())
    }

    /// After a design has failed: looks whether it would with an axis at its strongest, too, because that rules out more.
    fn look_ahead(&mut self, at: &[usize], strongest: &[usize]) -> Result<(), String> {
        let passes = self
            .judged
            .values()
            .filter(|j| j.verdict == Verdict::Passes);
        let rates = passes.map(|j| j.tried.value);
        // No dearer design will be looked at.
        let dearest = rates.fold(f64::INFINITY, f64::min);
        let mut lifted = at.to_vec();
        for axis in 0..at.len() {
            let mut next = lifted.clone();
            next[axis] = strongest[axis];
            if next == lifted || self.ruled_out(&next) || self.ruled_in(&next) {
                continue;
            }
            let open = |c: &&Candidate| {
                c.rate <= dearest && covers(&next, &c.at) && !self.ruled_out(&c.at)
            };
            if self.candidates.iter().filter(open).take(WORTH + 1).count() <= WORTH {
                continue;
            }
            if self.judge(&next, STAGES[0])? == Verdict::Fails {
                lifted = next;
            }
        }
        Ok(())
    }

    /// The cheapest that passes for sure.
    pub(super) fn best(&mut self, strongest: &[usize]) -> Result<Option<Vec<usize>>, String> {
        loop {
            let best = self.walk(strongest)?;
            if let Some(best) = &best {
                for axis in 0..best.len() {
                    let mut below = best.clone();
                    if below[axis] > 0 {
                        below[axis] -= 1;
                        self.judge(&below, STAGES[3])?;
                    }
                }
            }
            if self.cut_short.is_some() {
                return Ok(self.cheapest_so_far());
            }
            if !self.trust || self.contradiction().is_none() {
                return Ok(best);
            }
            self.trust = false;
        }
    }

    fn cheapest_so_far(&self) -> Option<Vec<usize>> {
        let sure =
            |j: &&Judged| j.verdict == Verdict::Passes && j.tried.samples.len() as u64 >= CONFIRMED;
        let passing = self.judged.values().filter(sure);
        let cheapest = passing.min_by(|a, b| a.mean_cost().total_cmp(&b.mean_cost()));
        cheapest.map(|j| j.at.clone())
    }

    /// Tries designs in their order until none that is left can be cheaper than the best so far.
    fn walk(&mut self, strongest: &[usize]) -> Result<Option<Vec<usize>>, String> {
        let mut best: Option<Vec<usize>> = None;
        for index in 0..self.candidates.len() {
            let Candidate { at, rate } = &self.candidates[index];
            let (at, rate) = (at.clone(), *rate);
            let good_enough = best.as_ref().and_then(|b| self.judged.get(b));
            let enough = |b: &Judged| {
                let least = self.least_cost(rate, b.tried.samples.len());
                least >= b.mean_cost() * (1.0 - self.question.precision)
            };
            if good_enough.is_some_and(enough) {
                break;
            }
            if self.ruled_out(&at) {
                continue;
            }
            match self.judge_with(&at, CONFIRMED, STAGES[3])? {
                Verdict::Passes if self.cheaper(&at, best.as_deref()) => best = Some(at),
                Verdict::Fails if self.trust => self.look_ahead(&at, strongest)?,
                _ => {}
            }
            if self.cut_short.is_some() {
                break;
            }
        }
        Ok(best)
    }

    /// What a design that passes costs at least, over as many runs: in each its hours in the shortest run of any design
    /// that passes, and the cheapest calls of any such. The strongest design is run first, so that a test that ends
    /// sooner with more of everything is known by then.
    fn least_cost(&self, rate: f64, runs: usize) -> f64 {
        let passing = self
            .judged
            .values()
            .filter(|j| j.verdict == Verdict::Passes);
        let passing: Vec<&Judged> = passing.collect();
        let of = |run: usize| {
            let (mut hours, mut rest) = (f64::INFINITY, f64::INFINITY);
            for judged in &passing {
                let Some(sample) = judged.tried.samples.get(run) else {
                    continue;
                };
                let of = |name: &str| sample.metrics.get(name).copied().unwrap_or(0.0);
                let own = of("duration_s") / 3600.0;
                hours = hours.min(own);
                rest = rest.min(of("cost") - judged.tried.value * own);
            }
            // What an autoscaler starts is not a call.
            let rest = if self.calls_alone { rest.max(0.0) } else { 0.0 };
            rate * hours + rest
        };
        (0..runs).map(of).sum::<f64>() / runs as f64
    }

    /// Whether a design costs less than another, over as many runs of both, by more than the precision.
    fn cheaper(&self, at: &[usize], than: Option<&[usize]>) -> bool {
        let (Some(one), Some(other)) = (self.judged.get(at), than.and_then(|t| self.judged.get(t)))
        else {
            return true;
        };
        let runs = one.tried.samples.len().min(other.tried.samples.len());
        let mean = |j: &Judged| j.costs(runs).mean().unwrap_or(0.0);
        mean(one) < mean(other) * (1.0 - self.question.precision)
    }

    /// One that passes for sure though a nowhere weaker one fails for sure.
    fn contradiction(&self) -> Option<(Vec<usize>, Vec<usize>)> {
        let of = |wanted: Verdict| {
            let all = self.judged.values();
            all.filter(move |j| j.verdict == wanted)
        };
        of(Verdict::Fails).find_map(|fails| {
            let weaker = of(Verdict::Passes).find(|passes| fails.covers(&passes.at));
            weaker.map(|passes| (passes.at.clone(), fails.at.clone()))
        })
    }

    /// What was found, without what the model says.
    pub(super) fn answer(self, winner: Option<&[usize]>) -> Answer {
        let contradiction = self.contradiction();
        let mut judged: Vec<Judged> = self.judged.into_values().collect();
        let strongest = judged.last().cloned();
        let reference = judged.iter().find(|j| Some(&*j.at) == winner).cloned();
        if let Some(reference) = reference.or(strongest) {
            for judged in &mut judged {
                judged.set_cost(&reference);
            }
        }
        judged.sort_by(|a, b| a.cost.total_cmp(&b.cost).then_with(|| a.at.cmp(&b.at)));
        let index = |at: &[usize]| judged.iter().position(|j| j.at == at);
        let cheapest = winner.and_then(index);
        let contradiction = contradiction.and_then(|(a, b)| Some((index(&a)?, index(&b)?)));
        Answer {
            cheapest,
            contradiction,
            judged,
            designs: self.candidates.len(),
            runs: self.runs,
            cut_short: self.cut_short,
            ..Answer::default()
        }
    }
}
