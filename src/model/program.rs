//! What runs the iterations of users in the place of a model's journeys, such as a k6 script.
//!
//! A model carries it from where it was read to where it is run, and knows only that it completes a model. What it does
//! in a run is a matter of the `world` (its `UserProgram`).

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::Model;

/// Completes a model that was read.
pub trait Complete: Any + Send + Sync {
    /// Puts its own iterations in the place of journeys, and adds what they are known to record.
    fn complete(&self, model: &mut Model);

    /// What tells it from others: equal only if it does the same. Stands for it in the digest of a model.
    fn identity(&self) -> &str;
}

/// What runs the iterations of users in the place of journeys.
#[derive(Clone)]
pub struct Program(Arc<dyn Complete>);

impl Program {
    /// A program of this kind.
    pub fn new(complete: impl Complete) -> Program {
        Program(Arc::new(complete))
    }

    /// What it is, for the layer that knows.
    #[must_use]
    pub fn of_kind<T: Complete>(&self) -> Option<&T> {
        let any: &dyn Any = &*self.0;
        any.downcast_ref()
    }

    /// Completes a model that was read, which carries it from here on.
    pub(super) fn complete(&self, model: &mut Model) {
        self.0.complete(model);
        model.program = Some(self.clone());
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Program({})", self.0.identity())
    }
}

impl PartialEq for Program {
    fn eq(&self, other: &Program) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.identity() == other.0.identity()
    }
}
