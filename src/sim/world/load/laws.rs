//! The laws that hold of the load.

use super::Load;
use super::vu::{Vu, VuState};
use crate::world::audit::{Audit, Law};

impl Load<'_> {
    pub(crate) fn audit_scenarios(&self, audit: &mut Audit) {
        let mut at_work = vec![0_u64; self.scenarios.len()];
        let runs = |(id, vu): &(usize, &Vu)| vu.state != VuState::Idle && !self.is_line(*id as u32);
        for (_, vu) in self.vus.iter().enumerate().filter(runs) {
            if let Some(scenario) = vu.origin.as_scenario() {
                at_work[scenario] += 1;
            }
        }
        for (index, (scenario, at_work)) in self.scenarios.iter().zip(&at_work).enumerate() {
            audit.equal(
                Law::Active,
                &format!("scenario `{}`", self.model.scenarios[index].name),
                ("active VUs", scenario.active.into()),
                ("VUs in an iteration", (*at_work).into()),
            );
        }
        audit.equal(
            Law::Active,
            "all scenarios",
            ("active VUs", self.active_vus.into()),
            ("VUs in an iteration", at_work.iter().sum::<u64>().into()),
        );
    }
}
