//! Writing a journey's flat program: jumps whose targets come later, counters, groups.

use super::scenario::Tags;
use super::{Build, names};
use crate::field::Field;
use crate::journey::{Condition, Group, GroupId, Step};

/// A jump whose target is not known yet.
#[must_use]
pub(super) struct Jump(usize);

/// The body of a `retry` that is being written.
struct Attempt {
    /// Jumps of failed requests.
    failed: Vec<Jump>,
    /// How many groups were open at its start.
    groups: usize,
}

/// A program in the making.
pub(super) struct Program<'b, 'a> {
    pub build: &'b mut Build<'a>,
    steps: Vec<Step>,
    /// Loops that stand around the step being written, and the most of them.
    loops: u8,
    most_loops: u8,
    /// How often the step being written can run in one iteration, loops multiplied.
    pub times: u64,
    /// Paths of the open groups, the root first.
    groups: Vec<String>,
    attempts: Vec<Attempt>,
}

impl<'b, 'a> Program<'b, 'a> {
    /// An empty program whose samples stand in the group `root`.
    pub(super) fn new(build: &'b mut Build<'a>, root: &str) -> Program<'b, 'a> {
        Program {
            build,
            steps: Vec::new(),
            loops: 0,
            most_loops: 0,
            times: 1,
            groups: vec![root.to_string()],
            attempts: Vec::new(),
        }
    }

    /// The program and its number of loop counters.
    pub(super) fn finish(mut self) -> (Vec<Step>, u8) {
        self.push(Step::End);
        (self.steps, self.most_loops)
    }

    pub(super) fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// The number of the next step.
    pub(super) fn here(&self) -> u32 {
        // A step comes from some bytes of a text, whose size has a limit far below 32 bits.
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }

    /// Goes on elsewhere if the condition holds.
    pub(super) fn jump_if(&mut self, condition: Condition) -> Jump {
        self.push(Step::JumpIf(condition, 0));
        Jump(self.steps.len() - 1)
    }

    /// Goes on elsewhere with a probability.
    pub(super) fn jump_with(&mut self, probability: f64) -> Jump {
        self.push(Step::JumpWithProbability(probability, 0));
        Jump(self.steps.len() - 1)
    }

    /// Goes on elsewhere.
    pub(super) fn jump(&mut self) -> Jump {
        self.push(Step::Jump(0));
        Jump(self.steps.len() - 1)
    }

    /// The jump leads here.
    pub(super) fn land(&mut self, jump: Jump) {
        let here = self.here();
        self.lead(jump, here);
    }

    /// The jump leads to this step.
    pub(super) fn lead(&mut self, jump: Jump, here: u32) {
        match self.steps.get_mut(jump.0) {
            Some(
                Step::Jump(to)
                | Step::JumpIf(_, to)
                | Step::JumpWithProbability(_, to)
                | Step::CountTo { then: to, .. },
            ) => *to = here,
            _ => debug_assert!(false, "a jump is one of these steps"),
        }
    }

    /// Begins a loop: its counter, and where it begins.
    pub(super) fn begin_loop(&mut self, field: &Field) -> (u8, u32) {
        let slot = self.loops;
        self.loops = slot.checked_add(1).unwrap_or_else(|| {
            field.error("loops nest too deep", "");
            slot
        });
        self.most_loops = self.most_loops.max(self.loops);
        self.push(Step::LoopReset(slot));
        (slot, self.here())
    }

    /// Counts a turn; leaves the loop after `limit` of them.
    pub(super) fn count_to(&mut self, slot: u8, limit: u32) -> Jump {
        self.push(Step::CountTo {
            slot,
            limit,
            then: 0,
        });
        Jump(self.steps.len() - 1)
    }

    /// Takes the next turn, and ends the text of the loop.
    pub(super) fn end_loop(&mut self, start: u32) {
        self.push(Step::Jump(start));
        self.loops = self.loops.saturating_sub(1);
    }

    /// Ends the iteration, open groups first.
    pub(super) fn end_iteration(&mut self) {
        self.close_groups(1);
        self.push(Step::End);
    }

    /// Ends the iteration if the condition holds.
    pub(super) fn end_if(&mut self, condition: Condition) {
        let ends = self.jump_if(condition);
        let goes_on = self.jump();
        self.land(ends);
        self.end_iteration();
        self.land(goes_on);
    }

    fn close_groups(&mut self, down_to: usize) {
        for _ in down_to..self.groups.len() {
            self.push(Step::GroupEnd);
        }
    }

    /// The path of the innermost open group.
    pub(super) fn group(&self) -> String {
        self.groups.last().cloned().unwrap_or_default()
    }

    /// Opens a group.
    pub(super) fn open_group(&mut self, name: &str, field: &Field) {
        let path = format!("{}::{name}", self.group());
        let id = self.samples_in(path.clone(), Vec::new(), field);
        self.groups.push(path);
        self.push(Step::GroupStart(id));
    }

    /// Samples in the group of a path that have these tags of their own.
    pub(super) fn samples_in(&mut self, path: String, tags: Tags, field: &Field) -> GroupId {
        let build = &mut *self.build;
        let key = (path.clone(), tags.clone());
        let group = Group { path, tags };
        let index = names::once(&mut build.groups, &mut build.known_groups, key, &group);
        GroupId(names::id(index, field, "groups"))
    }

    /// Closes the innermost group.
    pub(super) fn close_group(&mut self) {
        self.groups.pop();
        self.push(Step::GroupEnd);
    }

    /// Begins the body of a `retry`.
    pub(super) fn begin_attempt(&mut self) {
        let groups = self.groups.len();
        self.attempts.push(Attempt {
            failed: Vec::new(),
            groups,
        });
    }

    /// Ends the innermost attempt, if there is one, where the condition holds.
    pub(super) fn fail_attempt_if(&mut self, condition: Condition) {
        let Some(groups) = self.attempts.last().map(|attempt| attempt.groups) else {
            return;
        };
        let mut jump = self.jump_if(condition);
        if groups < self.groups.len() {
            // On the way out, the groups of the body are closed.
            let goes_on = self.jump();
            self.land(jump);
            self.close_groups(groups);
            jump = self.jump();
            self.land(goes_on);
        }
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.failed.push(jump);
        }
    }

    /// Ends the body of a `retry`; what follows is where its failed requests lead.
    pub(super) fn end_attempt(&mut self) -> Jump {
        let succeeded = self.jump();
        let failed = self.attempts.pop().map(|attempt| attempt.failed);
        for jump in failed.unwrap_or_default() {
            self.land(jump);
        }
        succeeded
    }
}
