//! Building the load of a model: scenarios with their plans, VUs, and how they send requests.

use crate::engine::Time;
use crate::engine::queue::EventQueue;
use crate::engine::table::Table;
use crate::load::plan;
use crate::measure::recorder::{Recorder, SampleSource};
use crate::model::Model;
use crate::model::journey::{CustomKind, Expected, Journey};
use crate::model::scenario::Scenario;

use super::client_timeout::TimeoutWatch;
use super::interpreter::{Choices, JourneyInterpreter};
use super::scenario::ScenarioRun;
use super::{Load, SitePlan};
use crate::load::executor;
use crate::load::pattern::Pattern;
use crate::world::build::Seeds;
use crate::world::event::{Event, Kind};

impl<'m> Load<'m> {
    /// The load of a model at the start mark, with its client timeouts and how requests are sent from each site.
    pub(crate) fn new(
        model: &'m Model,
        seeds: Seeds,
        queue: &mut EventQueue<Event>,
        (watches, sites): (Vec<TimeoutWatch>, Vec<SitePlan>),
    ) -> Load<'m> {
        Load {
            model,
            // Scenarios that do not overlap share VUs, as k6 plans them.
            initialised_vus: plan::planned_vus(&model.scenarios),
            vus: Table::default(),
            interpreter: JourneyInterpreter::new(model, choices(model, seeds)),
            users: None,
            concurrent: None,
            scenarios: Population { next: 1 }.scenarios(model, seeds, queue).into(),
            active_vus: 0,
            second: queue.alarm(Event::of(Kind::Second, 0)),
            phase_timeout: queue.alarm(Event::of(Kind::PhaseTimeout, 0)),
            idle_watches: watches.len(),
            watches,
            sites: sites.into(),
            sent: 0,
            counts_bytes: false,
            evaluate: queue.alarm(Event::of(Kind::Evaluate, 0)),
            crossed: Vec::new(),
            left_in_flight: 0,
            recorder: recorder(model),
        }
    }
}

impl Load<'_> {
    /// Makes the VUs of all scenarios, one after another; number 0 is for setup and teardown.
    pub(crate) fn make_vus(&mut self) {
        let journeys = &self.model.journeys;
        // Setup and teardown may need as many loop counters as any journey.
        let most = journeys.iter().map(|j| j.loop_slots).max().unwrap_or(0);
        let number = self.scenarios.last().map_or(1, |s| s.first + s.size);
        self.vus.reserve_exact(number as usize);
        self.vus.push(
            self.interpreter
                .vu(0, SampleSource::SETUP, 0, usize::from(most)),
        );
        for scenario in &self.scenarios {
            let slots = usize::from(journeys[usize::from(scenario.journey)].loop_slots);
            for number in scenario.first..scenario.first + scenario.size {
                let (origin, journey) = (scenario.origin, scenario.journey);
                self.vus
                    .push(self.interpreter.vu(number as usize, origin, journey, slots));
            }
        }
    }
}

/// One watch for each distinct client timeout, and how requests are sent from each site.
pub(crate) fn watches(
    model: &Model,
    queue: &mut EventQueue<Event>,
    entry: &[u32],
) -> (Vec<TimeoutWatch>, Vec<SitePlan>) {
    let mut watches: Vec<TimeoutWatch> = Vec::new();
    let mut sites = Vec::new();
    for site in &model.sites {
        let known = watches.iter().position(|w| w.timeout == site.timeout);
        let watch = known.unwrap_or_else(|| {
            let alarm = queue.alarm(Event::of(Kind::ClientTimeout, watches.len()));
            watches.push(TimeoutWatch::new(site.timeout, alarm));
            watches.len() - 1
        });
        sites.push(SitePlan {
            endpoint: site.endpoint.0,
            watch: watch as u16,
            entry: entry[site.endpoint.index()]
                - u32::from(model.endpoints[site.endpoint.index()].generated),
        });
    }
    (watches, sites)
}

/// The VUs that scenarios have from the start, by number.
struct Population {
    /// The next number: 0 is for setup and teardown.
    next: u32,
}

impl Population {
    fn scenarios(
        &mut self,
        model: &Model,
        seeds: Seeds,
        queue: &mut EventQueue<Event>,
    ) -> Vec<ScenarioRun> {
        let scenarios = model.scenarios.iter().enumerate();
        scenarios
            .map(|(i, s)| self.add(i, s, seeds, queue))
            .collect()
    }

    fn add(
        &mut self,
        index: usize,
        scenario: &Scenario,
        seeds: Seeds,
        queue: &mut EventQueue<Event>,
    ) -> ScenarioRun {
        let origin = SampleSource::scenario(index);
        let name = format!("scenarios.{}.arrivals", scenario.name);
        let stream = || Box::new(seeds.stream(&name));
        let (mut pattern, count, planned) = executor::pattern(scenario, stream);
        let (first, size) = (self.next, count as u32);
        self.next += size;
        if let Pattern::Arrivals { idle, .. } = &mut pattern {
            idle.extend(first..first + planned as u32);
        }
        let regular_end = scenario.executor.regular_duration();
        let load = Event::of(Kind::Load, index);
        // Arrivals come by the thousand, steps of a ramp or a loop hardly ever.
        let load_alarm = match &pattern {
            Pattern::Open { .. } | Pattern::Arrivals { .. } => queue.busy_alarm(load),
            Pattern::Ramp(_) | Pattern::Loop(_) => queue.alarm(load),
        };
        ScenarioRun {
            origin,
            journey: scenario.journey.0,
            first,
            size,
            start_time: scenario.start_time,
            regular_end,
            hard_end: regular_end + scenario.graceful_stop,
            pattern,
            load_alarm,
            hard_alarm: queue.alarm(Event::of(Kind::HardStop, index)),
            started: Time::ZERO,
            pending_tick: None,
            begun: false,
            active: 0,
            attempts: 0,
            load_over: false,
            spent: None,
            cut_short: false,
        }
    }
}

fn choices(model: &Model, seeds: Seeds) -> Vec<Choices> {
    let of = |journey: &Journey| Choices::new(seeds.seed, seeds.replication, &journey.name);
    model.journeys.iter().map(of).collect()
}

fn recorder(model: &Model) -> Recorder {
    let kinds: Vec<CustomKind> = model.metrics.iter().map(|m| m.kind).collect();
    let sites = &model.sites;
    let mut recorder = Recorder::new(
        sites.len(),
        model.scenarios.len(),
        model.checks.len(),
        &kinds,
    );
    if sites.iter().any(|site| site.expected != Expected::Usual) {
        recorder.expect(sites.iter().map(|site| site.expected.clone()).collect());
    }
    recorder
}
