//! Journeys: which programs there are. Steps are read by `steps`.

use super::program::Program;
use super::{Build, empty_journey, steps};
use crate::field::Field;
use crate::journey::{Journey, JourneyId};
use crate::scenario::Scenario;

/// All programs, and who runs which.
pub(super) struct Programs {
    pub journeys: Vec<Journey>,
    pub setup: Option<JourneyId>,
    pub teardown: Option<JourneyId>,
    pub of_scenarios: Renumbered,
}

/// From a journey's place in the text to its program.
pub(super) struct Renumbered(Vec<JourneyId>);

impl Renumbered {
    /// Leads scenarios to the programs of their journeys.
    pub(super) fn apply(&self, scenarios: &mut [Scenario]) {
        for scenario in scenarios.iter_mut().filter(|s| !s.is_replay()) {
            let id = scenario.journey;
            scenario.journey = self.0.get(id.index()).copied().unwrap_or(id);
        }
    }
}

/// Writes the program of each journey. One that setup or teardown runs gets a program of its own
/// there, for k6 puts its samples into the groups `::setup` and `::teardown`.
pub(super) fn read_all<'a>(
    build: &mut Build<'a>,
    named: &[(&str, Field<'a>)],
    used: &[JourneyId],
    setup: Option<u16>,
    teardown: Option<u16>,
) -> Programs {
    let mut journeys = Vec::new();
    let mut numbers = Vec::new();
    for (id, (name, field)) in (0..u16::MAX).zip(named) {
        let runs = used.contains(&JourneyId(id));
        let elsewhere = setup == Some(id) || teardown == Some(id);
        numbers.push(JourneyId(u16::try_from(journeys.len()).unwrap_or(u16::MAX)));
        if runs || !elsewhere {
            journeys.push(journey(build, name, field, ""));
        }
        if !runs && !elsewhere {
            let message = format!("no scenario runs the journey `{name}`");
            build.notes.warn(field.at, message, "");
        }
    }
    let mut phase = |id: Option<u16>, root: &str| {
        let (name, field) = named.get(usize::from(id?))?;
        let mut field = field.clone();
        // Random streams are named by path: this program has its own.
        field.path = format!("{}.{}", root.trim_start_matches(':'), field.path);
        let id = JourneyId(u16::try_from(journeys.len()).unwrap_or(u16::MAX));
        journeys.push(journey(build, name, &field, root));
        Some(id)
    };
    let setup = phase(setup, "::setup");
    let teardown = phase(teardown, "::teardown");
    Programs {
        journeys,
        setup,
        teardown,
        of_scenarios: Renumbered(numbers),
    }
}

fn journey<'a>(build: &mut Build<'a>, name: &str, field: &Field<'a>, root: &str) -> Journey {
    let example = "write its steps, such as [{ request = \"home\" }, { sleep = \"1s\" }]";
    let Some(items) = field.some_items(example) else {
        return empty_journey(name);
    };
    let single_event = build.events == Some(1);
    let mut program = Program::new(build, root);
    if single_event {
        // With one event there is nothing to choose.
        program.push(crate::journey::Step::PickEvent);
    }
    steps::all(&mut program, &items);
    let (steps, loop_slots) = program.finish();
    Journey {
        name: name.to_string(),
        steps,
        loop_slots,
        usual: None,
    }
}
