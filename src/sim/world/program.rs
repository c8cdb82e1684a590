//! Runs of models whose users a program drives: what a [`Program`] does in a run.
//!
//! [`simulate`] is how every command and study runs a model, with a program or without.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

use crate::model::Model;
use crate::model::program::{Complete, Program};

use super::World;
use super::users::{StateView, Turn, UserAction, UserSource};

/// What drives users, for any number of runs on any threads.
pub trait UserProgram: Any + Send + Sync {
    /// As [`Complete::complete`].
    fn complete(&self, model: &mut Model);

    /// As [`Complete::identity`].
    fn identity(&self) -> &str;

    /// Begins a run.
    ///
    /// # Errors
    /// If it cannot run at all: why.
    fn begin(&self, seed: u64, replication: u64) -> Result<Box<dyn Session>, String>;
}

/// One run of a program, which may take several attempts.
pub trait Session {
    /// The users of an attempt.
    fn users<'m>(&self, model: &'m Model) -> Box<dyn UserSource + 'm>;

    /// Judges the attempt. It must be made again if the users did what the model has no place for: that is added to
    /// the model, and the next attempt takes the same course.
    ///
    /// # Errors
    /// Why no attempt can mean anything.
    fn again(&self, model: &mut Cow<'_, Model>) -> Result<bool, String>;

    /// What is told beside the results.
    fn told(&self) -> Told;
}

/// What a run of a program tells beside its results.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Lines for the user.
    pub lines: Vec<String>,
    /// Why the program ended the test, if it did.
    pub aborted: Option<String>,
    /// Whether the program marked the test as failed.
    pub failed: bool,
    /// Whether `setup` or `teardown` threw.
    pub threw: bool,
    /// Iterations that came to an end, and those of them that an exception ended.
    pub ended: (u64, u64),
    /// What `setup` returned, as JSON.
    pub setup: Option<Arc<str>>,
}

/// A [`UserProgram`] as a model carries it.
pub struct Carried(pub Box<dyn UserProgram>);

impl Carried {
    /// The program that a model carries, if it is of this kind.
    #[must_use]
    pub fn by<T: UserProgram>(model: &Model) -> Option<&T> {
        let Carried(program) = model.program.as_ref()?.of_kind()?;
        let any: &dyn Any = &**program;
        any.downcast_ref()
    }
}

impl Complete for Carried {
    fn complete(&self, model: &mut Model) {
        self.0.complete(model);
    }

    fn identity(&self) -> &str {
        self.0.identity()
    }
}

/// What came of a run.
pub struct Simulated<'m, R> {
    /// The model that was run: that given, or with what had to be added to it behind all that it has.
    pub model: Cow<'m, Model>,
    /// What the run gave.
    pub result: R,
    /// What the program told, if there is one.
    pub told: Option<Told>,
}

/// Attempts of one run at most.
const ATTEMPTS: usize = 20;

/// Runs a model, with the program that drives its users if it carries one. `run` runs the world that it is given; where
/// the program must learn what its users do it is called several times, and the last counts.
pub fn simulate<'m, R>(
    model: &'m Model,
    (seed, replication): (u64, u64),
    mut run: impl FnMut(World<'_>) -> R,
) -> Simulated<'m, R> {
    let carried = model.program.as_ref().and_then(Program::of_kind);
    let Some(Carried(program)) = carried else {
        return Simulated {
            model: Cow::Borrowed(model),
            result: run(World::new(model, seed, replication)),
            told: None,
        };
    };
    let mut whole = Cow::Borrowed(model);
    let session = match program.begin(seed, replication) {
        Ok(session) => session,
        Err(why) => {
            return Simulated {
                result: run(failing(model, why)),
                model: whole,
                told: None,
            };
        }
    };
    for _ in 0..ATTEMPTS {
        let users = session.users(&whole);
        let result = run(World::new(&whole, seed, replication).with_users(users));
        let result = match session.again(&mut whole) {
            Ok(true) => continue,
            Ok(false) => result,
            Err(why) => run(failing(&whole, why)),
        };
        return Simulated {
            model: whole,
            result,
            told: Some(session.told()),
        };
    }
    let why = "the script does something else in every run".to_owned();
    Simulated {
        result: run(failing(&whole, why)),
        model: whole,
        told: Some(session.told()),
    }
}

/// A world whose users cannot do anything, for this reason.
fn failing(model: &Model, why: String) -> World<'_> {
    World::new(model, 0, 0).with_users(Box::new(Failing(why.into())))
}

/// Users that cannot do anything, for this reason.
struct Failing(Arc<str>);

impl UserSource for Failing {
    fn next(&mut self, _: Turn, _: &StateView) -> UserAction {
        UserAction::Fail(self.0.clone())
    }
}
